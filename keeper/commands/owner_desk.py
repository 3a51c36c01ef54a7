"""What `keeper executor` works with: the chain, what venues need of the executor, the owner's wallet; how steps are shown and sent."""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak
from rich.console import Console
from rich.table import Table

from keeper import assembly, daemon, evm
from keeper.chain.chain import ChainClient
from keeper.commands import session
from keeper.domain.chain import Address, BlockRef, Call, LogFilter, Reads
from keeper.domain.parse import address_of_word, quantity
from keeper.engine.evaluator import Evaluator
from keeper.engine.recovery import Progress, apply_logs
from keeper.errors import ConfigError, KeeperError, RpcError
from keeper.execution.executor_errors import executor_reason
from keeper.execution.owner_wallet import OwnerWallet, created
from keeper.execution.ownership import Step
from keeper.execution.standing import OPERATOR_SET, Expected, Standing, problems, standing
from keeper.service import log
from keeper.settings import ChainScope, ExecutorScope, Loaded


@dataclass(frozen=True, slots=True)
class OwnerOptions:
    """What every command that sends takes."""

    config: Path
    owner_key: Path
    password_file: Path | None
    dry_run: bool
    as_json: bool
    executor: str | None = None


class StepRefused(KeeperError):
    """A step would revert: nothing of it was sent."""


@dataclass(frozen=True, slots=True)
class OwnerDesk:
    """An open chain, one of its executors, and a book per venue it acts on that knows the markets and tokens."""

    loaded: Loaded
    scope: ChainScope
    account: ExecutorScope
    chain: ChainClient
    head: BlockRef
    evaluators: Mapping[str, Evaluator]

    @property
    def executor(self) -> Address:
        """Of the settings. Raises ConfigError."""
        return self._configured("address", "deploy one with `keeper executor deploy` and name its address there")

    @property
    def operators(self) -> Sequence[Address]:
        """Of the settings, the first of them first. Raises ConfigError."""
        self._configured("operator", "name the address of the daemon's key there")
        return self.account.settings.operators

    def expected(self) -> Sequence[Expected]:
        """What the executor must allow, by venue."""
        return [evm.expected_of(name, evaluator) for name, evaluator in self.evaluators.items()]

    async def standing(self) -> Standing:
        """What the executor says of itself. Raises ConfigError where there is none of this version."""
        state = await self.chain.run(standing(self.executor, self.operators, self.expected()), self.head)
        if state is None:
            raise ConfigError(f"{self.account.key('address')}: {next(iter(problems(None, self.executor)))}")
        return state

    async def allowed(self) -> Sequence[Address]:
        """Everybody who may execute plans, by the executor's own events since the start block."""
        rights: dict[Address, bool] = {}
        first = self.scope.chain.start_block
        async for _, logs in self.chain.backfill([LogFilter((self.executor,), (OPERATOR_SET,))], first, self.head.number):
            for one in logs:
                rights[address_of_word(one.topics[1])] = int.from_bytes(one.data, "big") == 1
        return sorted(account for account, may in rights.items() if may)

    async def balances(self, tokens: Sequence[Address], holder: Address) -> Sequence["Holding"]:
        """Tokens of an account."""
        return await self.chain.run(_holdings(tokens, holder), self.head)

    async def coin_wei(self, holder: Address) -> int:
        """Native coin of an account."""
        return quantity(await self.chain.request("eth_getBalance", [holder, "latest"]))

    def _configured(self, key: str, mend: str) -> Address:
        value: Address | None = getattr(self.account.settings, key)
        if value is None:
            raise ConfigError(f"{self.loaded.path}: {self.account.key(key)} is missing; {mend}.")
        return value

    def named_revert(self, error: RpcError) -> str:
        """Why a step would revert, in words."""
        venue = next(iter(self.evaluators.values())).venue
        return executor_reason(venue.revert_reason)(error.data) if error.data else str(error)


@dataclass(frozen=True, slots=True)
class Holding:
    """So much of a token."""

    token: Address
    symbol: str
    decimals: int
    amount_raw: int

    @property
    def text(self) -> str:
        """For people."""
        scale: int = 10**self.decimals
        return f"{self.amount_raw / scale:,.6f} {self.symbol}"


@asynccontextmanager
async def owner_desk(config: Path, executor: str | None) -> AsyncIterator[OwnerDesk]:
    """Open the chain of an executor (the only one without a name) and read the venues' listings from their start block on."""
    loaded = session.settings(config)
    scope, account = _scopes_of(loaded, executor)
    venues = {name: venue for name, venue in assembly.build_venues(scope).items() if name in account.venues}
    async with evm.open_chain(scope, venues, log.logger()) as chain:
        head = await chain.head()
        evaluators = assembly.build_evaluators(scope, venues, chain)
        for name, evaluator in evaluators.items():
            await _read_listings(scope, chain, head, name, evaluator)
        yield OwnerDesk(loaded, scope, account, chain, head, evaluators)


def _scopes_of(loaded: Loaded, executor: str | None) -> tuple[ChainScope, ExecutorScope]:
    """The executor's chain, and its part of it. Raises ConfigError where it is not clear which executor is meant, or no venue has it."""
    chains = loaded.settings.scopes()
    scopes = {account.name: (chain, account) for chain in chains for account in chain.executors if account.name is not None}
    if executor is None and len(scopes) == 1:
        return next(iter(scopes.values()))
    if executor is None or executor not in scopes:
        known = ", ".join(scopes) or "none"
        raise ConfigError(f"{loaded.path}: say with --executor which executor is meant. Those that venues name: {known}.")
    return scopes[executor]


