"""Events that come as logs: the fields of the Solidity event, in its order. Those that set parameters are in parameter_events.

Amounts, prices and ratios have 18 decimals; addresses and bytes32 are lower-case hex; ids are integers."""

from dataclasses import dataclass

from keeper.domain.venue import Event
from keeper.venues.synthetix_v3.account_event import AccountEvent


@dataclass(frozen=True, slots=True)
class AccountCreated(AccountEvent):
    """A new account, owned by whoever holds its NFT."""

    account_id: int
    owner: str


@dataclass(frozen=True, slots=True)
class CollateralModified(AccountEvent):
    """PerpsAccountModule: collateral put in (+) or taken out (-)."""

    account_id: int
    collateral_id: int
    amount_delta: int
    sender: str


@dataclass(frozen=True, slots=True)
class DebtPaid(AccountEvent):
    """PerpsAccountModule: debt that somebody paid in snxUSD from his own wallet."""

    account_id: int
    amount: int
    sender: str


@dataclass(frozen=True, slots=True)
class OrderCommitted(AccountEvent):
    """AsyncOrderModule: one pending order per account. The market's funding was recomputed at the oracle's price."""

    market_id: int
    account_id: int
    order_type: int
    size_delta: int
    acceptable_price: int
    commitment_time: int
    expected_price_time: int
    settlement_time: int
    expiration_time: int
    tracking_code: str
    sender: str


@dataclass(frozen=True, slots=True)
class PreviousOrderExpired(AccountEvent):
    """AsyncOrderModule: the account's expired order gives way to a new one."""

    market_id: int
    account_id: int
    size_delta: int
    acceptable_price: int
    commitment_time: int
    tracking_code: str


@dataclass(frozen=True, slots=True)
class OrderSettled(AccountEvent):
    """AsyncOrderSettlementPythModule: the account was charged `pnl - total_fees`, its position is `new_size` at `fill_price`."""

    market_id: int
    account_id: int
    fill_price: int
    pnl: int
    accrued_funding: int
    size_delta: int
    new_size: int
    total_fees: int
    referral_fees: int
    collected_fees: int
    settlement_reward: int
    tracking_code: str
    settler: str


@dataclass(frozen=True, slots=True)
class OrderCancelled(AccountEvent):
    """AsyncOrderCancelModule: the account was charged the settlement reward."""

    market_id: int
    account_id: int
    desired_price: int
    fill_price: int
    size_delta: int
    settlement_reward: int
    tracking_code: str
    settler: str


@dataclass(frozen=True, slots=True)
class AccountCharged(AccountEvent):
    """What an order brought (+) or cost; the settled order tells the same. Of a cancelled order the sign is wrong: the reward stands here
    as a credit. Without effect of its own on the book."""

    account_id: int
    amount: int
    account_debt: int


@dataclass(frozen=True, slots=True)
class InterestCharged(AccountEvent):
    """AsyncOrderSettlementPythModule: interest inside the settled order's pnl. Without effect of its own on the book."""

    account_id: int
    interest: int


@dataclass(frozen=True, slots=True)
class MarketUpdated(Event):
    """A market after a trade or a liquidation; its funding was recomputed at `price`, and interest up to the block's time."""

    market_id: int
    price: int
    skew: int
    size: int
    size_delta: int
    current_funding_rate: int
    current_funding_velocity: int
    interest_rate: int


@dataclass(frozen=True, slots=True)
class InterestRateUpdated(Event):
    """PerpsAccountModule.payDebt and GlobalPerpsMarketModule.updateInterestRate: interest was accrued up to the block's time."""

    super_market_id: int
    interest_rate: int


@dataclass(frozen=True, slots=True)
class AccountFlaggedForLiquidation(AccountEvent):
    """LiquidationModule: collateral is seized, debt and order are gone. The maintenance margin is without the reward; `flag_reward`
    is the flag cost."""

    account_id: int
    available_margin: int
    required_maintenance_margin: int
    liquidation_reward: int
    flag_reward: int


@dataclass(frozen=True, slots=True)
class PositionLiquidated(AccountEvent):
    """LiquidationModule: the part of a position that the market's window allowed."""

    account_id: int
    market_id: int
    amount_liquidated: int
    current_position_size: int


@dataclass(frozen=True, slots=True)
class AccountLiquidationAttempt(AccountEvent):
    """LiquidationModule: what the keeper got. Every market the account is in had its funding recomputed, also where nothing was
    liquidated."""

    account_id: int
    reward: int
    full_liquidation: bool


@dataclass(frozen=True, slots=True)
class AccountMarginLiquidation(AccountEvent):
    """LiquidationModule.liquidateMarginOnly: collateral is seized, debt is gone."""

    account_id: int
    seized_margin_value: int
    liquidation_reward: int


@dataclass(frozen=True, slots=True)
class PriceFeedUpdate(Event):
    """Pyth: a newer price was stored, in the feed's own decimals."""

    price_id: str
    publish_time: int
    price: int
    conf: int


@dataclass(frozen=True, slots=True)
class NodeRegistered(Event):
    """Oracle manager: how a price is made. `parameters` is the ABI encoding the node's type calls for; parents are node ids."""

    node_id: str
    node_type: int
    parameters: str
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UsdMinted(Event):
    """snxUSD: issued to a receiver. Rewards are paid so."""

    receiver: str
    amount: int
