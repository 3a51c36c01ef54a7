"""Start-up and per-block questions against a node written in ten lines."""

from collections.abc import Mapping
from typing import TypeVar

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.chain import Call, CallResult, Reads
from keeper.domain.chain_view import ChainMargins, ChainVerdict, Verdict
from keeper.domain.money import Usd18
from keeper.domain.options import build
from keeper.domain.venue import Event
from keeper.errors import ConfigError, StateDivergence
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2 import read_events as read
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.venue import PerpV2
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, BOB, CONFIG, ETH, QUOTE, USDC, WETH, Desk

T = TypeVar("T")

_OF_CONFIG = ("getImRatio()", "getMmRatio()", "getLiquidationPenaltyRatio()", "getMaxFundingRate()", "getTwapInterval()")
_OF_COLLATERAL = (
    "getMmRatioBuffer()",
    "getDebtNonSettlementTokenValueRatio()",
    "getLiquidationRatio()",
    "getCLInsuranceFundFeeRatio()",
    "getDebtThreshold()",
    "getCollateralValueDust()",
)
Answers = Mapping[tuple[str, str], bytes]
FAILED = CallResult(False, b"")


def run(reads: Reads[T], answers: Answers) -> tuple[T, list[int]]:
    """The result, and the size of each batch; what is not among the answers reverts."""
    selectors = {(to, keccak(text=signature)[:4]): data for (to, signature), data in answers.items()}
    batches: list[int] = []

    def answer(call: Call) -> CallResult:
        data = selectors.get((call.to, call.data[:4]))
        return FAILED if data is None else CallResult(True, data)

    try:
        calls = next(reads)
        while True:
            batches.append(len(calls))
            calls = reads.send([answer(call) for call in calls])
    except StopIteration as done:
        return done.value, batches


def word(value: int | str) -> bytes:
    return encode(["address" if isinstance(value, str) else "int256"], [value])


def deployment() -> dict[tuple[str, str], bytes]:
    """A deployment that is wired as the settings say."""
    at = ADDRESSES
    wires = {
        ("clearing_house", "getVault()"): "vault",
        ("clearing_house", "getExchange()"): "exchange",
        ("clearing_house", "getOrderBook()"): "order_book",
        ("clearing_house", "getAccountBalance()"): "account_balance",
        ("clearing_house", "getClearingHouseConfig()"): "clearing_house_config",
        ("account_balance", "getVault()"): "vault",
        ("account_balance", "getOrderBook()"): "order_book",
        ("vault", "getInsuranceFund()"): "insurance_fund",
        ("vault", "getCollateralManager()"): "collateral_manager",
        ("vault", "getClearingHouse()"): "clearing_house",
        ("exchange", "getAccountBalance()"): "account_balance",
        ("order_book", "getExchange()"): "exchange",
        ("collateral_manager", "getVault()"): "vault",
        ("collateral_manager", "getClearingHouseConfig()"): "clearing_house_config",
        ("insurance_fund", "getVault()"): "vault",
    }
    answers = {(at[contract], getter): word(at[expected]) for (contract, getter), expected in wires.items()}
    figures = {"clearing_house_config": _OF_CONFIG, "collateral_manager": _OF_COLLATERAL}
    values = iter((*CONFIG[:5], *CONFIG[7:13]))
    answers |= {(at[contract], getter): word(next(values)) for contract, getters in figures.items() for getter in getters}
    answers[(at["clearing_house_config"], "getMarkPriceConfig()")] = word(CONFIG[5]) + word(CONFIG[6])
    answers |= {(at[contract], "paused()"): word(0) for contract in ("clearing_house", "vault")}
    answers |= {(at[contract], "getQuoteToken()"): word(QUOTE) for contract in ("clearing_house", "market_registry")}
    answers[(at["vault"], "getSettlementToken()")] = word(USDC)
    answers[(at["vault"], "decimals()")] = word(6)
    return answers


def test_a_snapshot_is_one_event_of_all_parameters() -> None:
    """In the order of the config's fields."""
    events, _ = run(PerpV2(build(Options, ADDRESSES)).snapshot(), deployment())
    assert events == [read.ConfigRead(USDC, 6, CONFIG)]


@pytest.mark.parametrize(
    ("contract", "getter", "answer", "message"),
    [
        ("vault", "getInsuranceFund()", None, r"venues\.perp_v2\.vault: 0x0+3 has no code at this block"),
        ("collateral_manager", "getDebtThreshold()", None, r"venues\.perp_v2\.collateral_manager: .* no code"),
        ("exchange", "getAccountBalance()", b"", r"venues\.perp_v2\.exchange: .* no code"),
        ("market_registry", "getQuoteToken()", word(USDC), r"venues\.perp_v2\.market_registry 0x0+6 belongs to another deployment"),
        (
            "clearing_house",
            "getVault()",
            word(USDC),
            rf"venues\.perp_v2\.vault is 0x0+3, but clearing_house 0x0+1 answers {USDC} to getVault\(\)\. Take both from the same",
        ),
    ],
)
def test_wrong_addresses_are_named(contract: str, getter: str, answer: bytes | None, message: str) -> None:
    """Key and mend: no code, another contract, another deployment."""
    node = deployment()
    if answer is None:
        del node[(ADDRESSES[contract], getter)]
    else:
        node[(ADDRESSES[contract], getter)] = answer
    with pytest.raises(ConfigError, match=message):
        run(PerpV2(build(Options, ADDRESSES)).snapshot(), node)


