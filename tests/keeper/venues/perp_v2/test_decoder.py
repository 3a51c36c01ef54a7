"""Real logs through the decoder: one of every event, against the ABI and against eth_abi."""

import json
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode

from keeper.domain.chain import Address, RawLog
from keeper.domain.event_abi import topic_of
from keeper.domain.options import build
from keeper.errors import DecodeError
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.decoder import Decoder
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.signatures import WITH_EFFECT, WITHOUT_EFFECT
from tests.keeper.venues.perp_v2.all_events import recorded, recorded_options

ABI = Path(__file__).parents[4] / "contracts" / "abi" / "perp_v2"
NAMED = [(contract, signature) for contract, events in WITH_EFFECT.items() for signature, _ in events]
_OLDER = {"Upgraded", "AdminChanged", "BeaconUpgraded", "Initialized"}


def _decoder() -> Decoder:
    return Decoder(build(Options, recorded_options()))


def _abi_events(contract: str) -> dict[str, str]:
    """name -> signature with argument names and `indexed`, as in the artifact."""
    name = "".join(part.capitalize() for part in contract.split("_"))
    entries = json.loads((ABI / f"{name}.json").read_text())
    found = {}
    for entry in entries if isinstance(entries, list) else entries["abi"]:
        if entry["type"] == "event":
            inputs = [f"{one['type']}{' indexed' if one['indexed'] else ''} {one['name']}" for one in entry["inputs"]]
            found[entry["name"]] = f"{entry['name']}({','.join(inputs)})"
    return found


@pytest.mark.parametrize("contract", list(WITH_EFFECT))
def test_signatures_are_those_of_the_abi(contract: str) -> None:
    """Every event of a claimed contract is declared, word for word; only proxies' own events are not in the artifacts."""
    declared = [signature for signature, _ in WITH_EFFECT[contract]] + list(WITHOUT_EFFECT[contract])
    by_name = {signature.partition("(")[0]: signature for signature in declared}
    assert {name: text for name, text in by_name.items() if name not in _OLDER} == _abi_events(contract)


@pytest.mark.parametrize(("contract", "signature"), NAMED)
def test_a_real_log_of_every_event(contract: str, signature: str) -> None:
    """Figures and addresses as eth_abi reads them, in the event's order; for parameters, the field's name comes first."""
    name = signature.partition("(")[0]
    item = recorded()[f"{contract}.{name}"]
    event = _decoder()(item)
    assert event is not None
    expected = _expected(signature, item)
    values = astuple(event)
    if isinstance(event, log.ConfigChanged) and name in ("Paused", "Unpaused"):
        assert values == (f"{contract}_paused", int(name == "Paused"))
    elif isinstance(event, (log.ConfigChanged, log.MarketConfigChanged, log.CollateralConfigChanged)):
        assert values[1:] == expected
    else:
        assert values == expected
        assert type(event).__name__ == name


def _expected(signature: str, item: RawLog) -> tuple[Any, ...]:
    parts = [part.split() for part in signature.partition("(")[2][:-1].split(",")]
    topics = iter(item.topics[1:])
    plain = iter(decode([words[0] for words in parts if "indexed" not in words], item.data))
    return tuple(decode([words[0]], next(topics))[0] if "indexed" in words else next(plain) for words in parts)


def test_negative_numbers_stay_negative() -> None:
    """A fall's PositionChanged has signed amounts; ticks may be negative."""
    item = recorded()["clearing_house.PositionChanged"]
    below_zero = (1 << 256) - 5
    event = _decoder()(replace(item, data=below_zero.to_bytes(32, "big") + item.data[32:]))
    assert isinstance(event, log.PositionChanged)
    assert event.exchanged_position_size == -5


def test_events_without_effect_are_nothing() -> None:
    """Known, and not worth an event."""
    item = recorded()["vault.Deposited"]
    owner = topic_of("OwnershipTransferred(address indexed previousOwner,address indexed newOwner)")
    assert _decoder()(replace(item, topics=(owner, *item.topics[1:]))) is None


def test_other_contracts_are_not_ours() -> None:
    """Whatever they say."""
    item = recorded()["vault.Deposited"]
    assert _decoder()(replace(item, address=Address("0x" + "77" * 20), topics=())) is None


@pytest.mark.parametrize("fault", ["unknown topic", "no topic", "short data", "long data", "missing topic"])
def test_what_does_not_decode_stops_the_venue(fault: str) -> None:
    """The state would be a guess from here on: the error names log, contract, block and transaction."""
    item = recorded()["vault.Deposited"]
    broken = {
        "unknown topic": replace(item, topics=(b"\x01" * 32,)),
        "no topic": replace(item, topics=()),
        "short data": replace(item, data=item.data[:-1]),
        "long data": replace(item, data=item.data + b"\0" * 32),
        "missing topic": replace(item, topics=item.topics[:-1]),
    }[fault]
    with pytest.raises(
        DecodeError, match=rf"log {item.log_index} of {item.address} in block {item.block_number} \({item.transaction_hash}"
    ):
        _decoder()(broken)


def test_the_same_event_of_another_contract_means_something_else() -> None:
    """Paused of the Vault is not Paused of the ClearingHouse."""
    events = {contract: _decoder()(recorded()[f"{contract}.Paused"]) for contract in ("vault", "clearing_house")}
    assert events == {
        "vault": log.ConfigChanged("vault_paused", 1),
        "clearing_house": log.ConfigChanged("clearing_house_paused", 1),
    }
