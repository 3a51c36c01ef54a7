"""Settings in, or a clear word about what is wrong with them."""

import pytest

from keeper.domain.options import OptionError, build
from keeper.venues.perp_v2.options import Options
from tests.keeper.venues.perp_v2.books import ADDRESSES


def test_addresses_are_kept_in_one_spelling() -> None:
    """Lower case, as keys."""
    assert build(Options, ADDRESSES | {"vault": "0x" + "AB" * 20}).vault == "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        ({"vault": None}, "vault", "missing.*address of the deployment's Vault"),
        ({"order_book": None}, "order_book", "deployment's OrderBook"),
        ({"vault": "0x12"}, "vault", "not an address: '0x12'.*deployment's Vault"),
        ({"vualt": "0x"}, "vualt", "unknown"),
    ],
)
def test_every_fault_names_key_and_mend(change: dict[str, str | None], key: str, message: str) -> None:
    """Missing, misspelt, or not an address."""
    values = {name: value for name, value in (ADDRESSES | change).items() if value is not None}
    with pytest.raises(OptionError, match=message) as error:
        build(Options, values)
    assert error.value.key == key