def test_a_refresh_is_one_batch_however_many_accounts() -> None:
    """O(markets + collaterals); an unanswered price leaves the market without one, and nothing else fails."""
    desk = Desk()
    sizes = []
    for people in (0, 50):
        for number in range(people):
            desk.deposit(type(ALICE)(f"0x{number:040x}"), 5)
        events, batches = run(desk.venue.refresh(desk.book, desk.now), {(ETH, "isOpen()"): word(1)})
        sizes.append(batches)
        desk.apply(*events)
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) == 1
    assert desk.book.reads[desk.now].markets == {}
    assert desk.book.reads[desk.now].collaterals == {}


def test_new_markets_and_collaterals_are_described_with_the_next_refresh() -> None:
    """Their names and decimals are asked once."""
    desk = Desk()
    fresh = desk.venue.new_book()
    fresh.open_block(1, desk.now)
    for event in (read.ConfigRead(USDC, 6, CONFIG), *_added()):
        desk.venue.apply(event, fresh)
    name = encode(["string"], ["vDOGE"])
    answers = {
        (ETH, "symbol()"): name,
        (ETH, "isOpen()"): word(1),
        (WETH, "symbol()"): encode(["string"], ["WETH"]),
        (WETH, "decimals()"): word(18),
        (ADDRESSES["collateral_manager"], "getPriceFeedDecimals(address)"): word(8),
    }
    events, _ = run(desk.venue.refresh(fresh, desk.now), answers)
    assert read.MarketNamed(ETH, "DOGE") in events
    assert read.CollateralDescribed(WETH, "WETH", 18, 8) in events
    for event in events:
        desk.venue.apply(event, fresh)
    again, _ = run(desk.venue.refresh(fresh, desk.now), answers)
    assert not any(isinstance(event, (read.MarketNamed, read.CollateralDescribed)) for event in again)


def _added() -> list[Event]:
    return [log.PoolAdded(ETH, 10_000, "0x" + "f1" * 20), log.CollateralAdded(WETH, "0x" + "f2" * 20, 800_000, 100_000, 1)]


def test_only_makers_are_inspected() -> None:
    """Takers' figures are all in events: no call is made for them."""
    desk = Desk()
    desk.trade(BOB, 4, -10_000)
    with pytest.raises(StopIteration) as done:
        next(desk.venue.inspect([BOB], desk.book, desk.now))
    assert done.value.value == []
    desk.order(ALICE, 78_000, 79_000, 5, 1, 1)
    answers = {
        (ADDRESSES["order_book"], "getTotalQuoteBalanceAndPendingFee(address,address[])"): word(-1) + word(7),
        (ADDRESSES["exchange"], "getAllPendingFundingPayment(address)"): word(-9),
    }
    events, batches = run(desk.venue.inspect([ALICE, BOB], desk.book, desk.now), answers)
    assert events == [read.MakerRead(ALICE, desk.now, 7, -9)]
    assert batches == [2]


def test_resync_corrects_growth_and_nothing_else() -> None:
    """A position that differs in size is no matter of growth: the venue stops."""
    desk = Desk()
    desk.trade(ALICE, 4, -10_000)
    position = desk.book.accounts[ALICE].positions[ETH]
    told = (ADDRESSES["account_balance"], "getAccountInfo(address,address)")
    right = {told: word(position.size) + word(position.open_notional) + word(position.growth_x96 + 5)}
    events, batches = run(desk.venue.resync([ALICE, BOB], desk.book), right)
    assert events == [read.PositionGrowthRead(ALICE, ETH, 5), read.MarketGrowthRead(ETH, 5)]
    assert batches == [2]
    desk.apply(*events)
    assert run(desk.venue.resync([ALICE], desk.book), right)[0] == []
    wrong = {told: word(position.size + 1) + word(position.open_notional) + word(0)}
    with pytest.raises(StateDivergence, match=rf"{ALICE} in {ETH}: size"):
        run(desk.venue.resync([ALICE], desk.book), wrong)


def test_accounts_the_contract_cannot_value_are_unknown() -> None:
    """A reverting view is no figure, and says nothing of health."""
    desk = Desk()
    answers = {(ADDRESSES["clearing_house"], "getAccountValue(address)"): word(-5)}
    (view,), _ = run(desk.venue.chain_views([ALICE]), answers)
    assert view == ChainVerdict(ALICE, Verdict.UNKNOWN, "no reason given: an address without code, or out of gas")
    answers[(ADDRESSES["account_balance"], "getMarginRequirementForLiquidation(address)")] = word(3)
    assert run(desk.venue.chain_views([ALICE]), answers)[0] == [ChainMargins(ALICE, Usd18(-5), Usd18(3))]
