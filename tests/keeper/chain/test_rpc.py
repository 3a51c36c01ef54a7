"""One endpoint: answers are matched by id, and every way an answer can be bad has its name."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from keeper.chain.refusals import RateLimited, SizeLimited
from keeper.chain.rpc import Endpoint, HttpTransport, Reply, RpcCall, RpcTimeout, Untrustworthy, redacted
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import ScriptedTransport, node

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
    assert (endpoint.requests, endpoint.calls) == (3, 5)


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


def test_keys_in_addresses_are_not_shown() -> None:
    """Path, query and password may hold the key."""
    assert redacted("https://user:pw@rpc.example:8443/v3/KEY?token=T") == "https://rpc.example:8443"


def _serve(reply: Callable[[web.Request], Awaitable[web.StreamResponse]], timeout_s: float = 5.0) -> Reply:
    async def run() -> Reply:
        app = web.Application()
        app.router.add_post("/", reply)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with aiohttp.ClientSession() as session:
                return await HttpTransport(session, str(site.name), timeout_s).post(b"{}")
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_http_answers_are_handed_on_with_their_status() -> None:
    """What a status means is decided by the endpoint, which knows whether the body is JSON-RPC."""

    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=503, text="busy")

    assert _serve(reply) == Reply(503, b"busy")


def test_a_server_that_hangs_is_a_timeout() -> None:
    """Named apart from a refusal: asking for less may help."""

    async def reply(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    with pytest.raises(RpcTimeout):
        _serve(reply, 0.05)


def test_a_server_that_dies_in_the_middle_of_the_body_is_unavailable() -> None:
    """A cut answer must not be taken for a short one."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"id":1,')
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises(RpcUnavailable):
        _serve(reply)


def test_nobody_listening_is_unavailable() -> None:
    """Port 1 of this machine."""

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await HttpTransport(session, "http://127.0.0.1:1", 1.0).post(b"{}")

    with pytest.raises(RpcUnavailable, match=r"http://127\.0\.0\.1:1"):
        asyncio.run(run())
