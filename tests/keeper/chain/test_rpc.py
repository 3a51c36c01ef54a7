"""One endpoint: answers are matched by id, and every way an answer can be bad has its name."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from keeper.chain.budget import Budget
from keeper.chain.refusals import RateLimited, SizeLimited
from keeper.chain.rpc import AnswerTooLarge, Endpoint, Reply, RpcCall, Untrustworthy
from keeper.domain.chain import Purpose, Tally, Usage
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import FakeClock, ScriptedTransport, node

TWO = [RpcCall("one", []), RpcCall("two", [])]


def _ask(handler: Callable[[Any], Any], calls: list[RpcCall], per_request: int = 100) -> tuple[Endpoint, list[Any]]:
    endpoint = Endpoint("https://user:pw@rpc.example/v1/secret", ScriptedTransport(handler), per_request)
    return endpoint, asyncio.run(endpoint.ask(calls))


def test_answers_follow_the_calls_whatever_order_they_came_in() -> None:
    """A node may answer a batch in any order."""
    _, answers = _ask(lambda request: [{"id": call["id"], "result": call["method"]} for call in reversed(request)], TWO)
    assert answers == ["one", "two"]


def test_a_single_call_is_sent_without_a_list() -> None:
    """Some proxies do not take batches of one."""
    _, answers = _ask(lambda request: {"id": request["id"], "result": request["method"]}, TWO[:1])
    assert answers == ["one"]


def test_batches_are_cut_to_the_allowed_size_and_counted() -> None:
    """Five calls, two at a time: three HTTP requests with five calls."""
    endpoint, answers = _ask(node(lambda method, params: params[0]), [RpcCall("echo", [place]) for place in range(5)], 2)
    assert answers == [0, 1, 2, 3, 4]
    assert endpoint.usage() == Usage(read=Tally(3, 5))


def test_a_batch_that_is_too_large_is_halved_and_tried_again_later() -> None:
    """The endpoint takes ten calls at once; it is found, and after many good answers looked for again."""
    sizes: list[int] = []

    def limited(request: Any) -> Any:
        sizes.append(len(request))
        if len(request) > 10:
            return {"id": None, "error": {"code": -32_005, "message": "batch of more than 10 requests"}}
        return node(lambda method, params: params[0])(request)

    endpoint = Endpoint("http://a", ScriptedTransport(limited), 100)

    async def run() -> None:
        for _ in range(200):
            assert await endpoint.ask([RpcCall("echo", [place]) for place in range(60)]) == list(range(60))

    asyncio.run(run())
    refused = [place for place, size in enumerate(sizes) if size > 10]
    assert len(refused) <= 6
    assert 6 < max(sizes[len(sizes) // 2 :]) <= 12


def test_a_refusal_for_the_rate_is_the_budgets_matter() -> None:
    """After four answers in a second."""
    answers = [node(lambda method, params: 1)] * 4
    budget = Budget(FakeClock())
    handler = ScriptedTransport(lambda request: answers.pop()(request) if answers else Reply(429, b""))
    endpoint = Endpoint("http://a", handler, 100, budget=budget)

    async def run() -> None:
        for _ in range(4):
            await endpoint.ask(TWO)
        with pytest.raises(RateLimited):
            await endpoint.ask(TWO)

    asyncio.run(run())
    assert budget.rate == 3


def test_a_calls_own_error_is_its_answer() -> None:
    """The other members of the batch keep theirs, and the revert payload is kept."""
    _, answers = _ask(node(lambda method, params: RpcError(3, "execution reverted", b"\x01") if method == "one" else 2), TWO)
    assert isinstance(answers[0], RpcError)
    assert (answers[0].code, answers[0].data, answers[1]) == (3, b"\x01", 2)


@pytest.mark.parametrize("nested", ["0xdeadbeef", "Reverted 0xdeadbeef", {"data": "0xdeadbeef"}, {"result": "0xdeadbeef"}])
def test_revert_payloads_are_found_where_nodes_put_them(nested: Any) -> None:
    """Text, prefixed text (Parity), or nested in an object."""
    _, answers = _ask(lambda request: {"id": request["id"], "error": {"code": 3, "message": "revert", "data": nested}}, TWO[:1])
    assert answers[0].data == bytes.fromhex("deadbeef")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, b"<html>Bad gateway</html>"), RpcUnavailable),
        (Reply(502, b"<html>Bad gateway</html>"), RpcUnavailable),
        (Reply(200, b""), RpcUnavailable),
        (Reply(200, b'[{"id":1,"result":"0x'), RpcUnavailable),
        (Reply(200, b'"fine"'), RpcUnavailable),
        (Reply(200, b"\xff\xfe"), RpcUnavailable),
        (Reply(429, b"slow down"), RateLimited),
        (Reply(413, b"<html>too large</html>"), SizeLimited),
        (Reply(200, b'{"id":null,"error":{"code":-32600,"message":"batching is disabled"}}'), RpcUnavailable),
        (Reply(200, b'{"id":null,"error":{"code":-32005,"message":"batch of more than 10 requests"}}'), SizeLimited),
        (Reply(429, b'{"id":null,"error":{"code":429,"message":"exceeded its compute units per second"}}'), RateLimited),
        (Reply(200, b'[{"id":1,"result":1}]'), Untrustworthy),
        (Reply(200, b'[{"id":1,"result":1},{"id":7,"result":1}]'), Untrustworthy),
        (Reply(200, b'[{"id":1,"result":1},{"id":1,"result":1}]'), Untrustworthy),
        (Reply(200, b'[{"id":1,"result":1},{"result":1}]'), Untrustworthy),
        (Reply(200, b'[{"id":1,"result":1},{"id":2}]'), Untrustworthy),
        (Reply(200, b'[{"id":1,"result":1},{"id":2,"result":1},{"id":3,"result":1}]'), Untrustworthy),
        (Reply(200, b"[1, 2]"), Untrustworthy),
    ],
)
def test_bad_answers_to_a_batch_of_two(reply: Reply, expected: type[Exception]) -> None:
    """Nothing half-understood gets through, and the error names the endpoint without its key."""
    with pytest.raises(expected) as caught:
        _ask(lambda _: reply, TWO)
    assert "secret" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_an_error_object_that_is_no_object_is_still_an_error() -> None:
    """Seen on proxies: "error": "unauthorized"."""
    _, answers = _ask(lambda request: {"id": request["id"], "error": "unauthorized"}, TWO[:1])
    assert answers[0].message == "unauthorized"


def test_an_unknown_block_has_its_own_error() -> None:
    """So that orphaned blocks are told from refusals."""
    _, answers = _ask(node(lambda method, params: RpcError(-32_001, "Resource not found")), TWO[:1])
    assert isinstance(answers[0], BlockUnknown)


def test_requests_are_counted_by_what_they_are_for() -> None:
    """Failed ones, too: they reached the endpoint, or tried to."""

    async def run() -> Usage:
        endpoint = Endpoint("http://a", ScriptedTransport(node(lambda method, params: 1)), 100)
        await endpoint.ask(TWO, Purpose.FORK)
        await endpoint.ask(TWO[:1], Purpose.SEND)
        broken = Endpoint("http://b", ScriptedTransport(lambda _: Reply(502, b"<html>")), 100)
        with pytest.raises(RpcUnavailable):
            await broken.ask(TWO, Purpose.HEAD)
        return endpoint.usage() + broken.usage()

    assert asyncio.run(run()) == Usage(head=Tally(1, 2), send=Tally(1, 1), fork=Tally(1, 2))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429, b"slow down", 7.0),
        Reply(503, b"busy", 7.0),
        Reply(429, b'{"id":null,"error":{"code":429,"message":"rate limit"}}', 7.0),
        Reply(200, b'[{"id":1,"error":{"code":-32005,"message":"rate limit"}},{"id":2,"result":1}]', 7.0),
    ],
)
def test_how_long_to_leave_it_alone_is_kept(reply: Reply) -> None:
    """Whether the refusal is HTTP's or JSON-RPC's."""
    with pytest.raises(RateLimited) as caught:
        _ask(lambda _: reply, TWO)
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("body", [b'{"id":1,"result":[' + b"[]," * 400_000 + b"[]]}", b"[" * 400_000])
def test_an_answer_of_mere_brackets_is_not_parsed(body: bytes) -> None:
    """It would take seconds and fifty times its size in memory."""
    with pytest.raises(AnswerTooLarge):
        _ask(lambda _: Reply(200, body), TWO[:1])


def test_deep_nesting_is_not_json() -> None:
    """Few enough brackets to be parsed, too many to be parsed to the end."""
    with pytest.raises(RpcUnavailable):
        _ask(lambda _: Reply(200, b"[" * 9_000), TWO[:1])


def test_a_providers_message_does_not_tell_our_key() -> None:
    """Some repeat it: "project 0123 not found"."""
    answers = _ask(node(lambda method, params: RpcError(-32_000, "key secret at https://user:pw@rpc.example/v1/secret")), TWO[:1])[1]
    assert answers[0].message == "key … at https://rpc.example"


def test_a_batch_refused_for_its_size_is_sent_in_halves_from_then_on() -> None:
    """The settings allow a hundred, the provider ten; a single call that is too large stays the caller's affair."""

    def provider(request: Any) -> Any:
        if isinstance(request, list) and len(request) > 10:
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32_600, "message": "batch too large"}}
        return node(lambda method, params: params[0])(request)

    endpoint, answers = _ask(provider, [RpcCall("echo", [place]) for place in range(40)])
    assert answers == list(range(40))
    assert endpoint.usage().read.requests == 2 + 4
    asyncio.run(endpoint.ask([RpcCall("echo", [place]) for place in range(20)]))
    assert endpoint.usage().read.requests == 2 + 4 + 2
    with pytest.raises(SizeLimited):
        _ask(
            lambda request: {"id": request["id"], "error": {"code": -32_005, "message": "query returned more than 10000 results"}}, TWO[:1]
        )


def test_a_secret_that_is_cut_in_the_middle_stays_secret() -> None:
    """Of a page that repeats the address only the beginning is told, without the key's beginning."""
    page = b"<html>" + b"x" * 30 + b" /v1/secret-key-of-the-operator"
    endpoint = Endpoint("https://rpc.example/v1/secret-key-of-the-operator", ScriptedTransport(lambda _: Reply(502, page)), 9)
    with pytest.raises(RpcUnavailable) as error:
        asyncio.run(endpoint.ask(TWO))
    assert "secret" not in str(error.value)
