"""A run against rivals: shares, lateness and the reason of each loss."""

from __future__ import annotations

from contracts.demo.ledger import Ledger
from contracts.demo.rivalry import Loss, RivalFigures, rivalry
from contracts.demo.spread import Spread
from tests.contracts.demo.runs import NOTIONAL_USD, liquidation, run

_EXECUTOR, _OTHER = "0x1", "0x2"
_NAMES = {_EXECUTOR: "reacting", _OTHER: "sniping"}


def _lost(account: str, block: int, liquidator: str = _EXECUTOR) -> dict[str, object]:
    return liquidation(account, block, ours=False) | {"liquidator": liquidator}


def _missed(account: str, block: int | None, liquidator: str | None, reason: str, skip: str | None = None) -> dict[str, object]:
    return {"account": account, "liquidated_block": block, "liquidator": liquidator, "reason": reason, "last_skip": skip}


def test_everybody_has_a_share_of_all_liquidations_but_those_of_collateral() -> None:
    collateral = _lost("e", 9) | {"kind": "collateral"}
    one = run(liquidation("a", 6), liquidation("b", 7), _lost("c", 8), _lost("d", 9), collateral)
    result = rivalry(one, _NAMES, [])
    assert (result.keeper_share, result.keeper_notional_usd) == (0.5, 2 * NOTIONAL_USD)
    assert result.rivals == {
        "reacting": RivalFigures(2, 0.5, 2 * NOTIONAL_USD, Spread(0, 0, 0, 2)),
        "sniping": RivalFigures(0, 0.0, 0.0, Spread(0, 0, 0, 0)),
    }


def test_a_rival_is_late_as_the_keeper_is() -> None:
    breaches = Ledger(breached={"c": [5, 6, 7]})
    assert rivalry(run(_lost("c", 8), ledger=breaches), _NAMES, []).rivals["reacting"].blocks_late == Spread(3, 3, 3, 1)


def test_a_liquidation_by_anybody_starts_the_count_anew() -> None:
    breaches = Ledger(breached={"c": [5, 6, 7, 8]})
    one = run(_lost("c", 7), liquidation("c", 9), ledger=breaches)
    assert one.lateness() == [2]


def test_whom_a_rival_took_is_lost_and_not_missed() -> None:
    one = run(_lost("c", 7), ledger=Ledger(breached={"c": [5, 6], "d": [5, 6]}))
    rows = [_missed("c", 7, _EXECUTOR, "outbid"), _missed("d", None, None, "late")]
    result = rivalry(one, _NAMES, rows)
    assert one.missed() == ["d"]
    assert result.losses == [Loss("c", 7, "reacting", "outbid", None)]


def test_losses_are_counted_by_reason_the_most_frequent_first() -> None:
    rows = [
        _missed("a", 5, _EXECUTOR, "late"),
        _missed("b", 6, _OTHER, "unprofitable", "too_small"),
        _missed("c", 6, _EXECUTOR, "unprofitable", "unprofitable"),
    ]
    result = rivalry(run(), _NAMES, rows)
    assert list(result.reasons.items()) == [("unprofitable", 2), ("late", 1)]
    assert result.losses[1] == Loss("b", 6, "sniping", "unprofitable", "too_small")


def test_without_any_liquidation_nobody_has_a_share() -> None:
    assert rivalry(run(), _NAMES, []).keeper_share == 0.0
