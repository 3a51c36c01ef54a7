"""Keys and labels: the chain is named where the name alone would be taken for another's."""

from pathlib import Path

from analytics.answers.identity import MarketKey, VenueLabels, venue_labels
from analytics.lake import open_lake
from tests.analytics.two_chains import FIRST, LABELS, SECOND

LABELLED = VenueLabels(frozenset({"twin"}))


def test_the_chain_stands_in_a_label_where_the_name_is_on_several() -> None:
    assert [LABELLED.of(10, name) for name in ("twin", "lone")] == ["twin (chain 10)", "lone"]
    assert LABELLED.of_row({"chain_id": 11, "venue": "twin", "market": "ETH"}) == "twin (chain 11)"


def test_a_recording_has_no_chain_to_name() -> None:
    assert LABELLED.of(None, "twin") == "twin"


def test_a_market_is_called_by_its_venue_too_where_others_have_its_name() -> None:
    keys = [MarketKey(10, "twin", "ETH"), MarketKey(11, "twin", "ETH"), MarketKey(10, "lone", "BTC")]
    assert list(LABELLED.of_markets(keys).values()) == ["ETH of twin (chain 10)", "ETH of twin (chain 11)", "BTC"]


def test_the_labels_of_a_lake_are_those_of_all_that_was_committed(two_chains: Path, cascade: Path, nothing: Path) -> None:
    expected = {two_chains: LABELS, cascade: ["perp_v2", "perp_v2"], nothing: ["perp_v2", "perp_v2"]}
    for directory, labels in expected.items():
        with open_lake(directory) as lake:
            assert [venue_labels(lake).of(chain, "perp_v2") for chain in (FIRST, SECOND)] == labels
