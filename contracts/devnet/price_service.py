"""A local price service that speaks Hermes: the newest updates, those of a moment, and a stream of server-sent events.

A stand-in for https://hermes.pyth.network in tests and on devnets: same paths, parameters and JSON (its API version 2, hex and
base64), fed by `Pythnet`. It has neither metadata of feeds nor TWAPs."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from contracts.devnet.accumulator import PriceMessage
from contracts.devnet.pythnet import Pythnet, Slot

_ENCODERS: Mapping[str, Callable[[bytes], str]] = {"hex": bytes.hex, "base64": lambda update: base64.b64encode(update).decode()}
_KEEP_ALIVE_SECONDS = 15.0
_START_SECONDS = 10.0
_STOP_SECONDS = 0.2


@contextmanager
def price_service(pythnet: Pythnet, port: int = 0) -> Iterator[str]:
    """Serves on 127.0.0.1, on a thread of its own, until left; yields the address. Port 0 is any free one."""
    service = _Thread(pythnet, port)
    service.start()
    try:
        yield service.address()
    finally:
        service.stop()


def application(pythnet: Pythnet) -> web.Application:
    """The service as an aiohttp application, for a loop of the caller's."""
    handlers = _Handlers(pythnet)
    app = web.Application()
    app.router.add_get("/v2/updates/price/latest", handlers.latest)
    app.router.add_get("/v2/updates/price/stream", handlers.stream)
    app.router.add_get(r"/v2/updates/price/{publish_time:\d+}", handlers.at_time)
    return app


class _Handlers:
    def __init__(self, pythnet: Pythnet) -> None:
        self._pythnet = pythnet

    async def latest(self, request: web.Request) -> web.Response:
        price_ids = self._price_ids(request)
        newest = self._pythnet.newest
        assert newest is not None, "a feed has a price only in a slot"
        return web.json_response(_answer([(newest, price_ids)], request))

    async def at_time(self, request: web.Request) -> web.Response:
        """Feeds may have their first price at different slots: then there are several updates."""
        time = int(request.match_info["publish_time"])
        slots: dict[int, tuple[Slot, list[bytes]]] = {}
        for price_id in self._price_ids(request):
            slot = self._pythnet.first_at(price_id, time)
            if slot is None:
                raise web.HTTPNotFound(text="Update data not found")
            slots.setdefault(slot.number, (slot, []))[1].append(price_id)
        return web.json_response(_answer(list(slots.values()), request))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """From the next slot on, every newest slot; slots that come while the reader is slow are left out."""
        price_ids = self._price_ids(request)
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

        def listener() -> None:
            loop.call_soon_threadsafe(news.set)

        # Before the client knows that it is connected: what comes after that must reach it.
        self._pythnet.add_listener(listener)
        try:
            await response.prepare(request)
            while True:
                await response.write(await self._event(news, price_ids, request))
        finally:
            self._pythnet.remove_listener(listener)

    async def _event(self, news: asyncio.Event, price_ids: Sequence[bytes], request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                await news.wait()
        except TimeoutError:
            return b":\n\n"
        news.clear()
        newest = self._pythnet.newest
        assert newest is not None, "there is news of a slot"
        return b"data:" + json.dumps(_answer([(newest, price_ids)], request)).encode() + b"\n\n"

    def _price_ids(self, request: web.Request) -> list[bytes]:
        """Raises 400 for ids that are none, 404 for feeds without a price."""
        texts = request.query.getall("ids[]", [])
        try:
            price_ids = [bytes.fromhex(text.lower().removeprefix("0x")) for text in texts]
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"Failed to deserialize query string: {error}") from error
        if not price_ids or any(len(price_id) != 32 for price_id in price_ids):
            raise web.HTTPBadRequest(text="Failed to deserialize query string: ids[] are 32 bytes")
        newest = self._pythnet.newest
        unknown = [price_id for price_id in price_ids if newest is None or price_id not in newest.messages]
        if unknown:
            raise web.HTTPNotFound(text="Price ids not found: " + ", ".join("0x" + price_id.hex() for price_id in unknown))
        return price_ids


def _answer(slots: Sequence[tuple[Slot, Sequence[bytes]]], request: web.Request) -> dict[str, Any]:
    encoding = request.query.get("encoding", "hex")
    if encoding not in _ENCODERS:
        raise web.HTTPBadRequest(text=f"Failed to deserialize query string: encoding {encoding[:20]!r}")
    updates = [_ENCODERS[encoding](slot.accumulator.update(price_ids)) for slot, price_ids in slots]
    answer: dict[str, Any] = {"binary": {"encoding": encoding, "data": updates}}
    if request.query.get("parsed", "true") != "false":
        answer["parsed"] = [_parsed(slot, slot.messages[price_id]) for slot, price_ids in slots for price_id in price_ids]
    return answer


def _parsed(slot: Slot, message: PriceMessage) -> dict[str, Any]:
    return {
        "id": message.price_id.hex(),
        "price": _price(message.price_raw, message.confidence_raw, message),
        "ema_price": _price(message.ema_price_raw, message.ema_confidence_raw, message),
        "metadata": {
            "slot": slot.number,
            "proof_available_time": message.publish_time,
            "prev_publish_time": message.previous_publish_time,
        },
    }


def _price(price_raw: int, confidence_raw: int, message: PriceMessage) -> dict[str, Any]:
    amounts = {"price": str(price_raw), "conf": str(confidence_raw)}
    return {**amounts, "expo": message.exponent, "publish_time": message.publish_time}


class _Thread:
    """An event loop that serves, beside a program that has none."""

    def __init__(self, pythnet: Pythnet, port: int) -> None:
        self._pythnet = pythnet
        self._port = port
        self._address = ""
        self._failure: OSError | None = None
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="price-service", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def address(self) -> str:
        """Where it serves. Raises OSError where it cannot (the port is in use), TimeoutError after 10 s."""
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the price service did not start")
        if self._failure is not None:
            raise self._failure
        return self._address

    def stop(self) -> None:
        if self._failure is None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        runner = web.AppRunner(application(self._pythnet), handler_cancellation=True, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port)
            await site.start()
            self._address = str(site.name)
            self._ready.set()
            await self._end.wait()
        finally:
            await runner.cleanup()
