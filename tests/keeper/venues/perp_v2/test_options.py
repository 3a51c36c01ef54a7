"""Settings in, or a clear word about what is wrong with them."""

import pytest

from keeper.errors import ConfigError
from keeper.venues.perp_v2.options import Options
from tests.keeper.venues.perp_v2.books import ADDRESSES


def test_addresses_are_kept_in_one_spelling() -> None:
    """Lower case, as keys."""
    options = Options.of(ADDRESSES | {"vault": "0x" + "AB" * 20})
    assert options.vault == "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vault": None}, r"venues\.perp_v2\.vault is missing\. Set it to the address of the deployment's Vault\."),
        ({"order_book": None}, r"deployment's OrderBook"),
        ({"vault": "0x12"}, r"venues\.perp_v2\.vault is not an address: '0x12'\. Write 0x and 40 hex digits\."),
        ({"vualt": "0x"}, r"venues\.perp_v2\.vualt is unknown\. Remove it; known are: clearing_house, "),
    ],
)
def test_every_fault_names_key_and_mend(change: dict[str, str | None], message: str) -> None:
    """Missing, misspelt, or not an address."""
    values = {key: value for key, value in (ADDRESSES | change).items() if value is not None}
    with pytest.raises(ConfigError, match=message):
        Options.of(values)
