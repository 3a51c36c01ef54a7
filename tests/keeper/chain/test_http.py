"""One POST: status and body are handed on, and whatever a server can do is bounded in time and size."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from keeper.chain.http import HttpTransport, open_session
from keeper.chain.rpc import AnswerTooLarge, Reply, RpcTimeout
from keeper.errors import RpcUnavailable

MOST = 1 << 20
NOON = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def _serve(reply: Callable[[web.Request], Awaitable[web.StreamResponse]], timeout_s: float = 5.0) -> Reply:
    async def run() -> Reply:
        app = web.Application()
        app.router.add_post("/v1/secretkey", reply)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with open_session() as session:
                return await HttpTransport(session, f"{site.name}/v1/secretkey", timeout_s, MOST, lambda: NOON).post(b"{}")
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
        async with open_session() as session:
            await HttpTransport(session, "http://127.0.0.1:1", 1.0, MOST).post(b"{}")

    with pytest.raises(RpcUnavailable, match=r"http://127\.0\.0\.1:1"):
        asyncio.run(run())


def _answer(body: bytes, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=200, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return reply


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_answers_are_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Providers compress whatever is large."""
    body = b"0123456789" * 10_000
    assert _serve(_answer(pack(body), Content_Encoding=encoding)) == Reply(200, body)


def test_a_gzip_answer_of_several_members_is_read_whole() -> None:
    """RFC 1952, 2.2: the members are one after the other, wherever the chunks of the connection end."""
    members = [gzip.compress(bytes([place]) * 30_000) for place in range(5)]
    body = b"".join(bytes([place]) * 30_000 for place in range(5))
    assert _serve(_answer(b"".join(members), Content_Encoding="gzip")) == Reply(200, body)

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        for member in members:
            await response.write(member)
            await asyncio.sleep(0.01)
        return response

    assert _serve(reply) == Reply(200, body)


@pytest.mark.parametrize("tail", [b"x", bytes(8), gzip.compress(b"{}")[:-1]], ids=["text", "padding", "half a member"])
def test_bytes_behind_a_compressed_answer_are_unavailable(tail: bytes) -> None:
    """What follows the end is a member or a broken answer, never ignored."""
    with pytest.raises(RpcUnavailable):
        _serve(_answer(gzip.compress(b"{}") + tail, Content_Encoding="gzip"))


def test_members_do_not_add_up_to_more_than_is_allowed() -> None:
    """The bound is of the whole answer."""
    member = gzip.compress(bytes(MOST // 2))
    assert len(_serve(_answer(2 * member, Content_Encoding="gzip")).body) == MOST
    with pytest.raises(AnswerTooLarge):
        _serve(_answer(2 * member + gzip.compress(b"x"), Content_Encoding="gzip"))


@pytest.mark.parametrize(
    "body", [gzip.compress(bytes(200 << 20)), gzip.compress(bytes(MOST + 1))], ids=["a bomb", "one byte more than allowed"]
)
def test_a_gzip_bomb_is_bounded(body: bytes) -> None:
    """In size, and with it in time."""
    began = time.monotonic()
    with pytest.raises(AnswerTooLarge, match="max_answer_mib"):
        _serve(_answer(body, Content_Encoding="gzip"))
    assert time.monotonic() - began < 2


def test_the_most_that_is_allowed_is_allowed() -> None:
    """Plain, and compressed."""
    body = bytes(MOST)
    assert _serve(_answer(body)).body == body
    assert _serve(_answer(gzip.compress(body), Content_Encoding="gzip")).body == body


def test_an_endless_answer_is_cut_off() -> None:
    """Without a length, chunk after chunk."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 100_000)

    with pytest.raises(AnswerTooLarge):
        _serve(reply)


@pytest.mark.parametrize(("body", "encoding"), [(gzip.compress(b"x" * 100_000)[:-20], "gzip"), (b"no gzip at all", "gzip"), (b"{}", "br")])
def test_a_broken_or_unknown_encoding_is_unavailable(body: bytes, encoding: str) -> None:
    """A cut answer must not be taken for a short one."""
    with pytest.raises(RpcUnavailable):
        _serve(_answer(body, Content_Encoding=encoding))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("-5", 0.0),
        ("1e99", 60.0),
        ("nan", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Tue, 99 Nov 2023", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    """And at most a minute: a server must not send itself away for ever."""
    assert _serve(_answer(b"", Retry_After=header)).retry_after_s == seconds


def test_a_redirection_is_not_followed() -> None:
    """It could lead anywhere, with our calls in it."""

    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": str(request.url.with_path("/elsewhere"))})

    assert _serve(reply).status == 307


def test_no_failure_tells_the_key() -> None:
    """What the HTTP library says may name the whole address."""

    async def run(url: str) -> None:
        async with open_session() as session:
            await HttpTransport(session, url, 1.0, MOST).post(b"{}")

    for url in ("http://127.0.0.1:1/v1/secretkey", "http://[broken/secretkey", "no-scheme/secretkey", "http://user:secretkey@:99999/"):
        with pytest.raises(RpcUnavailable) as caught:
            asyncio.run(run(url))
        assert "secretkey" not in str(caught.value)
        assert "secretkey" not in repr(caught.value.__cause__)
