"""The exchange on a local chain, and what happens there. pytest finds the fixture by the entry point `pytest11`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import Chain
from contracts.devnet.roles import KEEPER, OWNER
from contracts.devnet.rpc import Rpc
from keeper.domain.account import AccountKey
from keeper.domain.fixed import X18
from tests.contract.contract_abi import ABIS

ARTIFACT = json.loads(Path(__file__).with_name("abi").joinpath("ToyExchange.json").read_text("utf-8"))
_TOKEN = ABIS / "devnet" / "TestToken.json"
_PEOPLE = 12
_ETHER = 10**18
_START_PRICE = 100
_RATE = 10**10
"""About a third in a year."""
_PAUSES = (1, 2, 12, 12, 600, 86_400)


@dataclass(frozen=True, slots=True)
class ToyDevnet:
    """Where the exchange is. A block comes when it is asked for."""

    rpc: Rpc
    chain: Chain
    exchange: str
    dollar: str
    people: tuple[str, ...]

    @classmethod
    def deploy(cls, rpc: Rpc) -> "ToyDevnet":
        """A dollar, and an exchange that may mint it; nobody has a position."""
        chain = Chain.at_head(rpc)
        random = Random(0)
        people = tuple(f"0x{random.getrandbits(160):040x}" for _ in range(_PEOPLE))
        rpc.call("anvil_autoImpersonateAccount", True)
        rpc.batch([("anvil_setBalance", [person, hex(100 * _ETHER)]) for person in people])
        token_code = json.loads(_TOKEN.read_text("utf-8"))["bytecode"]
        dollar = chain.create(OWNER, constructor(token_code, ("string", "string", "uint8"), "Toy dollar", "TOYD", 18), "dollar")
        exchange = chain.create(OWNER, constructor(ARTIFACT["bytecode"], ("address",), dollar), "exchange")
        devnet = cls(rpc, chain, exchange.lower(), dollar.lower(), people)
        devnet.send(OWNER, "setPrice(uint256)", _START_PRICE * X18)
        devnet.send(OWNER, "setRate(uint256)", _RATE)
        devnet.mine(1)
        return devnet

    def send(self, sender: str, signature: str, *arguments: object) -> None:
        """Queues a call of the exchange, which may revert."""
        self.chain.send(sender, self.exchange, signature, *arguments)

    def mine(self, seconds: int) -> None:
        """A block with what is queued."""
        self.chain.produce(self.chain.now + seconds)

    def every_event(self) -> None:
        """A position is closed by its trader, another by somebody else."""
        trader, gambler = self.people[:2]
        for person in (trader, gambler):
            self.send(person, "open(uint256,uint256)", 10 * X18, 850 * X18)
        self.mine(12)
        self.send(trader, "close()")
        self.send(OWNER, "setPrice(uint256)", 90 * X18)
        self.mine(12)
        self.send(KEEPER, "liquidate(address)", gambler)
        self.mine(12)


class ToyWalk:
    """Random positions under a random price, from a seed; most transactions of those who have one already revert."""

    def __init__(self, devnet: ToyDevnet, seed: int) -> None:
        self._devnet = devnet
        self._random = Random(seed)
        self._price = _START_PRICE * X18

    def step(self) -> None:
        """One block, after a random pause."""
        random, devnet = self._random, self._devnet
        self._price = int(self._price * random.uniform(0.92, 1.08))
        devnet.send(OWNER, "setPrice(uint256)", self._price)
        if random.random() < 0.1:
            devnet.send(OWNER, "setRate(uint256)", random.randint(0, 3 * _RATE))
        size = random.randint(1, 50 * X18)
        devnet.send(random.choice(devnet.people), "open(uint256,uint256)", size, size * self._price // X18 * random.randint(75, 89) // 100)
        if random.random() < 0.1:
            devnet.send(random.choice(devnet.people), "close()")
        devnet.mine(random.choice(_PAUSES))

    def liquidate(self, key: AccountKey) -> None:
        """In the next block."""
        self._devnet.send(KEEPER, "liquidate(address)", key)


@pytest.fixture
def toy_devnet(anvil: Callable[[AnvilOptions], Anvil]) -> Iterator[ToyDevnet]:
    """A new one for every test."""
    rpc = Rpc(anvil(AnvilOptions(no_mining=True)).url)
    yield ToyDevnet.deploy(rpc)
    rpc.close()
