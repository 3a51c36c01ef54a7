"""The L1 data fee of the OP Stack, on published receipts and on op-geth's own vectors."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import CallResult
from keeper.domain.data_fee import GAS_PRICE_ORACLE, DataFee, compressed_size, optimism
from tests.keeper.engine.fakes import FakeChain, block_ref

_RECEIPTS = json.loads((Path(__file__).parent / "op_stack_receipts.json").read_text())
"""Signed transactions of OP Mainnet and Base with what their receipts say."""


@pytest.mark.parametrize("name", list(_RECEIPTS))
def test_a_published_receipt_says_what_we_compute(name: str) -> None:
    receipt = _RECEIPTS[name]
    prices = DataFee(receipt["l1GasPrice"], receipt["l1BlobBaseFee"], receipt["l1BaseFeeScalar"], receipt["l1BlobBaseFeeScalar"])
    assert prices.of_size(compressed_size(bytes.fromhex(receipt["raw"]))) == receipt["l1Fee"]


_CALL = (
    "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8e41ef24f3f"
    "000000000000000000000000000000000000000000000000000000000000006e000000000000000000000000af88d065e77c8cc2239327c5edb3a432268e5831"
    "000000000000000000000000000000000000000000000000000000000003c1e500000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000a000000000000000000000000000000000000000000000000000000000"
    "00000000148c89ed219d02f1a5be012c689b4f5b731827bebe000000000000000000000000c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f4"
    "93ebd5ad77c497f8a07cdf65680e238392693019b4092f610222e71b7cec06449cb922b93b6a12744e"
)
"""OP Mainnet transaction 0x8eb9dd4eb6d33f4dc25fb015919e4b1e9f7542f9b0322bf6622e268cd116b594."""


@pytest.mark.parametrize(
    ("data", "size"),
    [(b"", 0), (b"\x01" * 1000, 21), (bytes(1000), 21), (bytes.fromhex(_CALL), 202)],
    ids=["none", "ones", "zeros", "call"],
)
def test_op_geths_vectors_of_the_compressed_size(data: bytes, size: int) -> None:
    assert compressed_size(data) == size


def test_a_small_transaction_pays_for_a_hundred_bytes() -> None:
    assert DataFee(10**9, 10**7, 2, 3).of_size(31) == 3_203_000
    assert DataFee(10**9, 10**7, 2, 3).of_size(68) == 3_203_000


@given(st.binary(max_size=600), st.integers(0, 40))
def test_no_data_is_told_in_more_than_literals(data: bytes, repeated: int) -> None:
    """And repeating it costs less than telling it again."""
    size = compressed_size(data)
    assert size <= len(data) + -(-len(data) // 32)
    assert compressed_size(data * repeated) <= len(data) * repeated + -(-len(data) * repeated // 32)


def test_prices_survive_the_lake() -> None:
    prices = DataFee(2**70, 1, 5_227, 1_014_213)
    assert DataFee.of_json(prices.to_json()) == prices


def test_the_oracle_is_asked_for_four_words() -> None:
    question = optimism()
    calls = next(question)
    assert [call.to for call in calls] == [GAS_PRICE_ORACLE] * 4
    with pytest.raises(StopIteration) as end:
        question.send([CallResult(True, number.to_bytes(32)) for number in (5, 6, 7, 8)])
    assert end.value.value == DataFee(5, 6, 7, 8)


def test_a_chain_without_the_oracle_answers_nothing() -> None:
    assert asyncio.run(FakeChain(view=b"").run(optimism(), block_ref(1))) is None
