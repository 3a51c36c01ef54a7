"""The stand-in for Pyth on a chain: it takes what the guardian signed, and no other byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.devnet.accumulator import Accumulator, PriceMessage
from contracts.devnet.anvil import GENESIS_TIMESTAMP, Anvil, AnvilOptions
from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import calldata, constructor, returned
from contracts.devnet.chain import Chain
from contracts.devnet.guardian import PYTHNET_CHAIN, PYTHNET_EMITTER, Guardian
from contracts.devnet.pythnet import FeedPrice, Pythnet
from contracts.devnet.roles import OWNER
from contracts.devnet.rpc import Rpc, RpcError
from keeper.oracles.accumulator import AccumulatorUpdate
from tests.keeper.oracles.updates import slots

pytestmark = pytest.mark.fork
ETH, BTC = bytes([1]) * 32, bytes([2]) * 32
NOON = GENESIS_TIMESTAMP
FEE = 7
_ERRORS = ("InvalidUpdateData()", "InvalidWormholeVaa()", "InvalidUpdateDataSource()")
_PRICE = ("int64", "uint64", "int32", "uint256")
_UPDATE_EVENT = "0x" + keccak(text="PriceFeedUpdate(bytes32,uint64,int64,uint64)").hex()


@dataclass(frozen=True, slots=True)
class Contract:
    """A TestPyth on an anvil that mines when it is told to."""

    rpc: Rpc
    address: str

    def call(self, signature: str, *arguments: object, value: int = 0) -> str:
        """The result of a call at the newest block. Raises RpcError."""
        result: str = self.rpc.call("eth_call", self._transaction(calldata(signature, *arguments), value), "latest")
        return result

    def reason(self, signature: str, *arguments: object, value: int = 0) -> str:
        """The revert payload of a call."""
        with pytest.raises(RpcError) as caught:
            self.call(signature, *arguments, value=value)
        assert caught.value.data is not None
        return caught.value.data

    def send(self, signature: str, *arguments: object, value: int = 0) -> dict[str, Any]:
        """The receipt."""
        transaction = {**self._transaction(calldata(signature, *arguments), value), "gas": hex(3_000_000)}
        key = self.rpc.batch([("eth_sendTransaction", [transaction]), ("evm_mine", [])])[0]
        receipt: dict[str, Any] = self.rpc.call("eth_getTransactionReceipt", key)
        assert receipt["status"] == "0x1"
        return receipt

    def price(self, feed: bytes) -> tuple[Any, ...]:
        """What getPriceUnsafe says: price, confidence, exponent, publish time."""
        return returned(_PRICE, self.call("getPriceUnsafe(bytes32)", feed))

    def _transaction(self, data: str, value: int) -> dict[str, str]:
        return {"from": OWNER, "to": self.address, "data": data, "value": hex(value)}


@pytest.fixture
def pyth(anvil: Callable[[AnvilOptions], Anvil]) -> Iterator[Contract]:
    with Rpc(anvil(AnvilOptions(no_mining=True)).url) as rpc:
        chain = Chain.at_head(rpc)
        types = ("address", "uint256", "uint16", "bytes32")
        code = constructor(bytecode("devnet", "TestPyth"), types, Guardian().address, FEE, PYTHNET_CHAIN, PYTHNET_EMITTER)
        address = chain.create(OWNER, code, "TestPyth")
        chain.mine(chain.now + 1)
        yield Contract(rpc, address)


def _selector(error: str) -> str:
    return "0x" + keccak(text=error)[:4].hex()


def _net() -> Pythnet:
    net = Pythnet()
    net.publish({ETH: FeedPrice(2_000 * 10**8, -8, 3), BTC: FeedPrice(60_000, 0)}, NOON)
    return net


def test_the_newest_update_is_stored_and_told(pyth: Contract) -> None:
    update = _net().update([ETH, BTC])
    assert returned(("uint256",), pyth.call("getUpdateFee(bytes[])", [update])) == (2 * FEE,)
    receipt = pyth.send("updatePriceFeeds(bytes[])", [update], value=2 * FEE)
    assert [(log["topics"][0], log["topics"][1]) for log in receipt["logs"]] == [
        (_UPDATE_EVENT, "0x" + ETH.hex()),
        (_UPDATE_EVENT, "0x" + BTC.hex()),
    ]
    assert returned(("uint64", "int64", "uint64"), receipt["logs"][0]["data"]) == (NOON, 2_000 * 10**8, 3)
    assert pyth.price(ETH) == (2_000 * 10**8, 3, -8, NOON)
    assert pyth.price(BTC) == (60_000, 0, 0, NOON)
    assert pyth.send("updatePriceFeeds(bytes[])", [update], value=2 * FEE)["logs"] == []


def test_the_real_wrappers_question_and_its_answer(pyth: Contract) -> None:
    """ERC-7412: the revert says what is needed, the answer is paid for, and then the call goes through."""
    net = _net()
    pyth.send("updatePriceFeeds(bytes[])", [net.update([ETH])], value=FEE)
    pyth.rpc.call("evm_setNextBlockTimestamp", NOON + 100)
    pyth.rpc.call("evm_mine")
    assert returned(("int256",), pyth.call("getLatestPrice(bytes32,uint256)", ETH, 100)) == (2_000 * 10**18,)
    reason = pyth.reason("getLatestPrice(bytes32,uint256)", ETH, 60)
    assert reason.startswith(_selector("OracleDataRequired(address,bytes)"))
    contract, query = returned(("address", "bytes"), "0x" + reason[10:])
    assert contract == pyth.address.lower()
    assert returned(("uint8", "uint64", "bytes32"), "0x" + query.hex()) == (1, 60, ETH)
    net.publish({ETH: FeedPrice(2_100 * 10**8)}, NOON + 99)
    answer = bytes.fromhex(calldata("f(uint8,uint64,bytes32[],bytes[])", 1, 60, [ETH], [net.update([ETH])])[10:])
    assert pyth.reason("fulfillOracleQuery(bytes)", answer) == _selector("FeeRequired(uint256)") + f"{FEE:064x}"
    pyth.send("fulfillOracleQuery(bytes)", answer, value=FEE)
    assert returned(("int256",), pyth.call("getLatestPrice(bytes32,uint256)", ETH, 60)) == (2_100 * 10**18,)


def test_a_benchmark_is_the_first_price_after_a_moment(pyth: Contract) -> None:
    net = _net()
    first = net.publish({ETH: FeedPrice(2_001 * 10**8)}, NOON + 3).accumulator.update([ETH])
    later = net.publish({ETH: FeedPrice(2_002 * 10**8)}, NOON + 4).accumulator.update([ETH])
    reason = pyth.reason("getBenchmarkPrice(bytes32,uint64)", ETH, NOON + 2)
    contract, query = returned(("address", "bytes"), "0x" + reason[10:])
    assert contract == pyth.address.lower()
    assert returned(("uint8", "uint64", "bytes32"), "0x" + query.hex()) == (2, NOON + 2, ETH)
    answers = [bytes.fromhex(calldata("f(uint8,uint64,bytes32[],bytes[])", 2, NOON + 2, [ETH], [update])[10:]) for update in (later, first)]
    assert pyth.reason("fulfillOracleQuery(bytes)", answers[0], value=FEE) == _selector("PriceFeedNotFoundWithinRange()")
    pyth.send("fulfillOracleQuery(bytes)", answers[1], value=FEE)
    assert returned(("int256",), pyth.call("getBenchmarkPrice(bytes32,uint64)", ETH, NOON + 2)) == (2_001 * 10**18,)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slot=slots, draw=st.data())
def test_any_slot_is_taken_and_any_other_byte_refused(pyth: Contract, slot: list[PriceMessage], draw: st.DataObject) -> None:
    """The same as the keeper's reader does (tests/keeper/oracles/test_update_reader.py), byte for byte where it matters."""
    update = Accumulator(slot, Guardian(), 7).update([message.price_id for message in slot])
    pyth.call("updatePriceFeeds(bytes[])", [update], value=255 * FEE)
    parts = AccumulatorUpdate.parse(update)
    proof_of = draw.draw(st.sampled_from(parts.leaves))
    section = update.index(proof_of.section)
    places = {
        "signature": st.integers(10 + 7, 10 + 7 + 64),
        "signed": st.integers(10 + 72, len(parts.head) - 1),
        "message and proof": st.integers(section, section + len(proof_of.section) - 1),
        "anywhere": st.integers(0, len(update) - 1).filter(lambda place: place != 5),
    }
    for part in places.values():
        place = draw.draw(part)
        other = update[:place] + bytes([update[place] ^ draw.draw(st.integers(1, 255))]) + update[place + 1 :]
        reason = pyth.reason("updatePriceFeeds(bytes[])", [other], value=255 * FEE)
        assert reason in [_selector(error) for error in _ERRORS]


@pytest.mark.parametrize(
    ("guardian", "error"),
    [
        (Guardian(key="0x" + "11" * 32), "InvalidWormholeVaa()"),
        (Guardian(emitter_chain=1), "InvalidUpdateDataSource()"),
        (Guardian(emitter_address=bytes(32)), "InvalidUpdateDataSource()"),
    ],
)
def test_another_signer_or_source_is_refused_by_name(pyth: Contract, guardian: Guardian, error: str) -> None:
    net = Pythnet(guardian)
    net.publish({ETH: FeedPrice(1)}, NOON)
    assert pyth.reason("updatePriceFeeds(bytes[])", [net.update([ETH])], value=FEE) == _selector(error)
