"""The ABI of one contract a venue listens to: its events, and a log of each as the EVM would write it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_abi.tools import get_abi_strategy  # type: ignore[attr-defined] # it does not say that it exports it
from eth_utils.crypto import keccak
from hypothesis import strategies as st

from keeper.domain.chain import Address, Hash32, RawLog

ABIS = Path(__file__).parents[2] / "contracts" / "abi"
_DYNAMIC = ("string", "bytes")
_ZERO = Hash32("0x" + "00" * 32)


@dataclass(frozen=True, slots=True)
class ContractAbi:
    """`name` is the option that holds the contract's `address`, `entries` its ABI as JSON."""

    name: str
    address: Address
    entries: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, name: str, address: str, path: str) -> "ContractAbi":
        """The file `path` below contracts/abi: a list of entries, or an artifact that has one."""
        content = json.loads((ABIS / path).read_text("utf-8"))
        return cls(name, Address(address.lower()), content if isinstance(content, list) else content["abi"])

    @property
    def events(self) -> Mapping[bytes, Mapping[str, Any]]:
        """Its events by topic."""
        return {topic_of(entry): entry for entry in self.entries if entry["type"] == "event"}

    def logs(self, event: Mapping[str, Any]) -> st.SearchStrategy[RawLog]:
        """Logs of one event with any arguments."""
        kinds = [_kind(item) for item in event["inputs"]]
        indexed = [item["indexed"] for item in event["inputs"]]
        arguments = st.tuples(*[get_abi_strategy(kind) for kind in kinds])
        return arguments.map(lambda values: self._log(topic_of(event), list(zip(kinds, indexed, values, strict=True))))

    def _log(self, topic: bytes, arguments: Sequence[tuple[str, bool, Any]]) -> RawLog:
        topics = [_topic(kind, value) for kind, indexed, value in arguments if indexed]
        plain = [(kind, value) for kind, indexed, value in arguments if not indexed]
        content = encode([kind for kind, _ in plain], [value for _, value in plain])
        return RawLog(self.address, (topic, *topics), content, 1, _ZERO, _ZERO, 0)


def topic_of(event: Mapping[str, Any]) -> bytes:
    """Topic 0: Keccak-256 of the event's name and types."""
    return keccak(text=signature_of(event))


def signature_of(entry: Mapping[str, Any]) -> str:
    """Name and types of an event, an error or a function, for example "Transfer(address,address,uint256)"."""
    return f"{entry['name']}({','.join(_kind(item) for item in entry['inputs'])})"


def _kind(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_kind(one) for one in item['components'])}){kind.removeprefix('tuple')}"


def _topic(kind: str, value: Any) -> bytes:
    """An indexed argument: a word, or the hash of what is longer."""
    if kind in _DYNAMIC:
        return keccak(text=value) if kind == "string" else keccak(value)
    if kind.startswith("("):
        return keccak(encode([kind], [value]))
    return encode([kind], [value])
