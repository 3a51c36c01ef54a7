"""The lake's writer for a single chain, as most tests need it."""

from collections.abc import Sequence
from typing import Self

from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Backlog, Recorder


class OneChain(ChainRecorder):
    """The writer and its one face in one: a context manager."""

    def __init__(self, options: LakeOptions, chain_id: int, venues: Sequence[str]) -> None:
        self.lake = Recorder(options, {chain_id: venues})
        super().__init__(self.lake, chain_id, tuple(venues))

    def __enter__(self) -> Self:
        self.lake.__enter__()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.lake.__exit__(kind, error, trace)

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read at the opening."""
        return self.lake.problems

    def backlog(self) -> Backlog:
        """The writer's figures."""
        return self.lake.backlog()

    async def watch(self) -> None:
        """Ends with the writer."""
        await self.lake.watch()
