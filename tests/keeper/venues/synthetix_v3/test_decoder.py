"""Logs through the decoder, against eth_abi and against the whole ABI."""

import json
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from eth_abi.abi import encode

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.event_abi import topic_of
from keeper.errors import DecodeError
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3.signatures import OTHERS, PERPS_MARKET, TRANSFER, WITHOUT_EFFECT
from tests.keeper.venues.synthetix_v3.books import ADDRESSES, Desk

ABI = Path(__file__).parents[4] / "contracts" / "abi" / "synthetix_v3"
_ACCOUNT_NFT = {"PermissionGranted", "PermissionRevoked"}
_ROUTER = {"Upgraded", "AssociatedSystemSet"}
"""Events of the live proxy's parts that a devnet has stand-ins for."""


def _log(contract: str, topics: tuple[bytes, ...], data: bytes) -> RawLog:
    return RawLog(Address(ADDRESSES[contract]), topics, data, 1, Hash32("0x" + "0" * 64), Hash32("0x" + "1" * 64), 3)


def _word(kind: str, value: object) -> bytes:
    return encode([kind], [value])


def test_every_event_of_the_market_is_known() -> None:
    """Nothing it emits is a surprise, and every signature is one the ABI has."""
    entries = [entry for path in ABI.glob("PerpsMarket*.json") for entry in json.loads(path.read_text("utf-8"))]
    events = {_canonical(entry): entry["name"] for entry in entries if entry["type"] == "event"}
    assert len(events) > 30
    signatures = {topic_of(signature): signature for signature in (*WITHOUT_EFFECT, *(signature for signature, _ in PERPS_MARKET))}
    assert {name for text, name in events.items() if topic_of(text) not in signatures} == set()
    abi_topics = {topic_of(text) for text in events}
    extras = {signature.partition("(")[0] for topic, signature in signatures.items() if topic not in abi_topics}
    assert extras <= _ACCOUNT_NFT | _ROUTER | {"AccountCreated"}


def _canonical(entry: dict[str, object]) -> str:
    return f"{entry['name']}({','.join(_kind(one) for one in entry['inputs'])})"  # type: ignore[attr-defined] # JSON of an ABI


def _kind(item: dict[str, str]) -> str:
    if not item["type"].startswith("tuple"):
        return item["type"]
    return f"({','.join(_kind(one) for one in item['components'])}){item['type'][5:]}"  # type: ignore[arg-type] # as above


def test_indexed_and_plain_arguments_in_the_abis_order() -> None:
    """One indexed in the middle, a negative number, bytes32 as hex."""
    signature, _ = next(one for one in PERPS_MARKET if one[0].startswith("OrderCommitted"))
    code = b"\7" * 32
    topics = (topic_of(signature), _word("uint128", 100), _word("uint128", 17), code)
    plain = [0, -5, 2**256 - 1, 11, 13, 13, 73, "0x" + "ab" * 20]
    data = encode(["uint8", "int128", "uint256", "uint256", "uint256", "uint256", "uint256", "address"], plain)
    event = Desk().venue.decode(_log("perps_market", topics, data))
    assert event == log.OrderCommitted(100, 17, 0, -5, 2**256 - 1, 11, 13, 13, 73, "0x" + "07" * 32, "0x" + "ab" * 20)
    assert event.account == "17"


def test_texts_bytes_and_arrays() -> None:
    signature = next(signature for signature, _ in PERPS_MARKET if signature.startswith("MarketCreated"))
    data = encode(["string", "string"], ["Ether from the Æther, a name of more than one word", "ETH"])
    event = Desk().venue.decode(_log("perps_market", (topic_of(signature), _word("uint128", 100)), data))
    assert event == parameter.MarketCreated(100, "Ether from the Æther, a name of more than one word", "ETH")
    node_signature, _ = OTHERS["oracle_manager"]
    data = encode(["bytes32", "uint8", "bytes", "bytes32[]"], [b"\1" * 32, 7, b"\2\3", [b"\0" * 31 + b"\4", b"\0" * 31 + b"\5"]])
    event = Desk().venue.decode(_log("oracle_manager", (topic_of(node_signature),), data))
    assert event == log.NodeRegistered("0x" + "01" * 32, 7, "0x0203", (4, 5))


@pytest.mark.parametrize("change", [lambda data: data + b"\0", lambda data: data[:-1], lambda data: data[:64]])
def test_dynamic_data_of_another_length_is_refused(change: object) -> None:
    signature = next(signature for signature, _ in PERPS_MARKET if signature.startswith("MarketCreated"))
    data = encode(["string", "string"], ["Ether", "ETH"])
    with pytest.raises(DecodeError):
        Desk().venue.decode(_log("perps_market", (topic_of(signature), _word("uint128", 100)), change(data)))  # type: ignore[operator] # parameters


def test_only_mints_of_the_token_count() -> None:
    topic = topic_of(TRANSFER)
    mint = _log("usd_token", (topic, bytes(32), _word("address", "0x" + "4e" * 20)), _word("uint256", 9))
    assert Desk().venue.decode(mint) == log.UsdMinted("0x" + "4e" * 20, 9)
    assert Desk().venue.decode(replace(mint, topics=(topic, _word("address", "0x" + "4e" * 20), bytes(32)))) is None


def test_what_it_does_not_ask_for_is_nothing_but_its_own_must_be_known() -> None:
    desk, strange = Desk(), (b"\1" * 32,)
    for contract in OTHERS:
        assert desk.venue.decode(_log(contract, strange, b"")) is None
    assert desk.venue.decode(_log("spot_market", strange, b"")) is None
    with pytest.raises(DecodeError, match="not in the perps market's ABI"):
        desk.venue.decode(_log("perps_market", strange, b""))
    with pytest.raises(DecodeError):
        desk.venue.decode(_log("perps_market", (), b""))


def test_filters_ask_for_one_event_of_the_other_contracts() -> None:
    filters = {one.addresses[0]: one.topics for one in Desk().venue.filters()}
    assert filters[Address(ADDRESSES["perps_market"])] == ()
    assert {filters[Address(ADDRESSES[contract])] for contract in OTHERS} == {(topic_of(signature),) for signature, _ in OTHERS.values()}


def test_every_event_is_flat() -> None:
    """Its fields in the ABI's order, as many as the ABI has."""
    for signature, make in PERPS_MARKET:
        count = len(signature.split(","))
        event = make(*[0] * count)
        assert event is not None
        assert len(astuple(event)) == count
