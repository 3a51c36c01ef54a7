"""Logs over a range of blocks, in as many requests as the provider's limits require."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from keeper.chain.log import LogSelection
from keeper.chain.pool import Pool
from keeper.chain.refusals import SizeLimited, range_advice
from keeper.chain.rpc import Answer, AnswerTooLarge, Endpoint, RpcCall, RpcTimeout
from keeper.domain.chain import Purpose, RawLog
from keeper.errors import Transient

Check: TypeAlias = Callable[[RawLog], None]
"""Raises ValueError for a log that cannot be true; its whole answer is then refused."""
_GROW_AFTER = 4


class RangeSize:
    """How many blocks to ask for at once: halves, or follows the provider's advice, on refusal; doubles after some successes."""

    def __init__(self, max_blocks: int) -> None:
        """Starts with `max_blocks` at once; never more."""
        if max_blocks < 1:
            raise ValueError(f"a range of {max_blocks} blocks holds nothing")
        self._ceiling = max_blocks
        self._successes = 0
        self.blocks = max_blocks

    def record_refusal(self, first: int, span: int, hint: str) -> None:
        """A request for `span` blocks from `first` was refused with the text `hint` (empty for a timeout)."""
        advice = range_advice(hint)
        blocks = span // 2
        if advice.last_block is not None and first <= advice.last_block < first + span - 1:
            blocks = advice.last_block - first + 1
        elif advice.max_blocks is not None and advice.max_blocks < span:
            # A fixed limit is permanent: never ask for more again.
            self._ceiling = min(self._ceiling, advice.max_blocks)
            blocks = advice.max_blocks
        # Several requests are under way at once: the refusal of one larger than the present size is no news.
        self.blocks = max(1, min(self.blocks, blocks))
        self._successes = 0

    def record_success(self, span: int) -> None:
        """A request for `span` blocks was answered."""
        if span < self.blocks:
            return
        self._successes += 1
        if self._successes >= _GROW_AFTER:
            self._successes = 0
            self.blocks = min(self._ceiling, self.blocks * 2)


class LogRanges:
    """Fetches ranges of at most `max_blocks`. Each endpoint's limits are learned for themselves."""

    def __init__(self, pool: Pool, max_blocks: int) -> None:
        self._pool = pool
        self._sizes = {endpoint.name: RangeSize(max_blocks) for endpoint in pool.endpoints()}

    def blocks(self, turn: int = 0) -> int:
        """How many blocks to ask for at once, of the endpoint that is asked first; `turn` as in `Pool.ask`."""
        return self._first(turn).blocks

    async def fetch(self, selection: LogSelection, first: int, last: int, check: Check | None = None, *, turn: int = 0) -> list[RawLog]:
        """The selected logs of blocks `first` to `last`, in order, each after its `check`; `turn` as in `Pool.ask`.

        Raises SizeLimited when even one block is too much, and what `Pool.ask` raises."""
        logs: list[RawLog] = []
        start, size = first, self._first(turn)
        while start <= last:
            span = min(size.blocks, last - start + 1)
            try:
                endpoint, more_logs = await self._request(selection, start, start + span - 1, check, turn)
            except (SizeLimited, RpcTimeout, AnswerTooLarge) as error:
                if span == 1:
                    raise
                # Whoever refused it: less is asked for at once, or it might be asked first, and refuse, again and again.
                size = self._refused_by(error, size)
                size.record_refusal(start, span, error.hint if isinstance(error, SizeLimited) else "")
                continue
            self._sizes[endpoint.name].record_success(span)
            logs += more_logs
            start, size = start + span, self._first(turn)
        return logs

    def _first(self, turn: int) -> RangeSize:
        return self._sizes[self._pool.first(turn, Purpose.LOGS).name]

    def _refused_by(self, error: Transient, size: RangeSize) -> RangeSize:
        """The size of the endpoint whose limit it is; `size` where that is not known."""
        return self._sizes.get(error.endpoint or "", size) if isinstance(error, SizeLimited) else size

    async def _request(
        self, selection: LogSelection, first: int, last: int, check: Check | None, turn: int
    ) -> tuple[Endpoint, list[RawLog]]:
        def decode(answers: Sequence[Answer]) -> list[RawLog]:
            logs = selection.parse(answers[0])
            for log in logs:
                if not first <= log.block_number <= last:
                    raise ValueError(f"a log of block {log.block_number}, asked for {first} to {last}")
                if check is not None:
                    check(log)
            return logs

        call: RpcCall = selection.in_range(first, last)
        return await self._pool.ask_named([call], decode, purpose=Purpose.LOGS, turn=turn, give_up_on_timeout=last > first)
