"""Start-up: checks that the addresses are the contracts the settings take them for, and reads the parameters no event tells.

The values are those of the block it is pinned to. Replaying the change events of earlier blocks afterwards ends at the same values;
only funding of blocks before a change of the funding parameters, or before a market was paused, is then computed with the later ones,
which `resync` sets right."""

from collections.abc import Sequence
from dataclasses import asdict

from keeper.domain.calldata import Encoder, address, number
from keeper.domain.chain import CallResult, Reads
from keeper.errors import ConfigError
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.read_events import ConfigRead

_WIRING = (
    ("clearing_house", "getVault()", "vault"),
    ("clearing_house", "getExchange()", "exchange"),
    ("clearing_house", "getOrderBook()", "order_book"),
    ("clearing_house", "getAccountBalance()", "account_balance"),
    ("clearing_house", "getClearingHouseConfig()", "clearing_house_config"),
    ("account_balance", "getVault()", "vault"),
    ("account_balance", "getOrderBook()", "order_book"),
    ("vault", "getInsuranceFund()", "insurance_fund"),
    ("vault", "getCollateralManager()", "collateral_manager"),
    ("vault", "getClearingHouse()", "clearing_house"),
    ("exchange", "getAccountBalance()", "account_balance"),
    ("order_book", "getExchange()", "exchange"),
    ("collateral_manager", "getVault()", "vault"),
    ("collateral_manager", "getClearingHouseConfig()", "clearing_house_config"),
    ("insurance_fund", "getVault()", "vault"),
)
"""(contract, getter, the contract it must answer with)."""
_OF_CONFIG = ("getImRatio()", "getMmRatio()", "getLiquidationPenaltyRatio()", "getMaxFundingRate()", "getTwapInterval()")
_OF_COLLATERAL = (
    "getMmRatioBuffer()",
    "getDebtNonSettlementTokenValueRatio()",
    "getLiquidationRatio()",
    "getCLInsuranceFundFeeRatio()",
    "getDebtThreshold()",
    "getCollateralValueDust()",
)


def snapshot(options: Options, encoder: Encoder) -> Reads[Sequence[PerpEvent]]:
    """The parameters as one ConfigRead. Raises ConfigError naming the key and the mend."""
    addresses = asdict(options)
    wired = yield [encoder.call(addresses[contract], getter) for contract, getter, _ in _WIRING]
    for (contract, getter, expected), answer in zip(_WIRING, wired, strict=True):
        _check_wire(contract, getter, expected, answer, options)
    # The registry has no getter of another core contract, but it must trade against the same quote token.
    house, registry = yield [encoder.call(addresses[contract], "getQuoteToken()") for contract in ("clearing_house", "market_registry")]
    if house != registry:
        raise ConfigError(
            f"venues.perp_v2.market_registry {options.market_registry} belongs to another deployment: its quote token is not that of "
            f"clearing_house {options.clearing_house}. Set it to this deployment's MarketRegistry."
        )
    return [ConfigRead(*(yield from _read(options, encoder)))]


def _read(options: Options, encoder: Encoder) -> Reads[tuple[str, int, tuple[int, ...]]]:
    config, manager = options.clearing_house_config, options.collateral_manager
    calls = [encoder.call(config, signature) for signature in (*_OF_CONFIG, "getMarkPriceConfig()")]
    calls += [encoder.call(manager, signature) for signature in _OF_COLLATERAL]
    calls += [encoder.call(one, "paused()") for one in (options.clearing_house, options.vault)]
    calls += [encoder.call(options.vault, signature) for signature in ("getSettlementToken()", "decimals()")]
    answers = iter((yield calls))

    def take(count: int) -> list[CallResult]:
        return [next(answers) for _ in range(count)]

    simple = [_figure(answer, "clearing_house_config", options) for answer in take(len(_OF_CONFIG))]
    (mark_config,) = take(1)
    intervals = [_figure(mark_config, "clearing_house_config", options, index) for index in (0, 1)]
    collateral = [_figure(answer, "collateral_manager", options) for answer in take(len(_OF_COLLATERAL))]
    paused = [_figure(answer, key, options) for key, answer in zip(("clearing_house", "vault"), take(2), strict=True)]
    token, decimals = take(2)
    settlement = address(token)
    if settlement is None:
        raise _not_the_contract("vault", options)
    return settlement, _figure(decimals, "vault", options), (*simple, *intervals, *collateral, *paused)


def _check_wire(contract: str, getter: str, expected: str, answer: CallResult, options: Options) -> None:
    addresses = asdict(options)
    target = address(answer)
    if target is None:
        raise _not_the_contract(contract, options)
    if target != addresses[expected]:
        raise ConfigError(
            f"venues.perp_v2.{expected} is {addresses[expected]}, but {contract} {addresses[contract]} answers {target} to {getter}. "
            f"Take both from the same deployment."
        )


def _figure(answer: CallResult, contract: str, options: Options, index: int = 0) -> int:
    value = number(answer, index)
    if value is None:
        raise _not_the_contract(contract, options)
    return value


def _not_the_contract(contract: str, options: Options) -> ConfigError:
    return ConfigError(
        f"venues.perp_v2.{contract}: {asdict(options)[contract]} has no code at this block, or is another contract. "
        "Check the address and that rpc_urls of the chain lead to the chain it is deployed on."
    )
