"""Which log of which contract is which event, in the words of the ABI (npm @perp/curie-contract 2.8.4).

A test holds these against the artifacts: every event a claimed contract can emit is either here or among `WITHOUT_EFFECT`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.events import LogEvent

POOL_ADDED = "PoolAdded(address indexed baseToken,uint24 indexed feeRatio,address indexed pool)"
COLLATERAL_ADDED = "CollateralAdded(address indexed token,address priceFeed,uint24 collateralRatio,uint24 discountRatio,uint256 depositCap)"
Make: TypeAlias = Callable[..., LogEvent]
"""Takes the event's arguments in the ABI's order, addresses as text, numbers as int."""


def _flag(name: str, value: int) -> Make:
    def make(account: str) -> LogEvent:
        return log.ConfigChanged(name, value)

    return make


def _config(name: str) -> Make:
    return partial(log.ConfigChanged, name)


def _market(name: str) -> Make:
    return partial(log.MarketConfigChanged, name)


def _collateral(name: str) -> Make:
    return partial(log.CollateralConfigChanged, name)


WITH_EFFECT: Mapping[str, tuple[tuple[str, Make], ...]] = {
    "clearing_house": (
        (
            "PositionChanged(address indexed trader,address indexed baseToken,int256 exchangedPositionSize,"
            "int256 exchangedPositionNotional,uint256 fee,int256 openNotional,int256 realizedPnl,uint256 sqrtPriceAfterX96)",
            log.PositionChanged,
        ),
        (
            "PositionLiquidated(address indexed trader,address indexed baseToken,uint256 positionNotional,"
            "uint256 positionSize,uint256 liquidationFee,address liquidator)",
            log.PositionLiquidated,
        ),
        (
            "PositionClosed(address indexed trader,address indexed baseToken,int256 closedPositionSize,"
            "int256 closedPositionNotional,int256 openNotional,int256 realizedPnl,uint256 closedPrice)",
            log.PositionClosed,
        ),
        ("FundingPaymentSettled(address indexed trader,address indexed baseToken,int256 fundingPayment)", log.FundingPaymentSettled),
        (
            "LiquidityChanged(address indexed maker,address indexed baseToken,address indexed quoteToken,int24 lowerTick,"
            "int24 upperTick,int256 base,int256 quote,int128 liquidity,uint256 quoteFee)",
            log.LiquidityChanged,
        ),
        ("Paused(address account)", _flag("clearing_house_paused", 1)),
        ("Unpaused(address account)", _flag("clearing_house_paused", 0)),
    ),
    "account_balance": (("PnlRealized(address indexed trader,int256 amount)", log.PnlRealized),),
    "vault": (
        ("Deposited(address indexed collateralToken,address indexed trader,uint256 amount)", log.Deposited),
        ("Withdrawn(address indexed collateralToken,address indexed trader,uint256 amount)", log.Withdrawn),
        (
            "CollateralLiquidated(address indexed trader,address indexed collateralToken,address indexed liquidator,"
            "uint256 collateral,uint256 repaidSettlementWithoutInsuranceFundFeeX10_S,uint256 insuranceFundFeeX10_S,uint24 discountRatio)",
            log.CollateralLiquidated,
        ),
        ("BadDebtSettled(address indexed trader,uint256 amount)", log.BadDebtSettled),
        ("Paused(address account)", _flag("vault_paused", 1)),
        ("Unpaused(address account)", _flag("vault_paused", 0)),
    ),
    "exchange": (
        ("FundingUpdated(address indexed baseToken,uint256 marketTwap,uint256 indexTwap)", log.FundingUpdated),
        ("MaxTickCrossedWithinBlockChanged(address indexed baseToken,uint24 maxTickCrossedWithinBlock)", _market("max_tick_crossed")),
    ),
    "market_registry": (
        (POOL_ADDED, log.PoolAdded),
        ("FeeRatioChanged(address baseToken,uint24 feeRatio)", _market("exchange_fee_ratio")),
        ("InsuranceFundFeeRatioChanged(address baseToken,uint24 feeRatio)", _market("insurance_fund_fee_ratio")),
        ("MarketMaxPriceSpreadRatioChanged(address indexed baseToken,uint24 spreadRatio)", _market("max_spread_ratio")),
    ),
    "clearing_house_config": (
        ("LiquidationPenaltyRatioChanged(uint24 liquidationPenaltyRatio)", _config("liquidation_penalty_ratio")),
        ("TwapIntervalChanged(uint256 twapInterval)", _config("twap_interval")),
        ("MaxFundingRateChanged(uint24 rate)", _config("max_funding_rate")),
        ("MarkPriceMarketTwapIntervalChanged(uint32 twapInterval)", _config("mark_twap_interval")),
        ("MarkPricePremiumIntervalChanged(uint32 premiumInterval)", _config("premium_interval")),
    ),
    "collateral_manager": (
        (
            COLLATERAL_ADDED,
            log.CollateralAdded,
        ),
        ("PriceFeedChanged(address indexed token,address priceFeed)", log.PriceFeedChanged),
        ("CollateralRatioChanged(address indexed token,uint24 collateralRatio)", _collateral("collateral_ratio")),
        ("DiscountRatioChanged(address indexed token,uint24 discountRatio)", _collateral("discount_ratio")),
        ("MmRatioBufferChanged(uint24 mmRatioBuffer)", _config("mm_ratio_buffer")),
        ("DebtNonSettlementTokenValueRatioChanged(uint24 debtNonSettlementTokenValueRatio)", _config("debt_ratio")),
        ("LiquidationRatioChanged(uint24 liquidationRatio)", _config("liquidation_ratio")),
        ("CLInsuranceFundFeeRatioChanged(uint24 clInsuranceFundFeeRatio)", _config("cl_insurance_fund_fee_ratio")),
        ("DebtThresholdChanged(uint256 debtThreshold)", _config("debt_threshold")),
        ("CollateralValueDustChanged(uint256 collateralValueDust)", _config("collateral_value_dust")),
        (
            "WhitelistedDebtThresholdChanged(address trader,uint256 whitelistedDebtThreshold)",
            log.WhitelistedDebtThresholdChanged,
        ),
    ),
}
"""Contract (the field of `Options`) -> its events that change the book. Only these contracts' logs are asked for."""

