"""M0: both-sided logs are recognised, and the headline table of 21 March 2025 adds up."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.ledger import headlines, one_sided, overdrawn, parity, zero_pnl_excess

S2 = (("BTC", 78.47, 0.7925), ("ETH", 51.71, 0.7032), ("SOL", 15.00, 0.9235))


def test_one_sided_amount_and_count_of_10_october() -> None:
    assert one_sided(5.511, 2.103) == pytest.approx(3.807, abs=1e-9)
    assert round(one_sided(5.511, 2.103), 2) == 3.81
    assert one_sided(63_637, 34_983) == 49_310


def test_zero_pnl_rows_beside_the_prediction_of_a_doubled_log() -> None:
    pnl = np.concatenate([np.zeros(14_159), np.full(63_637 - 14_159, -1.0)])
    assert zero_pnl_excess(pnl, 63_637, 34_983) == (14_159, 14_327)


def test_a_log_printed_once_per_side_is_recognised() -> None:
    rng = np.random.default_rng(1)
    fills = rng.integers(0, 30, 400)
    assert parity(np.repeat(fills, 2), np.zeros(800, np.bool_)).both_sided is True
    assert parity(fills, np.zeros(400, np.bool_)).both_sided is False


def test_adl_rows_are_the_other_side_of_liquidation_rows() -> None:
    seconds = np.repeat(np.arange(10), 5)
    adl = np.tile([True, False, False, False, False], 10)
    assert parity(seconds, adl).with_adl_consistent == 0
    doubled = np.tile([True, False, False, False, True], 10)
    assert parity(seconds, doubled).with_adl_consistent == 0
    paired = parity(np.repeat(np.arange(10), 4), np.tile([True, False, False, False], 10))
    assert (paired.with_adl, paired.with_adl_consistent, paired.both_sided) == (10, 10, True)


def test_as_many_adl_as_liquidation_rows_are_consistent() -> None:
    assert parity(np.repeat(np.arange(9), 2), np.tile([True, False], 9)).with_adl_consistent == 9
    assert parity(np.repeat(np.arange(9), 3), np.tile([True, True, False], 9)).with_adl_consistent == 0


def test_few_seconds_prove_nothing() -> None:
    assert parity([1, 1, 2, 2], [False] * 4).both_sided is None


def test_blended_long_share_of_21_march_2025() -> None:
    notional = [part for _, total, share in S2 for part in (total * share, total * (1 - share))]
    side = [1, -1] * 3
    rows = headlines(notional, side, np.array(["exact"] * 6), np.array(["trader"] * 6), "24 h to 21 Mar 2025")
    assert len(rows) == 1
    total, share = rows[0].total.value, rows[0].long_share.value
    assert total == pytest.approx(145.18)
    assert share == pytest.approx(0.7742, abs=5e-5)
    assert total is not None
    assert share is not None
    assert total * share == pytest.approx(112.40, abs=5e-3)


def test_short_share_of_6_january_2026() -> None:
    assert pytest.approx(319.6, abs=0.06) == 415 * 0.77


def test_exact_sampled_trader_and_vault_are_never_added() -> None:
    quality = np.array(["exact", "sampled", "exact"])
    stage = np.array(["trader", "trader", "vault"])
    rows = headlines([10.0, 20.0, 30.0], [1, 1, -1], quality, stage, "w")
    assert [(row.quality, row.stage, row.total.value) for row in rows] == [
        ("exact", "vault", 30.0),
        ("sampled", "trader", 20.0),
        ("exact", "trader", 10.0),
    ]
    assert "inventory" in rows[0].total.caveat


def test_an_empty_ledger_has_no_headline() -> None:
    assert headlines([], [], np.array([], dtype=np.str_), np.array([], dtype=np.str_), "w") == ()


def test_more_victims_than_open_interest_fails_the_check(scope: Scope) -> None:
    value = overdrawn([60.0, 50.0], 100.0, 0.0, scope).value
    assert value is not None
    assert value > 1


def test_bad_ledgers_are_refused() -> None:
    with pytest.raises(ModelInputError, match="negative"):
        headlines([-1.0], [1], np.array(["exact"]), np.array(["trader"]), "w")
    with pytest.raises(ModelInputError, match="ADL"):
        one_sided(1, 2)
