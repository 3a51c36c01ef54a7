"""Synthetix Perps V3 as a scenario's ground."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial

from contracts.devnet import AnvilOptions
from contracts.devnet.anvil import Anvil
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.play import Driver
from contracts.devnet.price_service import price_service
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3 import (
    Habits,
    SynthetixDeployment,
    SynthetixDevnet,
    SynthetixDriver,
    account_views,
)
from tests.chaos.log import Log, topic_of
from tests.chaos.stage import Set, Stage

_FALLEN_BPS, _BPS = 8_800, 10_000
_SET_UP_SECONDS = 600
"""More than a set-up takes, in chain time."""
_SETTLE_BLOCKS = 5
"""Prices count as soon as they are there."""
_SETTLEMENT = "OrderSettled(uint128,uint128,uint256,int256,int256,int128,int128,uint256,uint256,uint256,uint256,bytes32,address)"
FLAG = "AccountFlaggedForLiquidation(uint128,int256,uint256,uint256,uint256)"
PART = "PositionLiquidated(uint128,uint128,uint256,int128)"
ATTEMPT = "AccountLiquidationAttempt(uint128,uint256,bool)"
_MARGIN_LIQUIDATION = "AccountMarginLiquidation(uint128,uint256,uint256)"
PRICE_UPDATE = "PriceFeedUpdate(bytes32,uint64,int64,uint64)"
_FLOWS = ("CollateralModified(uint128,uint128,int256,address)", "DebtPaid(uint128,uint256,address)")
_AGGREGATE = "aggregate3((address,bool,bytes)[])"


@dataclass(frozen=True, slots=True)
class SynthetixGround:
    """Satisfies `Ground`. An account is a number, named by its decimal text."""

    devnet: SynthetixDevnet
    habits: Habits
    price_service: str

    @property
    def anvil(self) -> Anvil:
        """The node."""
        return self.devnet.anvil

    @property
    def rpc(self) -> Rpc:
        """The devnet's own connection."""
        return self.devnet.rpc

    @property
    def deployment(self) -> SynthetixDeployment:
        """What stands on the chain."""
        return self.devnet.deployment

    @property
    def accounts(self) -> Sequence[str]:
        """Of all traders."""
        return [str(trader.account_id) for trader in self.deployment.traders]

    @property
    def contracts(self) -> frozenset[str]:
        """Everything that stands there but the synths."""
        return frozenset(str(address).lower() for address in asdict(self.deployment.contracts).values())

    @property
    def events(self) -> Mapping[str, Sequence[str]]:
        """Of the perps market, and of Pyth, whose stored price decides what funding comes to."""
        contracts = self.deployment.contracts
        return {
            contracts.perps_market: (
                *_FLOWS,
                _SETTLEMENT,
                FLAG,
                PART,
                ATTEMPT,
                _MARGIN_LIQUIDATION,
                "AccountCreated(uint128,address)",
                "AccountCharged(uint128,int256,uint256)",
                "OrderCommitted(uint128,uint128,uint8,int128,uint256,uint256,uint256,uint256,uint256,bytes32,address)",
                "OrderCancelled(uint128,uint128,uint256,uint256,int128,uint256,bytes32,address)",
                "MarketUpdated(uint128,uint256,int256,uint256,int256,int256,int256,uint128)",
                "InterestRateUpdated(uint128,uint128)",
            ),
            contracts.pyth: (PRICE_UPDATE,),
        }

    @property
    def trades(self) -> Sequence[str]:
        """A liquidation is none."""
        return (_SETTLEMENT,)

    @property
    def flows(self) -> Sequence[str]:
        """Collateral, and debt paid from outside."""
        return _FLOWS

    def driver(self) -> AbstractContextManager[Driver]:
        """See SynthetixDriver."""
        return SynthetixDriver(self.devnet.url, self.deployment, self.devnet.pythnet, self.habits)

    def liquidation_logs(self, logs: Sequence[Log]) -> Sequence[Log]:
        """One for each part of a position, for a margin without one, and for a call that only flagged."""
        parts = {topic_of(PART), topic_of(_MARGIN_LIQUIDATION)}
        chosen: list[Log] = []
        only_flagged = False
        for log in sorted(logs, key=lambda log: (log.block, log.index)):
            if log.topic in parts or (log.topic == topic_of(ATTEMPT) and only_flagged):
                chosen.append(log)
            only_flagged = log.topic == topic_of(FLAG) or (only_flagged and log.topic not in (*parts, topic_of(ATTEMPT)))
        return chosen

    def liquidated(self, log: Log) -> str | None:
        """The account that every event of a liquidation names first."""
        return str(int(log.topics[1], 16))

    def breached(self, rpc: Rpc, block: str) -> frozenset[str]:
        """But for flagged ones whose windows are full: they can only be waited for."""
        views = account_views(rpc, self.deployment, [int(account) for account in self.accounts], block)
        breached = {account for account, view in views.items() if view.liquidatable or view.margin_liquidatable}
        flagged = self.flagged(rpc, block)
        waiting = flagged - self._with_room(rpc, flagged, block)
        return frozenset(str(account) for account in breached - waiting)

    def due(self, rpc: Rpc, block: str) -> frozenset[str]:
        """All of them: nothing else keeps anybody from it."""
        return self.breached(rpc, block)

    def margins(self, rpc: Rpc, accounts: Sequence[str], block: str) -> Mapping[str, tuple[int, int]]:
        """Available margin, and maintenance margin with the reward."""
        views = account_views(rpc, self.deployment, [int(account) for account in accounts], block)
        return {str(account): (view.available_margin_18, view.maintenance_requirement_18) for account, view in views.items()}

    def flagged(self, rpc: Rpc, block: str) -> frozenset[int]:
        """Accounts between their flag and the end of their liquidation. Source: LiquidationModule.flaggedAccounts."""
        call = {"to": self.deployment.contracts.perps_market, "data": calldata("flaggedAccounts()")}
        return frozenset(returned(("uint256[]",), rpc.call("eth_call", call, block))[0])

    def _with_room(self, rpc: Rpc, accounts: frozenset[int], block: str) -> frozenset[int]:
        """Those with a position in a market whose window is not full. Sources: LiquidationModule.liquidationCapacity,
        PerpsAccountModule.getOpenPositionSize."""
        markets = [market.market_id for market in self.deployment.markets]
        places = [(account, market) for account in sorted(accounts) for market in markets]
        calls = [calldata("liquidationCapacity(uint128)", market) for market in markets]
        calls += [calldata("getOpenPositionSize(uint128,uint128)", *place) for place in places]
        answers = self._answers(rpc, calls, block)
        roomy = {market for market, answer in zip(markets, answers[: len(markets)], strict=True) if _is_some(answer)}
        sizes = zip(places, answers[len(markets) :], strict=True)
        return frozenset(account for (account, market), answer in sizes if _is_some(answer) and market in roomy)

    def _answers(self, rpc: Rpc, calls: Sequence[str], block: str) -> Sequence[bytes]:
        perps_market = self.deployment.contracts.perps_market
        batch = calldata(_AGGREGATE, [(perps_market, False, bytes.fromhex(call[2:])) for call in calls])
        answer = rpc.call("eth_call", {"to": self.deployment.multicall, "data": batch}, block)
        return [data for _, data in returned(("(bool,bytes)[]",), answer)[0]]


