"""Proofs of a chain's blocks, and the queries whose answers are proven.

A header must hash to its hash, and a block's receipts must have the root its header carries: then its logs are exactly those of the
receipts. Whether a chain hashes as Ethereum does is observed on the chain itself and reported once."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from keeper.chain.header import Header, by_number, header_hash, parse_header
from keeper.chain.incident import Incident
from keeper.chain.pool import Pool
from keeper.chain.query import LATEST
from keeper.chain.receipts import block_receipts, parse_receipts
from keeper.chain.refusals import SizeLimited, is_missing_method
from keeper.chain.rpc import Answer, AnswerTooLarge, Endpoint, Json, RpcTimeout, Untrustworthy
from keeper.chain.trie import EMPTY_ROOT
from keeper.domain.chain import Hash32
from keeper.errors import BlockUnknown, RpcError

Receipts: TypeAlias = Sequence[Mapping[str, Json]]
"""All receipts of one block, in order."""
_TRIALS = 3
_RECENT = 32
"""Among so many newest blocks one with receipts is looked for."""
_EMPTY = Hash32("0x" + EMPTY_ROOT.hex())


class Proofs:
    """Parses headers and asks for receipts. With `headers` a header must hash to its hash; with `receipts` they are asked for at all."""

    def __init__(self, pool: Pool, on_incident: Callable[[Incident], None], *, headers: bool, receipts: bool) -> None:
        self._pool = pool
        self._on_incident = on_incident
        self._headers = headers
        self._receipts = receipts
        self._hash_rule_known = not headers
        self._receipts_looked_at = not receipts
        self._endpoints_without_receipts: set[Endpoint] = set()
        self._mismatches = 0
        self.receipts_proven = False
        """Receipts of this chain have had the root of their header: from then on others are false, not hashed otherwise."""

    def through(self, pool: Pool) -> "Proofs":
        """The same proofs through another pool of the same endpoints."""
        proofs = copy.copy(self)
        proofs._pool = pool
        return proofs

    async def learn(self) -> None:
        """Once: whether this chain's headers hash as Ethereum's do, and recent receipts. If no endpoint's headers do in several trials,
        they stay unproven."""
        await self._learn_headers()
        await self._learn_receipts()

    async def _learn_headers(self) -> None:
        for _ in range(_TRIALS):
            if self._hash_rule_known:
                return
            opinions = await self._pool.opinions([LATEST], lambda answers: _hashes(answers[0]))
            if not opinions:
                return
            self._hash_rule_known = any(matches for _, matches in opinions)
        if not self._hash_rule_known:
            self._hash_rule_known, self._headers = True, False
            self._on_incident(Incident("all endpoints", "headers_unproven", "no header hashes to its hash; they are believed from now on"))

    async def _learn_receipts(self) -> None:
        """By the newest block that has any: an endpoint that takes to lying later must not pass for a chain that hashes otherwise."""
        if self._receipts_looked_at:
            return
        heads = await self._pool.opinions([LATEST], lambda answers: self.header(answers[0]).ref.number)
        if not heads:
            return
        self._receipts_looked_at = True
        newest = max(number for _, number in heads)
        calls = [by_number(number) for number in range(max(0, newest - _RECENT + 1), newest + 1)]
        opinions = await self._pool.opinions(calls, lambda answers: [self.header(answer) for answer in answers])
        headers = {header.ref.number: header for _, headers in opinions for header in headers if _holds_receipts(header)}
        if headers:
            block = headers[max(headers)]
            call = block_receipts(block.ref.hash)
            self.receipts_proven = any(matches for _, matches in await self._pool.opinions([call], partial(_matches, block)))

    def header(self, answer: Answer) -> Header:
        """A header from an `eth_getBlockBy...` answer. Raises as `parse_header`, and ValueError when it does not hash to its hash."""
        header = parse_header(answer)
        if self._headers and header_hash(_fields(answer)) != header.ref.hash:
            raise ValueError(f"the header of block {header.ref.number} does not hash to its hash {header.ref.hash}")
        return header

    def header_at(self, answer: Answer, number: int) -> Header:
        """As `header`, and it must be block `number`. Raises ValueError otherwise."""
        header = self.header(answer)
        if header.ref.number != number:
            raise ValueError(f"asked for block {number}, got {header.ref.number}")
        return header

    def header_of(self, answer: Answer, block_hash: Hash32) -> Header:
        """As `header`, and it must be the block of that hash. Raises ValueError otherwise."""
        header = self.header(answer)
        if header.ref.hash != block_hash:
            raise ValueError(f"asked for block {block_hash}, got {header.ref.hash}")
        return header

    def offers_receipts(self, endpoint: Endpoint | None) -> bool:
        """Whether to ask this endpoint for receipts."""
        return self._receipts and endpoint not in self._endpoints_without_receipts

    async def receipts(self, headers: Sequence[Header]) -> Sequence[Receipts] | None:
        """All receipts of each block, proven by its header; None where no endpoint offers any, or this chain's cannot be proven.

        Raises what `Pool.ask` raises: Untrustworthy when every endpoint's are untrue."""
        calls = [block_receipts(header.ref.hash) for header in headers]

        def decode(answers: Sequence[Answer]) -> Sequence[Receipts] | None:
            if any(isinstance(answer, RpcError) and is_missing_method(answer) for answer in answers):
                return None
            return [parse_receipts(answer, header) for answer, header in zip(answers, headers, strict=True)]

        for turn in range(len(self._pool) if self._receipts else 0):
            try:
                endpoint, receipts = await self._pool.ask_named(calls, decode, turn=turn, give_up_on_timeout=True)
            except Untrustworthy as error:
                self._record_mismatch(error)
                return None
            except (SizeLimited, AnswerTooLarge, RpcTimeout):
                return await self._halves(headers)
            except RpcError as error:
                if isinstance(error, BlockUnknown):
                    raise
                # Every endpoint has the method, and none has these receipts: their logs are checked by bloom.
                return None
            if receipts is not None:
                self.receipts_proven |= any(receipts)
                return receipts
            self.exclude(endpoint)
        return None

    async def _halves(self, headers: Sequence[Header]) -> Sequence[Receipts] | None:
        """For a request that is too large: half the blocks at a time. None for a single block that is too large."""
        middle = len(headers) // 2
        if not middle:
            return None
        first, second = await self.receipts(headers[:middle]), await self.receipts(headers[middle:])
        return None if first is None or second is None else [*first, *second]

    def exclude(self, endpoint: Endpoint) -> None:
        """Ask this endpoint no more for receipts: it does not have the method."""
        self._endpoints_without_receipts.add(endpoint)
        if self._receipts and len(self._endpoints_without_receipts) == len(self._pool):
            self._receipts = False
            self._on_incident(Incident("all endpoints", "no_receipts", "none has eth_getBlockReceipts: logs are checked by bloom alone"))

    def _record_mismatch(self, error: Untrustworthy) -> None:
        """No endpoint's receipts have the header's root. Raises the error, unless none ever had in several trials: then this chain
        hashes them otherwise."""
        self._mismatches += 1
        if self.receipts_proven or self._mismatches < _TRIALS:
            raise error
        self._receipts = False
        self._on_incident(Incident("all endpoints", "receipts_unproven", f"{error}; logs are checked by bloom alone from now on"))


def _hashes(answer: Answer) -> bool:
    """Whether a header hashes to its hash. Raises as `parse_header`."""
    header = parse_header(answer)
    try:
        return header_hash(_fields(answer)) == header.ref.hash
    except (KeyError, TypeError, ValueError):
        return False


def _holds_receipts(header: Header) -> bool:
    return header.receipts_root not in (None, _EMPTY)


def _matches(header: Header, answers: Sequence[Answer]) -> bool:
    """Whether the receipts of a block have the root its header carries."""
    try:
        return bool(parse_receipts(answers[0], header))
    except (KeyError, TypeError, ValueError, RpcError):
        return False


def _fields(answer: Answer) -> Mapping[str, Json]:
    """The fields of an answer that `parse_header` has accepted."""
    assert isinstance(answer, Mapping)
    return answer
