"""systemd as the process's supervisor, by sd_notify(3): the process is ready, lives, stops."""

import asyncio
import os
import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from keeper.service.heartbeat import Heartbeat


@dataclass(frozen=True, slots=True)
class Supervisor:
    """`address` is its unix datagram socket, an abstract one after "@", and `watchdog_s` the longest silence it bears, in seconds. None
    where it has none."""

    address: str | None
    watchdog_s: float | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The supervisor that systemd's variables name: none outside a unit. A watchdog over another process is not ours."""
        own = str(os.getpid())
        period = environment.get("WATCHDOG_USEC") if environment.get("WATCHDOG_PID", own) == own else None
        return cls(environment.get("NOTIFY_SOCKET"), None if period is None else int(period) / 1e6)

    async def attend(self, heartbeats: Collection[Heartbeat], stop: asyncio.Event) -> None:
        """Ready now; alive while every heartbeat is, twice per period of the watchdog; stopping on `stop`."""
        self._send("READY=1")
        while not stop.is_set():
            if self.watchdog_s is not None and all(heartbeat.alive() for heartbeat in heartbeats):
                self._send("WATCHDOG=1")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), None if self.watchdog_s is None else self.watchdog_s / 2)
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if self.address is None:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        # A supervisor that cannot hear notices the silence itself; it is no reason to stop trading, nor to wait.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
            sender.setblocking(False)
            sender.sendto(message.encode(), address)
