"""Real HTTP servers on this machine: the devnet's price service, and bad ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from contracts.devnet.price_service import application
from contracts.devnet.pythnet import FeedPrice, Pythnet
from keeper.oracles.hermes import HermesOptions
from tests.keeper.oracles.updates import BTC, ETH, NOON

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]
DEAD = "http://127.0.0.1:1"
OPTIONS = HermesOptions(timeout_s=0.5, silence_s=0.5, max_bytes=1 << 16, fee_raw=5)
PRICES = {ETH: FeedPrice(2_000 * 10**8), BTC: FeedPrice(60_000 * 10**8)}


def pythnet(time: int = NOON) -> Pythnet:
    """With one slot."""
    net = Pythnet()
    net.publish(PRICES, time)
    return net


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[str]:
    """Its address, while it runs."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield str(site.name)
    finally:
        await runner.cleanup()


def bad(reply: Reply) -> web.Application:
    """Answers everything with `reply`."""
    app = web.Application()
    app.router.add_get("/{path:.*}", reply)
    return app


def liar(net: Pythnet, change: Callable[[dict[str, Any]], None]) -> web.Application:
    """The service of `net`, but with its JSON changed: what a liar would say."""

    async def middle(request: web.Request, handler: Reply) -> web.StreamResponse:
        response = await handler(request)
        assert isinstance(response, web.Response)
        assert response.text is not None
        document = json.loads(response.text)
        change(document)
        return web.json_response(document)

    app = application(net)
    app.middlewares.append(web.middleware(middle))
    return app


def stream_of(*chunks: bytes, pause_s: float = 0.0, then: Callable[[web.Request], Awaitable[None]] | None = None) -> web.Application:
    """A stream of these bytes, and then `then`, or its end."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause_s)
        if then is not None:
            await then(request)
        return response

    return bad(reply)


async def hang(request: web.Request) -> None:
    """For longer than any test waits."""
    await asyncio.sleep(60)


def event(net: Pythnet, feeds: Sequence[bytes]) -> bytes:
    """The newest slot as the stream would send it, in the service's own words."""
    slot = net.newest
    assert slot is not None
    parsed = [
        {
            "id": feed.hex(),
            "price": _figures(slot.messages[feed].price_raw, slot.messages[feed].publish_time),
            "ema_price": _figures(slot.messages[feed].price_raw, slot.messages[feed].publish_time),
        }
        for feed in feeds
    ]
    binary = {"encoding": "hex", "data": [net.update(feeds).hex()]}
    return b"data:" + json.dumps({"binary": binary, "parsed": parsed}).encode() + b"\n\n"


def _figures(price_raw: int, publish_time: int) -> dict[str, Any]:
    return {"price": str(price_raw), "conf": "0", "expo": -8, "publish_time": publish_time}
