"""The bid: what others pay, more for dearer jobs, never more than the job or the operator allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fee_policy import FeePolicy

WEI = st.integers(0, 10**12)
SHARE = st.integers(0, 10**6)
POLICY = FeePolicy(min_tip_wei=10, max_fee_wei=1_000)


@given(least=WEI, most=WEI, share=SHARE, base_fee=WEI, recent=st.none() | WEI, surplus=WEI, guarded=st.booleans())
def test_no_bid_is_above_what_the_operator_or_a_guarded_job_allows(
    least: int, most: int, share: int, base_fee: int, recent: int | None, surplus: int, guarded: bool
) -> None:
    """But for the least tip, which is always offered: the decision leaves a job that is not worth it."""
    policy = FeePolicy(least, most, share)
    tip = policy.tip_wei(base_fee, policy.market_tip_wei(recent), surplus, guarded=guarded)
    assert tip >= least
    assert tip == least or base_fee + tip <= most
    assert tip == least or not guarded or base_fee + tip <= surplus


@given(share=SHARE, base_fee=WEI, market=WEI, surplus=WEI, more=WEI, guarded=st.booleans())
def test_a_dearer_job_never_bids_less(share: int, base_fee: int, market: int, surplus: int, more: int, guarded: bool) -> None:
    policy = FeePolicy(0, 10**13, share)
    cheap, dear = (policy.tip_wei(base_fee, market, worth, guarded=guarded) for worth in (surplus, surplus + more))
    assert cheap <= dear


@pytest.mark.parametrize(
    ("surplus", "share_ppm", "guarded", "expected"),
    [
        (600, 0, True, 50),  # what others pay
        (600, 200_000, True, 100),  # a fifth of the 500 that are left above the base fee
        (600, 10**6, True, 500),  # all of it
        (260, 0, True, 16),  # the market is dearer than a tenth of what is left
        (60, 0, True, 10),  # not worth its base fee: left alone by the decision
        (60, 250_000, False, 50),  # of a job without a guard no profit is asked
        (10**6, 10**6, True, 900),  # the operator's highest fee
    ],
)
def test_the_bid_in_figures(surplus: int, share_ppm: int, guarded: bool, expected: int) -> None:
    """At a base fee of 100, where others pay 50 on top."""
    assert FeePolicy(10, 1_000, share_ppm).tip_wei(100, 50, surplus, guarded=guarded) == expected


def test_where_nobody_tells_what_others_pay_the_operators_tip_is_offered() -> None:
    assert [POLICY.market_tip_wei(tip) for tip in (None, 0, 9, 11)] == [10, 10, 10, 11]
