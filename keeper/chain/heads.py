"""When to look at the head again. Only a hint: the head itself, and its logs, are always pulled over HTTP."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import orjson

from keeper.chain.clock import Clock
from keeper.chain.incident import Incident
from keeper.chain.redaction import redact, scrub
from keeper.domain.chain import Hash32
from keeper.domain.parse import hash32, quantity


@dataclass(frozen=True, slots=True)
class Hint:
    """An announced head."""

    number: int
    hash: Hash32


class Heads(Protocol):
    """Waits for a reason to look at the head."""

    async def next(self, tip_number: int) -> Hint | None:
        """Return when it is time to look: with the newest announced head, or None. `tip_number` is the newest block already known."""

    async def close(self) -> None:
        """Give up the connection, if any."""


class PolledHeads:
    """Every `interval_s` seconds."""

    def __init__(self, clock: Clock, interval_s: float) -> None:
        self._clock = clock
        self._interval_s = interval_s

    async def next(self, tip_number: int) -> Hint | None:
        """Sleep one interval."""
        await self._clock.sleep(self._interval_s)
        return None

    async def close(self) -> None:
        """There is no connection."""


class AnnouncedHeads:
    """`newHeads` of a websocket. While it is silent, broken or late, this is polling.

    The socket is read only here, so there is no task to leave behind; of several announcements between two reads only the newest counts.
    An outage is two incidents: `socket_lost` at its beginning, `socket_recovered` at the first announcement after it."""

    _LATE_LIMIT = 3
    _CLOSE_S = 0.5

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        clock: Clock,
        interval_s: float,
        on_incident: Callable[[Incident], None],
        reconnect_s: float = 5.0,
    ) -> None:
        """Connects at most once in `reconnect_s` seconds."""
        self._session = session
        self._url = url
        self._clock = clock
        self._interval_s = interval_s
        self._on_incident = on_incident
        self._reconnect_s = reconnect_s
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connect_at = float("-inf")
        self._announced_number: int | None = None
        self._late_intervals = 0
        self._outage = False

    async def next(self, tip_number: int) -> Hint | None:
        """The newest announced head, or None after `interval_s` of silence and after every (re)connection."""
        try:
            if self._socket is not None:
                return await self._listen(self._socket, tip_number)
            await self._connect_or_sleep()
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            await self._drop(scrub(f"{type(error).__name__}: {error}", self._url))
        return None

    async def close(self) -> None:
        """Close the socket without waiting long for the other side."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _connect_or_sleep(self) -> None:
        now = self._clock.now()
        if now < self._connect_at:
            await self._clock.sleep(self._interval_s)
            return
        self._connect_at = now + self._reconnect_s
        async with asyncio.timeout(self._interval_s):
            timeout = aiohttp.ClientWSTimeout(ws_close=self._CLOSE_S)
            self._socket = await self._session.ws_connect(self._url, timeout=timeout)
            await self._socket.send_str(_SUBSCRIBE)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, tip_number: int) -> Hint | None:
        if self._announced_number is None:
            # Blocks before the subscription are never announced, so they cannot be missed.
            self._announced_number = tip_number
        hint = await self._newest(socket)
        if hint is not None:
            self._announced_number, self._late_intervals = hint.number, 0
            self._recover()
            return hint
        # Polling found a head that the socket has not announced: a socket that stays connected can be many blocks behind, or dead.
        self._late_intervals = self._late_intervals + 1 if tip_number > self._announced_number else 0
        if self._late_intervals >= self._LATE_LIMIT:
            await self._drop(f"silent since block {self._announced_number}, the head is {tip_number}")
        return None

    async def _newest(self, socket: aiohttp.ClientWebSocketResponse) -> Hint | None:
        """The newest announcement of those that have arrived; waits one interval for the first."""
        hint: Hint | None = None
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._interval_s
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    message = await socket.receive()
            except TimeoutError:
                return hint
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise ValueError(f"the socket said {message.type.name}")
            announcement = _hint(message.data)
            if announcement is not None:
                # With no time left the loop only takes what has arrived already.
                hint, deadline = announcement, clock()

    async def _drop(self, reason: str) -> None:
        self._announced_number, self._late_intervals = None, 0
        if not self._outage:
            self._outage = True
            self._on_incident(Incident(redact(self._url), "socket_lost", reason))
        await self.close()

    def _recover(self) -> None:
        if self._outage:
            self._outage = False
            self._on_incident(Incident(redact(self._url), "socket_recovered", "announces heads again"))


_SUBSCRIBE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})


def _hint(text: str) -> Hint | None:
    """The head of a notification; None for the confirmation of the subscription. Raises ValueError, KeyError, TypeError or
    AttributeError."""
    message = orjson.loads(text)
    if "error" in message:
        raise ValueError(f"newHeads refused: {message['error']}")
    if message.get("method") != "eth_subscription":
        return None
    head = message["params"]["result"]
    return Hint(quantity(head["number"]), hash32(head["hash"]))
