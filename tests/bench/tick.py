"""(b) A tick: the evaluator with its watch boxes against the exact margin test of everybody, on generated books and price walks.

Margin ratios are drawn from just above the requirement upwards, as they are where people have traded for a while. Whoever is breached
is closed in the next block, as keepers do; that account is then touched and evaluated again, which counts."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.use import NOTHING
from keeper.domain.venue import Event
from keeper.engine.evaluator import Applied, Evaluator
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import ticks
from keeper.venues.perp_v2.read_events import MarketNamed, MarketRead
from keeper.venues.perp_v2.state import PerpBook, perp_book
from tests.bench.rounds import Compared, scaled
from tests.keeper.venues.perp_v2.books import BTC, ETH, T0, Desk, sqrt_of

_START_USD = {ETH: 2_500.0, BTC: 60_000.0}
_BLOCK_SECONDS = 2
_DEPTH = 10**23
_TICKS = 12


@dataclass(slots=True)
class Walk:
    """Answers the evaluator's questions: both markets' prices walk, the index with the mark. Nobody here has orders to be asked about."""

    random: Random
    drift: float
    step: float
    prices: dict[str, float] = field(default_factory=lambda: dict(_START_USD))

    def move(self) -> None:
        """The next tick."""
        for base in self.prices:
            self.prices[base] *= 1 + self.random.gauss(self.drift, self.step)

    async def refresh(self, venue: Any, book: Any, block: BlockRef, at: Timestamp) -> Sequence[Any]:
        """Both markets, with all averages at the price."""
        return [_market(base, price, at) for base, price in self.prices.items()]

    async def inspect(self, venue: Any, keys: Sequence[AccountKey], book: Any, block: BlockRef, at: Timestamp) -> Sequence[Any]:
        """Nothing."""
        return ()

    def quoted(self, venue: Any, book: Any, at: Timestamp) -> Sequence[Any]:
        """Nothing is signed."""
        return ()

    def push(self, venue: Any, book: Any, price_ids: Sequence[Any]) -> Sequence[Any]:
        """Nothing."""
        return ()

    def data_fee(self) -> DataFee | None:
        """This chain charges none."""
        return None

    def market_tip_wei(self) -> int | None:
        """Nobody tells."""
        return None


_WEATHER = {"calm": (0.0, 0.0002), "storm": (-0.005, 0.003)}
"""Drift and standard deviation of the price per tick of two seconds: some 80 % a year, and a fall of 6 % in half a minute."""


def tick(sizes: Sequence[int] = (1_000, 10_000, 50_000)) -> Sequence[Compared]:
    """Milliseconds per tick and accounts evaluated per tick."""
    compared: list[Compared] = []
    for accounts in sizes:
        for weather in _WEATHER:
            compared += _walk(accounts, weather)
    return compared


def _walk(accounts: int, weather: str) -> Sequence[Compared]:
    """RuntimeError when the boxes miss somebody, or find somebody who is healthy."""
    walk = Walk(Random(f"walk/{weather}"), *_WEATHER[weather])
    evaluator = _book(accounts, walk)
    asyncio.run(evaluator.process_decoded(_block(1), (), frozenset(evaluator.book.account_keys())))
    with_boxes, without, evaluated, breached = [], [], [], set[AccountKey]()
    all_breached = 0
    for number in range(2, _TICKS + 2):
        closing = [Applied(event, "log") for key in sorted(breached) for event in _closed(perp_book(evaluator.book), key, walk)]
        walk.move()
        began = time.perf_counter()
        evaluation = asyncio.run(evaluator.process_decoded(_block(number), closing))
        for account in evaluation.breaches:
            evaluator.plan(account, evaluation.basis, NOTHING)
        with_boxes.append(time.perf_counter() - began)
        began = time.perf_counter()
        breached = _breached(evaluator)
        without.append(time.perf_counter() - began)
        if evaluation.breaches.keys() != breached:
            raise RuntimeError(f"boxes and the test of everybody disagree at tick {number} of {weather}")
        evaluated.append(float(len({item.account for item in evaluation.evaluated})))
        all_breached += len(breached)
        evaluator.finalised(_block(number))
    names = (f"tick, {accounts:,} accounts, {weather}", "watch boxes", "everybody")
    note = f"in all {sum(evaluated):,.0f} of {accounts * _TICKS:,}, {all_breached:,} breaches"
    return [
        Compared(*names, "ms", scaled(with_boxes, 1e3), scaled(without, 1e3), "with applying, planning and new boxes"),
        Compared(*names, "margin tests", tuple(evaluated), (float(accounts),) * _TICKS, note),
    ]


def _breached(evaluator: Evaluator) -> set[AccountKey]:
    book, venue = perp_book(evaluator.book), evaluator.venue
    now = book.moment.timestamp
    return {key for key in book.account_keys() if venue.health(key, book, now).liquidatable}


def _book(accounts: int, walk: Walk) -> Evaluator:
    """Takers with margin ratios between 6.3 % (6.25 % are required) and 60 %, two of three long, a fifth of them in both markets."""
    random, desk = Random(f"book/{accounts}"), Desk()
    desk.apply(
        log.PoolAdded(BTC, 10_000, "0x" + "f3" * 20),
        log.MarketConfigChanged("exchange_fee_ratio", BTC, 1_000),
        log.MarketConfigChanged("max_tick_crossed", BTC, 1_000),
        MarketNamed(BTC, "BTC"),
    )
    for _ in range(accounts):
        _open(desk, random)
    evaluator = Evaluator(desk.venue, walk, executor=None, block_seconds=_BLOCK_SECONDS, forecast=False)
    evaluator.book = desk.book
    return evaluator


def _open(desk: Desk, random: Random) -> None:
    key = AccountKey(f"0x{random.getrandbits(160):040x}")
    bases = (ETH, BTC) if random.random() < 0.2 else (random.choice((ETH, BTC)),)
    sign = 1 if random.random() < 0.66 else -1
    notional = 0
    for base in bases:
        size, price = random.randint(1, 40), int(_START_USD[base])
        desk.trade(key, sign * size, -sign * size * price, price=_START_USD[base], base=base)
        notional += size * price
    desk.deposit(key, int(notional * random.uniform(0.063, 0.6)))


def _closed(book: PerpBook, key: AccountKey, walk: Walk) -> Sequence[Event]:
    """All positions of the account closed, as the log tells it."""
    return [
        log.PositionChanged(key, base, -position.size, -position.open_notional, 1, 0, 0, sqrt_of(walk.prices[base]))
        for base, position in book.accounts[key].positions.items()
    ]


def _block(number: int) -> BlockRef:
    parent, own = (Hash32(f"0x{height:064x}") for height in (number - 1, number))
    # Block 1 of the bench stands above the blocks in which the book was made.
    return BlockRef(number + 10, own, parent, Timestamp(T0 + 100 + _BLOCK_SECONDS * number))


def _market(base: str, price: float, at: Timestamp) -> MarketRead:
    sqrt = sqrt_of(price)
    x18 = ticks.price_x18_of(sqrt)
    return MarketRead(
        base_token=base, timestamp=at, sqrt_price_x96=sqrt, tick=ticks.tick_at(sqrt), liquidity=_DEPTH, short_twap_x96=sqrt,
        long_twap_x96=sqrt, premium_twap_x96=sqrt, funding_twap_x96=sqrt, index_x18=x18, premium_index_x18=x18, funding_index_x18=x18,
        status=0, stopped_at=0, stopped_price_x18=0,
    )  # fmt: skip
