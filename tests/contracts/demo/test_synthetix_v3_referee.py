"""What a referee takes from the views of Synthetix V3."""

from contracts.demo.ledger import Ledger, Margin
from contracts.demo.synthetix_v3_referee import note
from contracts.devnet.synthetix_v3 import AccountView


def _view(*, liquidatable: bool = False, margin_liquidatable: bool = False) -> AccountView:
    return AccountView(7, 20, 10, 1, liquidatable, margin_liquidatable, 0)


def test_either_verdict_of_the_contract_counts() -> None:
    ledger = Ledger()
    note(ledger, 4, {1: _view(), 2: _view(liquidatable=True), 3: _view(margin_liquidatable=True)}, [2])
    assert (ledger.breached, ledger.flagged) == ({"2": [4], "3": [4]}, {"2": [4]})


def test_the_requirement_is_the_maintenance_one() -> None:
    ledger = Ledger()
    note(ledger, 4, {1: _view()}, [])
    assert ledger.margins == {("1", 4): Margin(7, 10)}
