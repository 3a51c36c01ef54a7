"""What the contracts revert with has a name."""

from collections.abc import Mapping

from keeper.domain.venue import Venue


def test_documented_reverts_have_names(venue: Venue, reverts: Mapping[str, bytes]) -> None:
    """The documentation's own, and more than that: what it means, or its arguments. No two are the same."""
    assert reverts
    reasons = {name: venue.revert_reason(payload) for name, payload in reverts.items()}
    assert [name for name, reason in reasons.items() if not reason.startswith(name) or reason == name] == []
    assert len(set(reasons.values())) == len(reasons)


def test_a_payload_of_nobodys_is_shown_as_it_is(venue: Venue) -> None:
    """An unknown revert is unknown."""
    assert venue.revert_reason(b"\1\2\3\4\5") == "0x0102030405"
