"""One account of a test's own on a Synthetix V3 devnet, and what is done with it block by block."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain, Transaction
from contracts.devnet.mining import everyone_unlocked
from contracts.devnet.rpc import RpcError
from contracts.devnet.synthetix_v3.deployment import SNX_USD, Trader
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import Habits, SynthetixDriver
from contracts.devnet.synthetix_v3.prices import bring_benchmark
from contracts.devnet.synthetix_v3.trading import commit_order, mint_synth, mint_usd, modify_collateral, open_account, settle_order
from contracts.devnet.synthetix_v3.views import AccountView, account_views
from contracts.devnet.traders import trader_address

_SECONDS = 2
_ETHER = 10**18
_GWEI = 10**9
_NOBODY_TRADES = Habits(push_every=0, trading=False)


class Bench:
    """Blocks come only when they are asked for; a transaction that fails fails the test."""

    def __init__(self, devnet: SynthetixDevnet) -> None:
        self.devnet = devnet
        self.contracts = devnet.deployment.contracts
        self.trader = Trader(trader_address(-1, 0), 999_999, "idle", 0, 0)
        self.driver = SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet, _NOBODY_TRADES)
        self.chain = Chain.at_head(devnet.rpc)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self.driver)
        self._open.enter_context(everyone_unlocked(self.devnet.rpc))
        self.devnet.rpc.call("anvil_setBalance", self.trader.address, hex(100 * _ETHER))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    @property
    def view(self) -> AccountView:
        """The account by the venue's views."""
        account = self.trader.account_id
        return account_views(self.devnet.rpc, self.devnet.deployment, [account])[account]

    def open_account(self, usd_18: int, synth_18: int = 0) -> None:
        """The account exists, with its deposits."""
        deployment, holder = self.devnet.deployment, self.trader.address
        synth = deployment.synths[0]
        if usd_18:
            mint_usd(self.chain, self.contracts, holder, usd_18)
        if synth_18:
            mint_synth(self.chain, self.contracts, synth, holder, synth_18)
        self.mine()
        open_account(self.chain, deployment, self.trader)
        for collateral_id, amount_18 in ((SNX_USD, usd_18), (synth.collateral_id, synth_18)):
            if amount_18:
                self.chain.queue(modify_collateral(self.contracts, self.trader, collateral_id, amount_18))
        self.mine()

    def trade(self, market_name: str, size_delta_18: int) -> None:
        """An order, committed and settled at the price that stands at Pyth."""
        commitment = self.commit(market_name, size_delta_18)
        self.publish({}, commitment + self.devnet.deployment.market(market_name).price_delay)
        self.bring_benchmark(market_name, commitment)
        self.chain.queue(settle_order(self.contracts, self.devnet.deployment.settler, self.trader.account_id))
        self.mine()

    def commit(self, market_name: str, size_delta_18: int, limit_18: int | None = None) -> int:
        """An order; returns its time."""
        market = self.devnet.deployment.market(market_name)
        self.chain.queue(commit_order(self.contracts, self.trader, market, size_delta_18, limit_18))
        self.mine()
        return self.chain.now

    def publish(self, prices_8: Mapping[str, int], publish_time: int) -> None:
        """Prices at Pyth, the others once more; not on the chain."""
        self.driver.publish(prices_8, publish_time)

    def bring_benchmark(self, market_name: str, commitment: int) -> None:
        """Queues the price an order of that time waits for."""
        deployment = self.devnet.deployment
        market = deployment.market(market_name)
        time = commitment + market.price_delay
        transaction = bring_benchmark(self.devnet.pythnet, self.contracts.pyth, deployment.settler, market, time, _GWEI)
        assert transaction is not None, "Pyth has no such price"
        self.chain.queue(transaction)

    def move(self, market_name: str, price_8: int) -> None:
        """A new price, at Pyth and on the chain."""
        block = self.driver.move(market_name, price_8, _SECONDS)
        assert not block.failures, block.failures
        self.chain.now = block.timestamp

    def mine(self, seconds: int = _SECONDS) -> int:
        """A block with what is queued, so many seconds after the newest; returns its number."""
        block = self.chain.produce(self.chain.now + seconds)
        assert not block.failures, block.failures
        return block.number

    def send(self, sender: str, signature: str, *arguments: object) -> Receipt:
        """A call of the perps market that must succeed, in a block of its own."""
        self.chain.queue(Transaction(sender, self.contracts.perps_market, calldata(signature, *arguments), 5_000_000, signature))
        (receipt,) = self.devnet.rpc.call("eth_getBlockReceipts", hex(self.mine()))
        return Receipt(receipt["logs"], int(receipt["gasUsed"], 16))

    def refusal(self, sender: str, signature: str, *arguments: object, seconds: int = _SECONDS) -> bytes:
        """The revert data of a call in a block so many seconds after the newest."""
        call = {"from": sender, "to": self.contracts.perps_market, "data": calldata(signature, *arguments)}
        later = {"time": hex(self.chain.now + seconds)}
        answer = self.devnet.rpc.attempt([("eth_call", [call, "latest", {}, later])])[0]
        assert isinstance(answer, RpcError), "it would succeed"
        return bytes.fromhex((answer.data or "0x")[2:])

    def ask(self, signature: str, types: tuple[str, ...], *arguments: object) -> tuple[Any, ...]:
        """A view of the perps market."""
        call = {"to": self.contracts.perps_market, "data": calldata(signature, *arguments)}
        return returned(types, self.devnet.rpc.call("eth_call", call, "latest"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """Logs as the node has them, and gas."""

    logs: list[dict[str, Any]]
    gas: int

    def events(self, topic: str) -> list[dict[str, Any]]:
        """Those of one kind."""
        return [log for log in self.logs if log["topics"][0] == topic]
