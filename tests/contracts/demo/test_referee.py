"""What a referee takes from the views of Perp V2."""

from contracts.demo.ledger import Ledger, Margin
from contracts.demo.referee import note
from contracts.devnet import AccountView


def test_whoever_is_below_the_requirement_is_liquidatable_if_there_is_a_position() -> None:
    ledger = Ledger()
    note(ledger, 1, {"0xA": AccountView(-5, 0, None), "0xB": AccountView(3, 4, None), "0xC": AccountView(4, 4, None)})
    assert ledger.breached == {"0xb": [1]}
    assert ledger.margins == {("0xa", 1): Margin(-5, 0), ("0xb", 1): Margin(3, 4), ("0xc", 1): Margin(4, 4)}
