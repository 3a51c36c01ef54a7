"""Several services as one: whatever one does wrong, the next is asked, and nobody sees a price that is not usable."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from contracts.devnet.guardian import Guardian
from contracts.devnet.price_service import application
from contracts.devnet.pythnet import FeedPrice, Pythnet
from keeper.domain.chain import Timestamp
from keeper.domain.quote import Quote, QuoteLimits, QuoteRefusal
from keeper.engine.ports import PriceService
from keeper.errors import ConfigError, PriceUnavailable
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.hermes import HermesService, open_session
from keeper.oracles.pyth import Patience, PriceIncident, PythPrices
from tests.keeper.oracles.servers import DEAD, OPTIONS, PRICES, bad, event, hang, liar, pythnet, serve, stream_of
from tests.keeper.oracles.updates import BTC, ETH, NOON, READER, price_id

IDS = [price_id(ETH), price_id(BTC)]
LIMITS = QuoteLimits(max_age_s=10, max_lead_s=3, max_deviation_ppm=100_000, deviation_window_s=60)
PATIENCE = Patience(set_aside_s=0.5, silence_s=0.4, pause_s=0.05)


@dataclass
class Desk:
    """Prices from services in order, at a time the test sets."""

    prices: PythPrices
    incidents: list[PriceIncident]
    time: list[int]

    def reasons(self) -> list[str]:
        return [incident.reason for incident in self.incidents]


@asynccontextmanager
async def _desk(*apps: web.Application | str) -> AsyncIterator[Desk]:
    """A text is the address of a service that is not there."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        urls = [app if isinstance(app, str) else await stack.enter_async_context(serve(app)) for app in apps]
        incidents: list[PriceIncident] = []
        time = [NOON]
        services = [HermesService(session, url, READER, OPTIONS) for url in urls]
        prices = PythPrices(services, LIMITS, PATIENCE, lambda: Timestamp(time[0]), incidents.append)
        yield Desk(prices, incidents, time)


async def _hang(request: web.Request) -> web.StreamResponse:
    await hang(request)
    return web.Response()