def _is_some(answer: bytes) -> bool:
    """Whether the first word is not zero."""
    return any(answer[:32])


def fallen(start_8: Mapping[str, int]) -> Mapping[str, int]:
    """Prices by market at which some are liquidatable, 8 decimals."""
    return {name: price_8 * _FALLEN_BPS // _BPS for name, price_8 in start_8.items()}


@contextmanager
def synthetix_v3_ground(
    options: AnvilOptions, seed: int, traders: int, habits: Habits | None = None, age_s: int = 0
) -> Iterator[SynthetixGround]:
    """A fresh one with its price service, gone afterwards. Its chain has reached the wall clock's time; with `age_s` (seconds) the prices
    on it are that old, and have fallen before anybody looked. Raises as SynthetixDevnet.up."""
    past = replace(options, timestamp=int(time.time()) - _SET_UP_SECONDS)
    with SynthetixDevnet.up(past, seed=seed, traders=traders) as devnet, price_service(devnet.pythnet) as service:
        ground = SynthetixGround(devnet, habits or Habits(), service)
        with SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet, ground.habits) as driver:
            if age_s:
                _fall_asleep(driver, ground, int(time.time()) - age_s)
            driver.step({}, int(time.time()))
        yield ground


def _fall_asleep(driver: SynthetixDriver, ground: SynthetixGround, timestamp: int) -> None:
    """Fallen prices are brought to the chain at that time, and none after them."""
    driver.publish(fallen(ground.deployment.start_prices_8()), timestamp)
    driver.queue_push()
    driver.step({}, timestamp)


def needs(
    endpoints: int = 1, traders: int = 40, habits: Habits | None = None, age_s: int = 0, settings: Mapping[str, str] | None = None
) -> Set:
    """A block a second, as signed prices are of the wall clock's time; `habits` and `age_s` as above."""
    ground = partial(synthetix_v3_ground, habits=habits, age_s=age_s)
    return Set(
        traders=traders,
        endpoints=endpoints,
        block_seconds=1,
        interval=1.0,
        settle_blocks=_SETTLE_BLOCKS,
        ground=ground,
        settings=settings or {},
    )


def ground_of(stage: Stage) -> SynthetixGround:
    """The stage's, with what only this venue has."""
    assert isinstance(stage.ground, SynthetixGround)
    return stage.ground