async def owner_wallet(desk: OwnerDesk, options: OwnerOptions) -> OwnerWallet:
    """The owner's account. Raises ConfigError where it is an operator's too."""
    chain_id = desk.scope.chain.id
    wallet = OwnerWallet.open(desk.chain, chain_id, options.owner_key, options.password_file, os.environ)
    if wallet.address in desk.account.settings.operators:
        raise ConfigError(
            f"--owner-key: {wallet.address} is {desk.account.key('operator')}. Owner and operator must be two keys: "
            "the operator's lies on the daemon's machine."
        )
    return wallet


async def carry_out(desk: OwnerDesk, wallet: OwnerWallet, steps: Sequence[Step], options: OwnerOptions) -> Sequence[Address]:
    """Show the steps, and unless it is a dry run send them one after the other. Returns the contracts that were created.

    Raises StepRefused where a step would revert; what was sent before it stands."""
    if options.dry_run:
        await _show(desk, wallet, steps, options)
        return ()
    console, rows, contracts = Console(stderr=True), list[dict[str, object]](), list[Address]()
    for number, step in enumerate(steps, 1):
        console.print(f"{number}/{len(steps)} {step.function}: {step.effect}", highlight=False, soft_wrap=True)
        try:
            receipt = await wallet.send(step)
        except RpcError as error:
            raise StepRefused(f"{step.function} would fail: {desk.named_revert(error)}") from error
        if step.target is None:
            contracts.append(created(receipt))
        block, gas = quantity(receipt["blockNumber"]), quantity(receipt["gasUsed"])
        console.print(f"    mined in block {block}, {gas:,} gas, {receipt['transactionHash']}", highlight=False, soft_wrap=True)
        rows.append(_plain(step) | {"transaction": receipt["transactionHash"], "block": block, "gas": gas})
    if options.as_json:
        Console().print_json(json.dumps({"sent": rows, "created": contracts}))
    return contracts


async def _show(desk: OwnerDesk, wallet: OwnerWallet, steps: Sequence[Step], options: OwnerOptions) -> None:
    trials = [_trial(desk, tried) for tried in await wallet.try_out(steps)]
    if options.as_json:
        rows = [_plain(step) | {"trial": trial} for step, trial in zip(steps, trials, strict=True)]
        Console().print_json(json.dumps({"from": wallet.address, "would_send": rows}))
        return
    console = Console()
    count = f"{len(steps)} transaction{'s' if len(steps) > 1 else ''}"
    console.print(f"dry run: {count} from {wallet.address}, nothing is sent", soft_wrap=True, highlight=False)
    for number, (step, trial) in enumerate(zip(steps, trials, strict=True), 1):
        console.print(f"\n[bold]{number}. {step.function}[/] on {step.target or 'a new contract'}", soft_wrap=True, highlight=False)
        for argument in step.arguments:
            console.print(f"     {argument}", soft_wrap=True, highlight=False, markup=False)
        console.print(f"   effect: {step.effect}\n   {trial}", soft_wrap=True, highlight=False, markup=False)


def _trial(desk: OwnerDesk, tried: int | RpcError | None) -> str:
    """What trying a step out gave, in words."""
    if tried is None:
        return "can only be tried out once the step before it is on the chain"
    return f"tried out: FAILS, {desk.named_revert(tried)}" if isinstance(tried, RpcError) else f"tried out: passes, {tried:,} gas"


def table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Two columns, whole addresses at any width."""
    grid = Table(title=title, title_justify="left", show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    Console().print(grid)


def done(words: str, options: OwnerOptions) -> int:
    """The end of a command, said on stderr so that --json stays clean."""
    if not options.dry_run:
        Console(stderr=True).print(words, highlight=False, soft_wrap=True)
    return daemon.OK


async def _read_listings(scope: ChainScope, chain: ChainClient, head: BlockRef, name: str, evaluator: Evaluator) -> None:
    for event in await chain.run(evaluator.venue.snapshot(), head):
        evaluator.venue.apply(event, evaluator.book)
    first = scope.chain.start_block
    with session.ProgressBar() as report:
        async for block, logs in chain.backfill(evaluator.venue.listings(), first, head.number):
            apply_logs(evaluator, block, logs)
            report(Progress(name, "chain", block.number, first, head.number))


def _holdings(tokens: Sequence[Address], holder: Address) -> Reads[Sequence[Holding]]:
    questions = ("balanceOf(address)", "decimals()", "symbol()")
    answers = iter((yield [Call(token, _question(signature, holder)) for token in tokens for signature in questions]))
    holdings = []
    for token in tokens:
        amount, decimals, symbol = (next(answers).data for _ in questions)
        holdings.append(Holding(token, _text(symbol) or token, int.from_bytes(decimals, "big"), int.from_bytes(amount, "big")))
    return holdings


def _question(signature: str, holder: Address) -> bytes:
    selector = keccak(text=signature)[:4]
    return selector + bytes.fromhex(holder[2:]).rjust(32, b"\0") if "address" in signature else selector


def _text(data: bytes) -> str:
    """A string answer; old tokens answer with 32 bytes."""
    if len(data) <= 32:
        return data.rstrip(b"\0").decode(errors="replace")
    return data[64 : 64 + int.from_bytes(data[32:64], "big")].decode(errors="replace")


def _plain(step: Step) -> dict[str, object]:
    return {
        "function": step.function,
        "target": step.target,
        "arguments": list(step.arguments),
        "value_wei": str(step.value_wei),
        "data": "0x" + step.data.hex(),
        "effect": step.effect,
    }
