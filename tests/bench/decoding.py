"""(a) Event decoding: our compiled decoder, eth_abi with prepared types, and web3.py's process_log, on the same real logs."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eth_abi.abi import decode as abi_decode
from web3 import Web3
from web3._utils.method_formatters import log_entry_formatter

from keeper.chain.log import parse_log
from keeper.domain.chain import RawLog
from keeper.venues.perp_v2.decoder import Decoder
from tests.bench.logs import recorded
from tests.bench.rounds import Compared, alternate, scaled

_ABIS = Path(__file__).resolve().parents[2] / "contracts" / "abi" / "perp_v2"
_CONTRACTS = {"clearing_house": "ClearingHouse", "exchange": "Exchange", "account_balance": "AccountBalance", "vault": "Vault"}
_LOGS = 400


def decoding(rounds: int = 9) -> Sequence[Compared]:
    """Microseconds per log. RuntimeError when the general decoders disagree (ours is compared in the tests)."""
    options, named = recorded(_LOGS)
    ours, raw = Decoder(options), [parse_log(log) for _, log in named]
    events = [_event_abi(name) for name, _ in named]
    by_abi = [(_abi_decoder(event), log) for event, log in zip(events, raw, strict=True)]
    by_web3 = [(_web3_decoder(event), log_entry_formatter(log)) for event, (_, log) in zip(events, named, strict=True)]
    _must_agree(by_abi, by_web3)
    seconds = alternate(
        {
            "compiled": lambda: [ours(log) for log in raw],
            "eth_abi": lambda: [decode(log) for decode, log in by_abi],
            "web3.py": lambda: [decode(log) for decode, log in by_web3],
        },
        rounds,
    )
    micros = {name: scaled(values, 1e6 / _LOGS) for name, values in seconds.items()}
    note = f"{_LOGS} logs of {len(set(map(str, events)))} kinds; ours also builds the event"
    return [
        Compared("event decoding", "compiled decoder", "web3.py process_log", "us/log", micros["compiled"], micros["web3.py"], note),
        Compared("event decoding", "compiled decoder", "eth_abi decode", "us/log", micros["compiled"], micros["eth_abi"], note),
        Compared("event decoding", "eth_abi decode", "web3.py process_log", "us/log", micros["eth_abi"], micros["web3.py"]),
    ]


def _event_abi(name: str) -> Mapping[str, Any]:
    contract, event = name.split(".")
    items = json.loads((_ABIS / f"{_CONTRACTS[contract]}.json").read_text())
    entry: Mapping[str, Any] = next(item for item in items if item["type"] == "event" and item["name"] == event)
    return entry


def _abi_decoder(event: Mapping[str, Any]) -> Callable[[RawLog], dict[str, Any]]:
    """As one writes it by hand: types prepared once, indexed arguments decoded from their topics."""
    indexed = [(item["name"], [item["type"]]) for item in event["inputs"] if item["indexed"]]
    names = [item["name"] for item in event["inputs"] if not item["indexed"]]
    types = [item["type"] for item in event["inputs"] if not item["indexed"]]

    def decode(log: RawLog) -> dict[str, Any]:
        values = dict(zip(names, abi_decode(types, log.data), strict=True))
        for (name, kind), topic in zip(indexed, log.topics[1:], strict=True):
            values[name] = abi_decode(kind, topic)[0]
        return values

    return decode


def _web3_decoder(event: Mapping[str, Any]) -> Callable[[Any], Any]:
    contract: Any = Web3().eth.contract(abi=[event])
    prepared = contract.events[event["name"]]()
    decode: Callable[[Any], Any] = prepared.process_log
    return decode


def _must_agree(by_abi: Sequence[tuple[Callable[[RawLog], dict[str, Any]], RawLog]], by_web3: Sequence[tuple[Any, Any]]) -> None:
    for (left, log), (right, formatted) in zip(by_abi, by_web3, strict=True):
        ours = {name: str(value).lower() for name, value in left(log).items()}
        theirs = {name: str(value).lower() for name, value in right(formatted)["args"].items()}
        if ours != theirs:
            raise RuntimeError(f"eth_abi and web3.py decode log {log.log_index} differently: {ours} and {theirs}")