async def _garbage(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>")


def _younger(document: dict[str, Any]) -> None:
    for entry in document["parsed"]:
        entry["price"]["publish_time"] = NOON


def _other_guardian() -> Pythnet:
    net = Pythnet(Guardian(key="0x" + "22" * 32))
    net.publish(PRICES, NOON)
    return net


def _worth(price: int) -> Pythnet:
    net = Pythnet()
    net.publish({ETH: FeedPrice(price), BTC: FeedPrice(price)}, NOON)
    return net


PLAN_B: dict[str, tuple[Callable[[], web.Application | str], str]] = {
    "dead": (lambda: DEAD, "unavailable"),
    "hanging": (lambda: bad(_hang), "unavailable"),
    "garbage": (lambda: bad(_garbage), "format"),
    "frozen": (lambda: application(pythnet(NOON - 11)), "staleness"),
    "ahead": (lambda: application(pythnet(NOON + 4)), "future"),
    "lying about age": (lambda: liar(pythnet(NOON - 11), _younger), "contradiction"),
    "of another guardian": (lambda: application(_other_guardian()), "signature"),
    "of no price": (lambda: application(_worth(0)), "sign"),
}


def test_it_is_the_port() -> None:
    async def run() -> None:
        async with _desk(application(pythnet())) as desk:
            port: PriceService = desk.prices
            assert [quote.price_id for quote in await port.latest(IDS)] == IDS

    asyncio.run(run())


def test_no_service_is_a_mistake_of_the_settings() -> None:
    with pytest.raises(ConfigError, match="no price service"):
        PythPrices([], LIMITS, PATIENCE, lambda: Timestamp(NOON), lambda incident: None)


@pytest.mark.parametrize("fault", PLAN_B)
def test_the_next_service_is_asked(fault: str) -> None:
    """And from then on first, for a while."""
    make, reason = PLAN_B[fault]

    async def run() -> None:
        async with _desk(make(), application(pythnet())) as desk:
            quotes = await desk.prices.latest(IDS)
            assert [(quote.price_id, quote.publish_time) for quote in quotes] == [(IDS[0], NOON), (IDS[1], NOON)]
            assert quotes[0].low_raw == 2_000 * 10**8
            assert set(desk.reasons()) == {reason}
            before = len(desk.incidents)
            await desk.prices.latest(IDS)
            assert len(desk.incidents) == before, "the good one is asked first, and it is enough"

    asyncio.run(run())


@pytest.mark.parametrize("fault", PLAN_B)
def test_without_another_service_the_reason_is_told(fault: str) -> None:
    make, reason = PLAN_B[fault]

    async def run() -> None:
        async with _desk(make()) as desk:
            with pytest.raises(PriceUnavailable) as caught:
                await desk.prices.latest(IDS)
            assert (caught.value.reason if isinstance(caught.value, BadUpdate) else "unavailable") == reason

    asyncio.run(run())


def test_a_wild_price_is_refused_until_the_last_one_is_old() -> None:
    """Ten per cent from one price to the next are too much; after a minute without one nobody knows."""
    net = pythnet()

    async def run() -> None:
        async with _desk(application(net)) as desk:
            await desk.prices.latest(IDS)
            net.publish({ETH: FeedPrice(2_201 * 10**8)}, NOON + 1)
            quotes = await desk.prices.latest(IDS)
            assert [quote.price_id for quote in quotes] == [IDS[1]]
            assert [(incident.reason, incident.price_id) for incident in desk.incidents] == [
                ("deviation", IDS[0]),
                ("deviation", None),
            ]
            assert "220100000000" in desk.incidents[0].detail
            net.publish({ETH: FeedPrice(2_200 * 10**8)}, NOON + 2)
            assert [quote.low_raw for quote in await desk.prices.latest(IDS[:1])] == [2_200 * 10**8]
            desk.time[0] = NOON + 63
            net.publish({ETH: FeedPrice(4_000 * 10**8)}, NOON + 63)
            assert [quote.low_raw for quote in await desk.prices.latest(IDS[:1])] == [4_000 * 10**8]

    asyncio.run(run())


def test_each_feed_comes_from_whichever_service_has_it() -> None:
    half = pythnet(NOON - 11)
    half.publish({BTC: FeedPrice(60_001 * 10**8)}, NOON)
    other = pythnet(NOON - 11)
    other.publish({ETH: FeedPrice(2_001 * 10**8)}, NOON)

    async def run() -> None:
        async with _desk(application(half), application(other)) as desk:
            assert [quote.low_raw for quote in await desk.prices.latest(IDS)] == [2_001 * 10**8, 60_001 * 10**8]
            assert [(incident.reason, incident.price_id) for incident in desk.incidents] == [("staleness", IDS[0]), ("staleness", None)]

    asyncio.run(run())


def test_a_service_set_aside_is_first_again_after_a_while() -> None:
    net = pythnet(NOON - 11)

    async def run() -> None:
        async with _desk(application(net), application(pythnet())) as desk:
            await desk.prices.latest(IDS)
            net.publish({ETH: FeedPrice(2_001 * 10**8), BTC: FeedPrice(60_001 * 10**8)}, NOON + 1)
            assert (await desk.prices.latest(IDS))[0].publish_time == NOON
            await asyncio.sleep(PATIENCE.set_aside_s)
            assert (await desk.prices.latest(IDS))[0].publish_time == NOON + 1

    asyncio.run(run())


def test_an_older_answer_does_not_take_the_place_of_a_newer() -> None:
    """Servers behind one address are rarely at the same slot."""

    bodies = iter(event(pythnet(NOON + lead), [ETH, BTC]).removeprefix(b"data:") for lead in (1, 0, 2))

    async def reply(request: web.Request) -> web.Response:
        return web.Response(body=next(bodies))

    async def run() -> None:
        async with _desk(bad(reply)) as desk:
            leads = [(await desk.prices.latest(IDS))[0].publish_time - NOON for _ in range(3)]
            assert leads == [1, 1, 2]

    asyncio.run(run())


def test_the_first_price_after_a_moment_comes_from_whoever_has_it() -> None:
    """However old it is; not to have it is no fault."""
    net = pythnet()
    net.publish({ETH: FeedPrice(5), BTC: FeedPrice(6)}, NOON + 2)

    async def run() -> None:
        async with _desk(application(pythnet()), bad(_garbage), application(net)) as desk:
            desk.time[0] = NOON + 1_000
            quotes = await desk.prices.first_at(IDS, Timestamp(NOON + 1))
            assert [quote.low_raw for quote in quotes] == [5, 6]
            assert desk.reasons() == ["format"]
            with pytest.raises(PriceUnavailable):
                await desk.prices.first_at(IDS, Timestamp(NOON + 3))

    asyncio.run(run())


async def _take(desk: Desk, count: int) -> list[Quote]:
    quotes: list[Quote] = []
    async with asyncio.timeout(5), aclosing(desk.prices.stream(IDS)) as stream:
        async for quote in stream:
            quotes.append(quote)
            if len(quotes) == count:
                break
    return quotes


@asynccontextmanager
async def _publisher(net: Pythnet, first: int, every_s: float = 0.02) -> AsyncIterator[None]:
    """A new price of ETH every moment, a second apart by their own times."""

    async def publish() -> None:
        for second in range(10_000):
            net.publish({ETH: FeedPrice(2_000 * 10**8 + second)}, first + second)
            await asyncio.sleep(every_s)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(publish())
        try:
            yield
        finally:
            task.cancel()


def test_the_stream_tells_what_is_newer() -> None:
    net = pythnet()

    async def run() -> None:
        async with _desk(application(net)) as desk, _publisher(net, NOON + 1, 0.01):
            desk.time[0] = NOON + 8
            quotes = await _take(desk, 5)
        times = [quote.publish_time for quote in quotes if quote.price_id == IDS[0]]
        assert times == sorted(set(times))
        assert len([quote for quote in quotes if quote.price_id == IDS[1]]) == 1, "told once, as it never changes"

    asyncio.run(run())


@pytest.mark.parametrize(
    "fault",
    [
        lambda: DEAD,
        lambda: bad(_hang),
        lambda: bad(_garbage),
        lambda: stream_of(then=hang),
        lambda: stream_of(event(pythnet(), [ETH, BTC])),
        lambda: stream_of(event(_other_guardian(), [ETH, BTC]), then=hang),
        lambda: stream_of(*[event(pythnet(), [ETH, BTC])] * 100, pause_s=0.02, then=hang),
        lambda: stream_of(*[event(pythnet(NOON - 11), [ETH, BTC])] * 100, pause_s=0.02, then=hang),
    ],
    ids=["dead", "hangs", "garbage", "silent", "ends", "another guardian", "stands still", "stale"],
)
def test_the_stream_goes_on_at_the_next_service(fault: Callable[[], web.Application | str]) -> None:
    net = pythnet()

    async def run() -> None:
        async with _desk(fault(), application(net)) as desk, _publisher(net, NOON + 1, 0.1):
            desk.time[0] = NOON + 8
            quotes = [quote async for quote in _until_newer(desk)]
        assert quotes[-1].publish_time > NOON
        assert desk.incidents

    asyncio.run(run())


async def _until_newer(desk: Desk) -> AsyncIterator[Quote]:
    async with asyncio.timeout(5), aclosing(desk.prices.stream(IDS)) as stream:
        async for quote in stream:
            yield quote
            if quote.publish_time > NOON:
                return


def test_the_stream_comes_back_to_the_only_service() -> None:
    """Its end is one incident, however often it is connected to in vain."""
    net = pythnet()
    connections: list[int] = []

    async def reply(request: web.Request) -> web.StreamResponse:
        connections.append(1)
        if len(connections) < 4:
            return web.Response(status=503)
        response = web.StreamResponse()
        await response.prepare(request)
        net.publish({ETH: FeedPrice(2_000 * 10**8)}, NOON + len(connections))
        await response.write(event(net, [ETH, BTC]))
        return response

    async def run() -> None:
        async with _desk(bad(reply)) as desk:
            desk.time[0] = NOON + 5
            quotes = await _take(desk, 3)
            assert [(quote.price_id, quote.publish_time - NOON) for quote in quotes] == [(IDS[0], 4), (IDS[1], 0), (IDS[0], 5)]
            assert desk.reasons() == ["unavailable", "unavailable"]

    asyncio.run(run())


def test_bad_prices_of_a_stream_are_refused_once_while_the_reason_stands() -> None:
    net = pythnet()
    good = event(net, [ETH, BTC])
    events = []
    for second in range(1, 4):
        net.publish({ETH: FeedPrice(9_000 * 10**8)}, NOON + second)
        events.append(event(net, [ETH, BTC]))
    net.publish({ETH: FeedPrice(2_010 * 10**8)}, NOON + 4)

    async def run() -> None:
        stream = stream_of(good, *events, event(net, [ETH, BTC]), pause_s=0.05, then=hang)
        async with _desk(stream) as desk:
            desk.time[0] = NOON + 2
            quotes = await _take(desk, 3)
            assert [quote.low_raw for quote in quotes] == [2_000 * 10**8, 60_000 * 10**8, 2_010 * 10**8]
            assert [(incident.reason, incident.price_id) for incident in desk.incidents] == [(QuoteRefusal.DEVIATION, IDS[0])]

    asyncio.run(run())


def test_a_reader_that_is_slow_gets_the_newest() -> None:
    net = pythnet()

    async def run() -> None:
        async with _desk(application(net)) as desk:
            desk.time[0] = NOON + 20
            async with asyncio.timeout(5), aclosing(desk.prices.stream(IDS)) as stream:
                asyncio.get_running_loop().call_later(0.05, net.publish, {ETH: FeedPrice(2_000 * 10**8)}, NOON + 10)
                first = await anext(stream)
                assert first.publish_time == NOON + 10
                for second in range(11, 21):
                    net.publish({ETH: FeedPrice(2_000 * 10**8)}, NOON + second)
                    await asyncio.sleep(0.02)
                times = [(await anext(stream)).publish_time]
                assert times == [NOON + 20]

    asyncio.run(run())
