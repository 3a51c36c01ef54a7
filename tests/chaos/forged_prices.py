"""A price service that lies, beside the true one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from contracts.devnet.guardian import Guardian
from contracts.devnet.price_service import price_service
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.synthetix_v3.prices import publish
from tests.chaos.synthetix_v3 import SynthetixGround

STRANGER = Guardian("0x" + "5e" * 32)
"""A key that no chain trusts."""
_INTERVAL_S = 0.4
_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Forgery:
    """Prices that are off by `bps`, as if of `shift_s` seconds from now, signed by `guardian`: the one the chain trusts, or another."""

    bps: int
    shift_s: int = 0
    guardian: Guardian = field(default_factory=Guardian)

    def prices_8(self, true_8: Mapping[str, int]) -> Mapping[str, int]:
        """By market, 8 decimals."""
        return {name: price_8 * (_BPS + self.bps) // _BPS for name, price_8 in true_8.items()}


@contextmanager
def forged_prices(ground: SynthetixGround, true_8: Mapping[str, int], forgery: Forgery) -> Iterator[str]:
    """While the context is open such prices are published; yields the service's address."""
    pythnet, over = Pythnet(forgery.guardian), threading.Event()
    markets, prices_8 = ground.deployment.markets, forgery.prices_8(true_8)

    def publishing() -> None:
        while not over.wait(_INTERVAL_S):
            publish(pythnet, markets, prices_8, int(time.time()) + forgery.shift_s)

    publish(pythnet, markets, prices_8, int(time.time()) + forgery.shift_s)
    thread = threading.Thread(target=publishing, name="forged prices", daemon=True)
    with price_service(pythnet) as url:
        thread.start()
        try:
            yield url
        finally:
            over.set()
            thread.join()
