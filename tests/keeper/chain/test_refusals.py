"""The providers' own words, as they are sent."""

import pytest

from keeper.chain.refusals import RangeAdvice, RateLimited, SizeLimited, range_advice, refusal
from keeper.domain.call_failure import is_call_failure
from keeper.errors import BlockUnknown, RpcError


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (-32_005, "query returned more than 10000 results. Try with this block range [0x1, 0x2].", SizeLimited),
        (-32_602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range", SizeLimited),
        (-32_614, "eth_getLogs is limited to a 10,000 range", SizeLimited),
        (-32_000, "exceed maximum block range: 5000", SizeLimited),
        (-32_600, "block range is too wide", SizeLimited),
        (-32_602, "query exceeds max results 20000, retry with the range 100-200", SizeLimited),
        (-32_000, "query timeout exceeded", SizeLimited),
        (429, "Your app has exceeded its compute units per second capacity", RateLimited),
        (-32_005, "daily request count exceeded, request rate limited", RateLimited),
        (-32_007, "50/second request limit reached - reduce calls per second", RateLimited),
        (-32_000, "header not found", BlockUnknown),
        (-32_000, "header for hash not found", BlockUnknown),
        (-32_000, "unknown block", BlockUnknown),
        (-32_001, "Resource not found", BlockUnknown),
        (-32_000, "missing trie node 01ab (path ) state 0x01ab is not available", BlockUnknown),
        (-32_000, "state 0x01ab is not available", BlockUnknown),
        (-32_602, "block range extends beyond current head block", BlockUnknown),
        (-32_000, "invalid block range: toBlock is beyond the latest block", BlockUnknown),
        (-32_601, "Method not found", RpcError),
        (-32_000, "nonce too low", RpcError),
    ],
)
def test_what_a_refusal_means(code: int, message: str, expected: type[Exception]) -> None:
    """Too much, too often, an unknown block, or just no."""
    assert type(refusal(code, message)) is expected


@pytest.mark.parametrize("code", [3, -32_000])
def test_a_contracts_own_words_are_not_the_providers(code: int) -> None:
    """A contract can revert with any text."""
    assert type(refusal(code, "execution reverted: too many requests in block range")) is RpcError


@pytest.mark.parametrize(
    ("hint", "advice"),
    [
        ("this block range should work: [0x10, 0x7d0]", RangeAdvice(last_block=2_000)),
        ("Try with this block range [0xA, 0x14].", RangeAdvice(last_block=20)),
        ("this range should work: [100, 200]", RangeAdvice(last_block=200)),
        ("eth_getLogs is limited to a 10,000 range", RangeAdvice(max_blocks=10_000)),
        ("exceed maximum block range: 5000", RangeAdvice(max_blocks=5_000)),
        ("query exceeds max block range 1000", RangeAdvice(max_blocks=1_000)),
        ("You can make eth_getLogs requests with up to a 2K block range", RangeAdvice(max_blocks=2_000)),
        ("query exceeds max results 20000, retry with the range 100-200", RangeAdvice(last_block=200)),
        ("query exceeds max results 20000", RangeAdvice()),
        ("query returned more than 10000 results", RangeAdvice()),
        ("block range is too wide", RangeAdvice()),
        ("should work: [0x20, 0x10]", RangeAdvice()),
        ("should work: [05, 010]", RangeAdvice(last_block=10)),
        ("should work: [0x5, 0x" + "9" * 40 + "]", RangeAdvice()),
        ("exceed maximum block range: " + "9" * 5_000, RangeAdvice()),
        ("", RangeAdvice()),
    ],
)
def test_advice_in_the_message(hint: str, advice: RangeAdvice) -> None:
    """Where the provider says what would work, nothing needs to be guessed."""
    assert range_advice(hint) == advice


def test_call_failures_are_the_contracts() -> None:
    """Everything else an eth_call can be refused for is the node's."""
    assert is_call_failure(RpcError(3, "execution reverted: custom error 0xdeadbeef"))
    assert is_call_failure(RpcError(-32_000, "execution reverted"))
    assert is_call_failure(RpcError(-32_003, "EVM error InvalidFEOpcode"))
    assert is_call_failure(RpcError(-32_000, "out of gas"))
    assert not is_call_failure(RpcError(-32_601, "Method not found"))
    assert not is_call_failure(RpcError(-32_602, "too many arguments, want at most 3"))
