"""Which log of which contract is which event, in the words of the ABI (npm @synthetixio/perps-market 3.13.0, which the live markets have).

A test holds these against the ABI: every event the perps market can emit is either here or among `WITHOUT_EFFECT`."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3.events import LogEvent

MARKET_CREATED = "MarketCreated(uint128 indexed perpsMarketId,string marketName,string marketSymbol)"
TRANSFER = "Transfer(address indexed from,address indexed to,uint256 value)"
_STRATEGY = "(uint8,uint256,uint256,address,bytes32,uint256,bool,uint256)"
"""SettlementStrategy.Data."""
_NOBODY = "0x" + "00" * 20

Make: TypeAlias = Callable[..., LogEvent | None]
"""Takes the event's arguments in the ABI's order; None where this log of the event is nothing to the venue."""


def _minted(sender: str, receiver: str, amount: int) -> log.UsdMinted | None:
    return log.UsdMinted(receiver, amount) if sender == _NOBODY else None


PERPS_MARKET: tuple[tuple[str, Make], ...] = (
    ("AccountCreated(uint128 indexed accountId,address indexed owner)", log.AccountCreated),
    (
        "CollateralModified(uint128 indexed accountId,uint128 indexed collateralId,int256 amountDelta,address indexed sender)",
        log.CollateralModified,
    ),
    ("DebtPaid(uint128 indexed accountId,uint256 amount,address indexed sender)", log.DebtPaid),
    (
        "OrderCommitted(uint128 indexed marketId,uint128 indexed accountId,uint8 orderType,int128 sizeDelta,uint256 acceptablePrice,"
        "uint256 commitmentTime,uint256 expectedPriceTime,uint256 settlementTime,uint256 expirationTime,bytes32 indexed trackingCode,"
        "address sender)",
        log.OrderCommitted,
    ),
    (
        "PreviousOrderExpired(uint128 indexed marketId,uint128 indexed accountId,int128 sizeDelta,uint256 acceptablePrice,"
        "uint256 commitmentTime,bytes32 indexed trackingCode)",
        log.PreviousOrderExpired,
    ),
    (
        "OrderSettled(uint128 indexed marketId,uint128 indexed accountId,uint256 fillPrice,int256 pnl,int256 accruedFunding,"
        "int128 sizeDelta,int128 newSize,uint256 totalFees,uint256 referralFees,uint256 collectedFees,uint256 settlementReward,"
        "bytes32 indexed trackingCode,address settler)",
        log.OrderSettled,
    ),
    (
        "OrderCancelled(uint128 indexed marketId,uint128 indexed accountId,uint256 desiredPrice,uint256 fillPrice,int128 sizeDelta,"
        "uint256 settlementReward,bytes32 indexed trackingCode,address settler)",
        log.OrderCancelled,
    ),
    ("AccountCharged(uint128 accountId,int256 amount,uint256 accountDebt)", log.AccountCharged),
    ("InterestCharged(uint128 indexed accountId,uint256 interest)", log.InterestCharged),
    (
        "MarketUpdated(uint128 marketId,uint256 price,int256 skew,uint256 size,int256 sizeDelta,int256 currentFundingRate,"
        "int256 currentFundingVelocity,uint128 interestRate)",
        log.MarketUpdated,
    ),
    ("InterestRateUpdated(uint128 indexed superMarketId,uint128 interestRate)", log.InterestRateUpdated),
    (
        "AccountFlaggedForLiquidation(uint128 indexed accountId,int256 availableMargin,uint256 requiredMaintenanceMargin,"
        "uint256 liquidationReward,uint256 flagReward)",
        log.AccountFlaggedForLiquidation,
    ),
    (
        "PositionLiquidated(uint128 indexed accountId,uint128 indexed marketId,uint256 amountLiquidated,int128 currentPositionSize)",
        log.PositionLiquidated,
    ),
    ("AccountLiquidationAttempt(uint128 indexed accountId,uint256 reward,bool fullLiquidation)", log.AccountLiquidationAttempt),
    (
        "AccountMarginLiquidation(uint128 indexed accountId,uint256 seizedMarginValue,uint256 liquidationReward)",
        log.AccountMarginLiquidation,
    ),
    (MARKET_CREATED, parameter.MarketCreated),
    ("MarketPriceDataUpdated(uint128 indexed marketId,bytes32 feedId,uint256 strictStalenessTolerance)", parameter.MarketPriceDataUpdated),
    ("OrderFeesSet(uint128 indexed marketId,uint256 makerFeeRatio,uint256 takerFeeRatio)", parameter.OrderFeesSet),
    ("FundingParametersSet(uint128 indexed marketId,uint256 skewScale,uint256 maxFundingVelocity)", parameter.FundingParametersSet),
    (
        "LiquidationParametersSet(uint128 indexed marketId,uint256 initialMarginRatioD18,uint256 maintenanceMarginRatioD18,"
        "uint256 minimumInitialMarginRatioD18,uint256 flagRewardRatioD18,uint256 minimumPositionMargin)",
        parameter.LiquidationParametersSet,
    ),
    (
        "MaxLiquidationParametersSet(uint128 indexed marketId,uint256 maxLiquidationLimitAccumulationMultiplier,"
        "uint256 maxSecondsInLiquidationWindow,uint256 maxLiquidationPd,address endorsedLiquidator)",
        parameter.MaxLiquidationParametersSet,
    ),
    ("LockedOiRatioSet(uint128 indexed marketId,uint256 lockedOiRatioD18)", parameter.LockedOiRatioSet),
    (
        "CollateralConfigurationSet(uint128 indexed collateralId,uint256 maxCollateralAmount,uint256 upperLimitDiscount,"
        "uint256 lowerLimitDiscount,uint256 discountScalar)",
        parameter.CollateralConfigurationSet,
    ),
    ("CollateralLiquidateRewardRatioSet(uint128 collateralLiquidateRewardRatioD18)", parameter.CollateralLiquidateRewardRatioSet),
    (
        "KeeperRewardGuardsSet(uint256 minKeeperRewardUsd,uint256 minKeeperProfitRatioD18,uint256 maxKeeperRewardUsd,"
        "uint256 maxKeeperScalingRatioD18)",
        parameter.KeeperRewardGuardsSet,
    ),
    ("KeeperCostNodeIdUpdated(bytes32 keeperCostNodeId)", parameter.KeeperCostNodeIdUpdated),
    (
        "InterestRateParametersSet(uint256 lowUtilizationInterestRateGradient,uint256 interestRateGradientBreakpoint,"
        "uint256 highUtilizationInterestRateGradient)",
        parameter.InterestRateParametersSet,
    ),
    ("FeatureFlagAllowAllSet(bytes32 indexed feature,bool allowAll)", parameter.FeatureFlagAllowAllSet),
    ("FeatureFlagDenyAllSet(bytes32 indexed feature,bool denyAll)", parameter.FeatureFlagDenyAllSet),
)
"""Events of the perps market that the venue knows. All logs of this contract are asked for."""

WITHOUT_EFFECT: tuple[str, ...] = (
    "FactoryInitialized(uint128 globalPerpsMarketId)",
    "MaxMarketSizeSet(uint128 indexed marketId,uint256 maxMarketSize)",
    "MaxMarketValueSet(uint128 indexed marketId,uint256 maxMarketValue)",
    f"SettlementStrategyAdded(uint128 indexed,{_STRATEGY},uint256 indexed)",
    f"SettlementStrategySet(uint128 indexed,uint256 indexed,{_STRATEGY})",
    "PerAccountCapsSet(uint128 maxPositionsPerAccount,uint128 maxCollateralsPerAccount)",
    "FeeCollectorSet(address feeCollector)",
    "ReferrerShareUpdated(address referrer,uint256 shareRatioD18)",
    "RewardDistributorRegistered(address distributor)",
    "FeatureFlagAllowlistAdded(bytes32 indexed feature,address account)",
    "FeatureFlagAllowlistRemoved(bytes32 indexed feature,address account)",
    "FeatureFlagDeniersReset(bytes32 indexed feature,address[] deniers)",
    "PermissionGranted(uint128 indexed accountId,bytes32 indexed permission,address indexed user,address sender)",
    "PermissionRevoked(uint128 indexed accountId,bytes32 indexed permission,address indexed user,address sender)",
    "AssociatedSystemSet(bytes32 indexed kind,bytes32 indexed id,address proxy,address impl)",
    "OwnerChanged(address oldOwner,address newOwner)",
    "OwnerNominated(address newOwner)",
    "Upgraded(address indexed self,address implementation)",
)
"""Events of the same contract that leave the book as it is."""

OTHERS: Mapping[str, tuple[str, Make]] = {
    "pyth": ("PriceFeedUpdate(bytes32 indexed id,uint64 publishTime,int64 price,uint64 conf)", log.PriceFeedUpdate),
    "oracle_manager": ("NodeRegistered(bytes32 nodeId,uint8 nodeType,bytes parameters,bytes32[] parents)", log.NodeRegistered),
    "usd_token": (TRANSFER, _minted),
}
"""Contract (the field of `Options`) -> the one event of it that is asked for."""
