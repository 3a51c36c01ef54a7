"""A real update of 2 July 2024 (BTC/USD), as the guardians of Wormhole's mainnet signed it and Pyth's contracts accepted it."""

from pathlib import Path

import pytest

from keeper.domain.parse import address
from keeper.domain.quote import PriceId, QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.update_reader import UpdateReader

UPDATE = bytes.fromhex((Path(__file__).parent / "recorded" / "btc_usd_2024_07_02.hex").read_text())
SET_4 = GuardianSet(
    4,
    tuple(
        address(guardian)
        for guardian in (
            "0x5893B5A76c3f739645648885bDCcC06cd70a3Cd3",
            "0xfF6CB952589BDE862c25Ef4392132fb9D4A42157",
            "0x114De8460193bdf3A2fCf81f86a09765F4762fD1",
            "0x107A0086b32d7A0977926A205131d8731D39cbEB",
            "0x8C82B2fd82FaeD2711d59AF0F2499D16e726f6b2",
            "0x11b39756C042441BE6D8650b69b54EbE715E2343",
            "0x54Ce5B4D348fb74B958e8966e2ec3dBd4958a7cd",
            "0x15e7cAF07C4e3DC8e7C469f92C8Cd88FB8005a20",
            "0x74a3bf913953D695260D88BC1aA25A4eeE363ef0",
            "0x000aC0076727b35FBea2dAc28fEE5cCB0fEA768e",
            "0xAF45Ced136b9D9e24903464AE889F5C8a723FC14",
            "0xf93124b7c738843CBB89E864c862c38cddCccF95",
            "0xD2CC37A4dc036a8D232b48f62cDD4731412f4890",
            "0xDA798F6896A3331F64b48c12D1D57Fd9cbe70811",
            "0x71AA1BE1D36CaFE3867910F99C09e347899C19C3",
            "0x8192b6E7387CCd768277c17DAb1b7a5027c0b3Cf",
            "0x178e21ad2E77AE06711549CFBB1f9c7a9d8096e8",
            "0x5E1487F35515d02A92753504a8D75471b9f49EdB",
            "0x6FbEBc898F403E4773E95feB15E80C9A99c8348d",
        )
    ),
)
"""Wormhole's mainnet guardians from 2024 to 2025. Sets follow one another: what is in force is asked of the chain."""


def test_the_real_update_is_read_and_its_thirteen_signatures_hold() -> None:
    (price,) = UpdateReader(SET_4).prices(UPDATE)
    message = price.message
    assert message.price_id == PriceId("0xe62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43")
    assert (message.price_raw, message.confidence_raw, message.exponent) == (0x5B1E91F689F, 0x1EF09F685, -8)
    assert (message.publish_time, message.previous_publish_time) == (1_719_918_701, 1_719_918_701)
    assert (message.ema_price_raw, message.ema_confidence_raw) == (0x5B1C7014720, 0x1D11A4604)
    assert price.payload == UPDATE, "it holds one message only"


@pytest.mark.parametrize("place", [0, 1, 18])
def test_a_signature_of_another_guardian_is_refused(place: int) -> None:
    """13 signatures are just the quorum of 19: each one counts."""
    others = (*SET_4.guardians[:place], address("0x" + "11" * 20), *SET_4.guardians[place + 1 :])
    with pytest.raises(BadUpdate) as caught:
        UpdateReader(GuardianSet(4, others)).prices(UPDATE)
    assert caught.value.reason is QuoteRefusal.SIGNATURE
