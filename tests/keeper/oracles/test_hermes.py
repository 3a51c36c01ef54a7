"""One service over real sockets: what it sends is checked, and whatever a server can do is bounded in time and size."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

import pytest
from aiohttp import web

from contracts.devnet.price_service import application
from contracts.devnet.pythnet import FeedPrice, Pythnet
from keeper.domain.chain import Timestamp
from keeper.domain.quote import Quote, QuoteRefusal
from keeper.errors import ConfigError, PriceUnavailable
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.hermes import HermesService, open_session
from tests.keeper.oracles.servers import DEAD, OPTIONS, Reply, bad, event, hang, pythnet, serve, stream_of
from tests.keeper.oracles.updates import BTC, ETH, NOON, READER, price_id

T = TypeVar("T")
IDS = [price_id(ETH), price_id(BTC)]


def _with_service(app: web.Application, use: Callable[[HermesService], Awaitable[T]]) -> T:
    async def run() -> T:
        async with serve(app) as url, open_session() as session:
            return await use(HermesService(session, url, READER, OPTIONS))

    return asyncio.run(run())


def _latest(app: web.Application) -> Sequence[Quote]:
    async def use(service: HermesService) -> Sequence[Quote]:
        return await service.latest(IDS)

    return _with_service(app, use)


def _first_events(app: web.Application, count: int, publish: Callable[[], None] | None = None) -> list[Sequence[Quote]]:
    async def use(service: HermesService) -> list[Sequence[Quote]]:
        events: list[Sequence[Quote]] = []
        async with aclosing(service.stream(IDS)) as stream:
            if publish is not None:
                asyncio.get_running_loop().call_later(0.1, publish)
            async for quotes in stream:
                events.append(quotes)
                if len(events) == count:
                    break
                if publish is not None:
                    publish()
        return events

    return _with_service(app, use)


def test_the_newest_prices_as_quotes() -> None:
    """Both prices the same, the fee as set, and a payload that proves this price alone."""
    quotes = _latest(application(pythnet()))
    assert [(quote.price_id, quote.low_raw, quote.high_raw, quote.exponent) for quote in quotes] == [
        (IDS[0], 2_000 * 10**8, 2_000 * 10**8, -8),
        (IDS[1], 60_000 * 10**8, 60_000 * 10**8, -8),
    ]
    assert {(quote.publish_time, quote.fee_raw, quote.valid_until) for quote in quotes} == {(NOON, 5, None)}
    for quote in quotes:
        assert [price.message.price_id for price in READER.prices(quote.payload)] == [quote.price_id]


def test_the_first_price_after_a_moment() -> None:
    """Per feed: one may have had none for a while."""
    net = pythnet()
    net.publish({ETH: FeedPrice(2_001 * 10**8)}, NOON + 2)
    net.publish({ETH: FeedPrice(2_002 * 10**8)}, NOON + 3)
    net.publish({BTC: FeedPrice(60_001 * 10**8), ETH: FeedPrice(2_003 * 10**8)}, NOON + 9)

    async def use(service: HermesService) -> Sequence[Quote]:
        return await service.first_at(IDS, Timestamp(NOON + 1))

    quotes = _with_service(application(net), use)
    assert [(quote.low_raw, quote.publish_time) for quote in quotes] == [(2_001 * 10**8, NOON + 2), (60_001 * 10**8, NOON + 9)]


def test_a_moment_that_has_no_price_yet_is_unavailable() -> None:
    async def use(service: HermesService) -> None:
        with pytest.raises(PriceUnavailable, match="404"):
            await service.first_at(IDS, Timestamp(NOON + 1))

    _with_service(application(pythnet()), use)


def test_a_price_that_is_not_the_first_after_a_moment_is_refused() -> None:
    """The contract would refuse it too."""
    net = pythnet()
    net.publish({ETH: FeedPrice(1), BTC: FeedPrice(1)}, NOON + 5)
    answer = event(net, [ETH, BTC]).removeprefix(b"data:").strip()

    async def reply(request: web.Request) -> web.Response:
        return web.Response(body=answer)

    async def use(service: HermesService) -> None:
        assert len(await service.first_at(IDS, Timestamp(NOON + 1))) == 2
        assert len(await service.first_at(IDS, Timestamp(NOON + 5))) == 2
        for moment in (NOON, NOON + 6):
            with pytest.raises(BadUpdate) as caught:
                await service.first_at(IDS, Timestamp(moment))
            assert caught.value.reason is QuoteRefusal.CONTRADICTION

    _with_service(bad(reply), use)


def test_every_slot_is_an_event() -> None:
    net = pythnet()
    times = iter(range(NOON + 1, NOON + 10))

    def publish() -> None:
        net.publish({ETH: FeedPrice(1)}, next(times))

    events = _first_events(application(net), 3, publish)
    assert [[quote.publish_time for quote in quotes] for quotes in events] == [[NOON + second, NOON] for second in (1, 2, 3)]


def test_of_events_that_piled_up_only_the_newest_counts() -> None:
    net = Pythnet()
    chunks = []
    for second in range(20):
        net.publish({ETH: FeedPrice(second + 1), BTC: FeedPrice(1)}, NOON + second)
        chunks.append(event(net, [ETH, BTC]))
    quotes = _first_events(stream_of(b"".join(chunks[:10]), b"".join(chunks[10:]), pause_s=0.1, then=hang), 2)
    assert [pair[0].publish_time for pair in quotes] == [NOON + 9, NOON + 19]


def test_an_event_may_come_in_pieces_and_between_comments() -> None:
    whole = event(pythnet(), [ETH, BTC])
    assert len(_first_events(stream_of(b":\n\n", whole[:500], whole[500:], b":\n\n", pause_s=0.02, then=hang), 1)[0]) == 2


async def _abort(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (stream_of(), "ended"),
        (stream_of(then=hang), "nothing in"),
        (stream_of(*[b":\n\n"] * 10, pause_s=0.05, then=hang), "nothing in"),
        (stream_of(b"event:error\ndata:Error receiving update\n\n", then=hang), "reports an error"),
        (stream_of(b"data:{}\n\n", then=hang), "format"),
        (stream_of(b"data:" + b"x" * 100_000, then=hang), "format"),
        (stream_of(b"data:{", then=_abort), "ClientPayloadError|ended|Disconnect|Connection"),
    ],
    ids=["end", "silence", "comments only", "error", "garbage", "endless event", "death"],
)
def test_a_stream_that_is_none_is_unavailable(app: web.Application, message: str) -> None:
    with pytest.raises(PriceUnavailable, match=message):
        _first_events(app, 1)


async def _sleep(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def _die(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"binary":')
    await _abort(request)
    return response


async def _trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def _flood(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 100_000)


def _answer(status: int = 200, body: bytes = b"", **headers: str) -> Reply:
    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return reply


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (_sleep, "nothing in"),
        (_trickle, "nothing in"),
        (_die, "Payload|Connection|Disconnect"),
        (_flood, "more than 65536 bytes"),
        (_answer(500), "HTTP 500"),
        (_answer(302, Location="/elsewhere"), "HTTP 302"),
        (_answer(body=b"<html>"), "format"),
        (_answer(body=gzip.compress(b"{}"), Content_Encoding="gzip"), "compressed"),
    ],
    ids=["hangs", "trickles", "dies", "floods", "fails", "redirects", "garbage", "compresses"],
)
def test_a_server_that_is_no_service_is_unavailable(reply: Reply, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(PriceUnavailable, match=message):
        _latest(bad(reply))
    assert time.monotonic() - start < 5


def test_a_feed_the_service_does_not_know_is_unavailable() -> None:
    net = Pythnet()
    net.publish({ETH: FeedPrice(1)}, NOON)
    with pytest.raises(PriceUnavailable, match="404"):
        _latest(application(net))


def test_no_failure_tells_the_key() -> None:
    async def run(url: str) -> None:
        async with open_session() as session:
            await HermesService(session, url, READER, OPTIONS).latest(IDS)

    for url in (f"{DEAD}/v1/secretkey", "http://user:secretkey@127.0.0.1:1/", "http://[broken/secretkey", "http://user:secretkey@:99999/"):
        with pytest.raises(PriceUnavailable) as caught:
            asyncio.run(run(url))
        assert "secretkey" not in str(caught.value)
        assert "secretkey" not in repr(caught.value.__cause__)
    with pytest.raises(ConfigError) as mistake:
        asyncio.run(run("no-scheme/secretkey"))
    assert "secretkey" not in str(mistake.value)
