"""What the chain says to the settings: is it the one they name, how new is its head, are the contracts there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keeper import assembly, log
from keeper.chain.rpc import Answer
from keeper.domain.chain import Address
from keeper.domain.parse import address, hex_bytes, quantity
from keeper.errors import RpcError
from keeper.settings import Settings


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


async def ask_chain(settings: Settings) -> ChainAnswer:
    """Raises ConfigError for an endpoint of another chain, RpcUnavailable when none answers."""
    async with assembly.open_chain(settings, {}, log.logger()) as chain:
        opinions = await chain.opinions([("eth_getBlockByNumber", ["latest", False])])
        heads = [
            Head(endpoint, quantity(answer["number"]), quantity(answer["timestamp"]))
            for endpoint, (answer,) in opinions
            if answer is not None and not isinstance(answer, RpcError)
        ]
        named = _named(settings)
        codes = await chain.batch([("eth_getCode", [each, "latest"]) for each in named.values()])
    contracts = [Contract(key, each, _length(code)) for (key, each), code in zip(named.items(), codes, strict=True)]
    absent = [f"{each.key}: there is no contract at {each.address} on chain {settings.chain.id}. Correct the address, or chain.rpc_urls."
              for each in contracts if not each.code_bytes]  # fmt: skip
    return ChainAnswer(settings.chain.id, heads, contracts, absent)


def _length(code: Answer) -> int:
    if isinstance(code, RpcError):
        raise code
    return len(hex_bytes(code))


def _named(settings: Settings) -> Mapping[str, Address]:
    """The contracts of the settings, by key."""
    named = {"chain.multicall": settings.chain.multicall, "execution.executor": settings.execution.executor}
    contracts = {key: each for key, each in named.items() if each is not None}
    for venue, options in settings.venues.items():
        contracts |= {f"venues.{venue}.{key}": address(value) for key, value in options.items() if _is_address(value)}
    return contracts


def _is_address(text: str) -> bool:
    try:
        address(text)
    except ValueError:
        return False
    return True