_OWNED = ("OwnershipTransferred(address indexed previousOwner,address indexed newOwner)",)
_CALLEE = ("ClearingHouseChanged(address indexed clearingHouse)",)
_PROXIED = (
    "Upgraded(address indexed implementation)",
    "AdminChanged(address previousAdmin,address newAdmin)",
    "BeaconUpgraded(address indexed beacon)",
    "Initialized(uint8 version)",
)
"""EIP-1967 proxies, which stand in front of the contracts on mainnet, and newer initialisers."""
_FORWARDED = "TrustedForwarderUpdated(address trustedForwarder)"

WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = {
    "clearing_house": (
        *_OWNED,
        *_PROXIED,
        _FORWARDED,
        "TrustedForwarderChanged(address indexed forwarder)",
        "DelegateApprovalChanged(address indexed delegateApproval)",
        "ReferredPositionChanged(bytes32 indexed referralCode)",
    ),
    "account_balance": (*_OWNED, *_PROXIED, *_CALLEE, "VaultChanged(address indexed vault)"),
    "vault": (
        *_OWNED,
        *_PROXIED,
        *_CALLEE,
        _FORWARDED,
        "TrustedForwarderChanged(address indexed trustedForwarder)",
        "CollateralManagerChanged(address indexed collateralManager)",
        "WETH9Changed(address indexed WETH9)",
    ),
    "exchange": (*_OWNED, *_PROXIED, *_CALLEE, "AccountBalanceChanged(address accountBalance)"),
    "market_registry": (
        *_OWNED,
        *_PROXIED,
        *_CALLEE,
        "FeeDiscountRatioChanged(address indexed trader,uint24 discountRatio)",
        "FeeManagerChanged(address account,bool isFeeManager)",
        "MaxOrdersPerMarketChanged(uint8 maxOrdersPerMarket)",
    ),
    "clearing_house_config": (
        *_OWNED,
        *_PROXIED,
        "MaxMarketsPerAccountChanged(uint8 maxMarketsPerAccount)",
        "PartialCloseRatioChanged(uint24 partialCloseRatio)",
        "SettlementTokenBalanceCapChanged(uint256 cap)",
    ),
    "collateral_manager": (
        *_OWNED,
        *_PROXIED,
        "Paused(address account)",
        "Unpaused(address account)",
        "ClearingHouseConfigChanged(address indexed clearingHouseConfig)",
        "DepositCapChanged(address indexed token,uint256 depositCap)",
        "MaxCollateralTokensPerAccountChanged(uint8 maxCollateralTokensPerAccount)",
        "VaultChanged(address indexed vault)",
    ),
}
"""Events of the same contracts that leave the book as it is."""
