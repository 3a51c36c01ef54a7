"""What the chain says to the settings: is it the one they name, how new is its head, are the contracts there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from keeper import evm
from keeper.chain.rpc import Answer
from keeper.domain.chain import Address
from keeper.domain.parse import address, hex_bytes, quantity
from keeper.errors import RpcError
from keeper.service import log
from keeper.settings import ChainScope


@dataclass(frozen=True, slots=True)
class Head:
    """One endpoint's newest block; `timestamp` is the block's own time in Unix seconds."""

    endpoint: str
    number: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Contract:
    """What a setting names, and how many bytes of code are there."""

    key: str
    address: Address
    code_bytes: int


@dataclass(frozen=True, slots=True)
class ChainAnswer:
    """Every endpoint has proven the chain id. `problems` are sentences, each with the mend."""

    name: str
    chain_id: int
    heads: Sequence[Head]
    contracts: Sequence[Contract]
    problems: Sequence[str]

    def lines(self) -> Sequence[str]:
        """For people."""
        heads = [f"{head.endpoint}: chain {self.chain_id}, head {head.number}, block time {head.timestamp}" for head in self.heads]
        return [*heads, *(f"{each.key} {each.address}: {each.code_bytes:,} bytes of code" for each in self.contracts)]

    def plain(self) -> Mapping[str, object]:
        """For programs."""
        return {
            "id": self.chain_id,
            "heads": {head.endpoint: {"number": head.number, "timestamp": head.timestamp} for head in self.heads},
            "code_bytes": {each.key: each.code_bytes for each in self.contracts},
            "problems": list(self.problems),
        }


async def ask_chain(scope: ChainScope) -> ChainAnswer:
    """Raises ConfigError for an endpoint of another chain, RpcUnavailable when none answers."""
    async with evm.open_chain(scope, {}, log.logger()) as chain:
        opinions = await chain.opinions([("eth_getBlockByNumber", ["latest", False])])
        heads = [
            Head(endpoint, quantity(answer["number"]), quantity(answer["timestamp"]))
            for endpoint, (answer,) in opinions
            if answer is not None and not isinstance(answer, RpcError)
        ]
        named = _named(scope)
        codes = await chain.batch([("eth_getCode", [each, "latest"]) for each in named.values()])
    contracts = [Contract(key, each, _length(code)) for (key, each), code in zip(named.items(), codes, strict=True)]
    mend = f"Correct the address, or chains.{scope.name}.rpc_urls."
    absent = [
        f"{each.key}: there is no contract at {each.address} on chain {scope.chain.id}. {mend}" for each in contracts if not each.code_bytes
    ]
    return ChainAnswer(scope.name, scope.chain.id, heads, contracts, absent)


def _length(code: Answer) -> int:
    if isinstance(code, RpcError):
        raise code
    return len(hex_bytes(code))


def _named(scope: ChainScope) -> Mapping[str, Address]:
    """The contracts of the settings, by key."""
    contracts = {} if scope.chain.multicall is None else {f"chains.{scope.name}.multicall": scope.chain.multicall}
    contracts |= {each.key("address"): each.settings.address for each in scope.executors if each.settings.address is not None}
    for each in scope.executors:
        contracts |= {f"{each.key('exchanges')}.{place}": exchange for place, exchange in enumerate(each.settings.exchanges, 1)}
    for name, venue in scope.venues.items():
        own = {item.name: str(getattr(venue.options, item.name)) for item in fields(venue.options)}
        contracts |= {f"venues.{name}.{key}": address(value) for key, value in own.items() if _is_address(value)}
    return contracts


def _is_address(text: str) -> bool:
    try:
        address(text)
    except ValueError:
        return False
    return True
