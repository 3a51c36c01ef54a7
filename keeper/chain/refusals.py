"""The texts with which providers refuse a request, and their meaning. JSON-RPC has no common code for this, so the texts are listed."""

import re
from dataclasses import dataclass

from keeper.domain.call_failure import REVERTED
from keeper.errors import BlockUnknown, RpcError, RpcLimited


class RateLimited(RpcLimited):
    """Too many requests in a given time: asking for less at once does not help, waiting or another endpoint does.

    `retry_after_s` is the pause the endpoint asks for, where it does (HTTP's Retry-After)."""

    def __init__(self, hint: str, retry_after_s: float | None = None) -> None:
        super().__init__(hint)
        self.retry_after_s = retry_after_s


class SizeLimited(RpcLimited):
    """The request or its answer is too big: asking for less does help. `endpoint`: the name of whose limit it is, where that is known."""

    def __init__(self, hint: str, endpoint: str | None = None) -> None:
        super().__init__(hint)
        self.endpoint = endpoint


# Lower-case fragments of the messages, and who uses them. The codes overlap (-32005 is both at Infura), so texts decide first.
_SIZE = (
    "query returned more than",  # Infura, geth-based providers
    "response size exceeded",  # Alchemy ("Log response size exceeded")
    "response size is larger",  # Chainstack
    "response is too big",  # Parity-derived nodes
    "response too large",  # Erigon
    "block range",  # Ankr, BSC, Polygon, dRPC: "block range is too wide", "exceed maximum block range: 5000"
    "range is too large",  # Base public endpoint, Blast
    "range too large",  # Cloudflare, LlamaNodes
    "too many blocks",  # OnFinality
    "too many results",  # several
    "too many logs",  # Nethermind
    "exceeds max results",  # Reth: "query exceeds max results 20000"
    "max block range",  # Reth: "query exceeds max block range 100000"
    "logs matched by query exceeds limit",  # Klaytn, zkSync
    "eth_getlogs is limited to",  # QuickNode: "eth_getLogs is limited to a 10,000 range"
    "query timeout exceeded",  # Alchemy, Infura
    "request timed out",  # Infura
    "query timed out",  # several
    "batch too large",  # geth
    "batch limit exceeded",  # several
    "batch of more than",  # public nodes
    "request entity too large",  # proxies
)
_BEYOND = ("beyond", "greater than latest", "after last accepted")  # a range that ends above the endpoint's head: Reth, Avalanche, several
_RATE = (
    "rate limit",
    "ratelimit",
    "too many requests",
    "compute units per second",  # Alchemy
    "request limit reached",  # QuickNode
    "daily request count exceeded",  # Infura
    "exceeded its throughput",  # Alchemy
    "capacity exceeded",
)
_UNKNOWN_BLOCK = (
    "unknown block",  # anvil, geth getLogs by hash, Nethermind
    "resource not found",  # anvil, EIP-1898 calls
    "header not found",  # geth
    "header for hash not found",  # geth, EIP-1898
    "block not found",  # Erigon, Reth
    "hash is not currently canonical",  # geth with requireCanonical
    "could not find block",  # several
    "blockoutofrangeerror",  # anvil
    "cannot be found",  # Alchemy: "One of the blocks specified in filter ... cannot be found"
    "block is out of range",  # several
    "missing trie node",  # geth: the block is known, its state is pruned; another endpoint may hold it
    "pruned",  # Reth, Erigon
)
_LOST_STATE = re.compile(r"\bstate (0x[0-9a-f]+ )?is not available")  # geth with path-based storage
_RATE_CODES = (429, -32_097)


def refusal(code: int, message: str, detail: bytes = b"") -> RpcError | RpcLimited:
    """The error a JSON-RPC error object stands for: SizeLimited, RateLimited, BlockUnknown, or plain RpcError."""
    words = message.lower()
    if code == REVERTED or words.startswith("execution reverted"):
        return RpcError(code, message, detail)
    if "block" in words and any(fragment in words for fragment in _BEYOND):
        return BlockUnknown(code, message, detail)
    if any(fragment in words for fragment in _SIZE):
        return SizeLimited(message)
    if code in _RATE_CODES or any(fragment in words for fragment in _RATE):
        return RateLimited(message)
    if any(fragment in words for fragment in _UNKNOWN_BLOCK) or _LOST_STATE.search(words):
        return BlockUnknown(code, message, detail)
    return RpcError(code, message, detail)


_MISSING_METHOD_CODES = (-32_601, -32_004)
_MISSING_METHOD = ("method not found", "does not exist", "not supported", "unsupported method", "is not available", "not whitelisted")


def is_missing_method(error: RpcError) -> bool:
    """Whether the endpoint does not have the method, or not for us: asking again is of no use."""
    return error.code in _MISSING_METHOD_CODES or any(fragment in error.message.lower() for fragment in _MISSING_METHOD)


_INVALID = (-32_600, -32_602)


def is_not_offered(error: RpcError) -> bool:
    """Whether the node does not know the method or its parameters: another endpoint may, this one would refuse it again."""
    return error.code in _INVALID or is_missing_method(error)


@dataclass(frozen=True, slots=True)
class RangeAdvice:
    """What a refusal says about ranges: the most blocks that are allowed at once, or a range that would work. Either may be None."""

    max_blocks: int | None = None
    last_block: int | None = None


_RANGE = re.compile(r"(?:\[|\brange )\s*(0x[0-9a-f]{1,15}|\d{1,15})\s*[,-]\s*(0x[0-9a-f]{1,15}|\d{1,15})\b")
_LIMIT = re.compile(
    r"(?:limited to(?: a)?|up to(?: an?)?|max(?:imum)?(?: allowed)?(?: block)?(?: range)?(?: is| of|:)?|range limit(?: is| of|:)?)"
    r"\s*(\d[\d,]{0,15})\s*(k)?\b(?!\s*(?:results|logs|events))",
)


def range_advice(hint: str) -> RangeAdvice:
    """The provider's own advice in its message; an empty advice when there is none.

    Known forms: "this block range should work: [0x1, 0x7d0]" (Alchemy, Infura), "retry with the range 100-200" (Reth), "limited to a
    10,000 range" (QuickNode), "exceed maximum block range: 5000" (BSC, Polygon), "max block range 1000" (Reth)."""
    words = hint.lower()
    ranges = _RANGE.search(words)
    if ranges:
        first, last = (int(text, 16 if text.startswith("0x") else 10) for text in ranges.groups())
        return RangeAdvice(max_blocks=None, last_block=last) if last >= first else RangeAdvice()
    limit = _LIMIT.search(words)
    if limit is None:
        return RangeAdvice()
    blocks = int(limit.group(1).replace(",", "")) * (1000 if limit.group(2) else 1)
    return RangeAdvice(max_blocks=blocks) if blocks > 0 else RangeAdvice()
