"""keeper explain: one account's margin computation beside the contract's own figures, and the decision."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from keeper import assembly, daemon
from keeper.commands import session
from keeper.commands.session import Book
from keeper.domain import parse
from keeper.domain.account import AccountKey
from keeper.domain.chain_view import ChainVerdict, ChainView
from keeper.domain.decision import Choice, Liquidate, Skip
from keeper.domain.fixed import to_units
from keeper.domain.health import Health
from keeper.domain.views import Explanation, Term
from keeper.errors import ConfigError

_COMPARISON: Mapping[bool | None, str] = {True: "[green]equal[/]", False: "[red]DIFFERS[/]", None: "[yellow]not compared[/]"}


def explain(path: Path, venue: str, account: str, number: int | None, as_json: bool) -> int:
    """Print every number, ours beside the chain's, with the decision. Exit code 1 when a figure or the verdict differs."""
    return asyncio.run(_explain(path, venue, account, number, as_json))


async def _explain(path: Path, venue: str, account: str, number: int | None, as_json: bool) -> int:
    try:
        key = AccountKey(parse.account(account))
    except ValueError as error:
        raise ConfigError(f"{error}. Give it as `keeper positions` does: 0x and 40 or 64 hex digits, or a number.") from None
    async with session.book_at(session.settings(path), venue, number) as book:
        if key not in book.evaluator.book.account_keys():
            raise ConfigError(f"{venue} knows no account {key} at block {book.block.number}. `keeper positions` lists them.")
        (evaluated,) = await book.evaluator.evaluate(book.block, {key})
        explanation = await book.chain.run(book.venue.explain(key, book.evaluator.book, book.block.timestamp), book.block)
        (view,) = await book.chain.run(book.venue.chain_views([key]), book.block)
        choice = _choice(book, key, evaluated.health)
    if as_json:
        Console().print_json(json.dumps(_plain(book, evaluated.health, explanation, view, choice)))
    else:
        _print(book, evaluated.health, explanation, view, choice)
    differs = view.matches(evaluated.health) is False or any(_differs(term) for term in explanation.terms)
    return daemon.FAILED if differs else daemon.OK


def _choice(book: Book, key: AccountKey, health: Health) -> Choice | None:
    """What the daemon would decide; None for a healthy account."""
    if not health.liquidatable:
        return None
    policy = assembly.build_policy(book.scope, book.scope.executor_of(book.name))
    evaluation = book.evaluator.evaluation_of(key, health, book.block)
    gas_price = policy.gas_price(book.evaluator, book.block, evaluation.data_fee, evaluation.market_tip_wei)
    (decision,) = policy.decisions_after(book.name, book.evaluator, evaluation, gas_price, {})
    return decision.choice


def _print(book: Book, health: Health, explanation: Explanation, view: ChainView, choice: Choice | None) -> None:
    table = Table(title=f"{view.account} at block {book.block.number}", title_justify="left")
    for header in ("figure", "unit", "here", "contract", ""):
        table.add_column(header, overflow="fold")
    for term in explanation.terms:
        chain = "" if term.chain is None else f"{term.chain:,}"
        comparison = "" if term.chain is None else _COMPARISON[not _differs(term)]
        table.add_row(term.name, term.unit, f"{term.local:,}", chain, comparison)
    console = Console()
    console.print(table)
    for note in explanation.notes:
        console.print(f"- {note}", highlight=False)
    margin = (health.equity - health.requirement).units
    console.print(f"margin above the requirement: {margin:,.6f} USD; breach: {health.breach.value if health.breach else 'none'}")
    if isinstance(view, ChainVerdict):
        comparison = _COMPARISON[view.matches(health)]
        console.print(f"contract: {view.verdict.value}, {escape(view.reason)} {comparison}", highlight=False, soft_wrap=True)
    console.print(f"decision: {_words(choice)}")
    for call in choice.plan.calls if choice is not None and choice.plan is not None else ():
        console.print(f"  {call.purpose.value:<20} {call.target} 0x{call.calldata.hex()}", highlight=False, soft_wrap=True)


def _words(choice: Choice | None) -> str:
    if choice is None:
        return "none: the account is healthy"
    if isinstance(choice, Skip):
        return f"skip, {choice.reason.value} {choice.detail}".rstrip()
    economics = choice.economics
    return (
        f"liquidate {to_units(abs(choice.plan.size_x18)):,.6f} {choice.plan.market} "
        f"({choice.plan.notional.units:,.2f} USD): reward {economics.reward.units:,.2f}, "
        f"cost {economics.cost.units:,.2f}, profit {economics.profit.units:,.2f} USD"
    )


def _differs(term: Term) -> bool:
    return term.chain is not None and term.chain != term.local


def _plain(book: Book, health: Health, explanation: Explanation, view: ChainView, choice: Choice | None) -> dict[str, object]:
    return {
        "account": view.account,
        "block": book.block.number,
        "block_hash": book.block.hash,
        "equity_raw": str(health.equity.raw),
        "requirement_raw": str(health.requirement.raw),
        "breach": health.breach.value if health.breach else None,
        "verdict": _plain_verdict(view, health) if isinstance(view, ChainVerdict) else None,
        "terms": [
            {
                "name": term.name,
                "unit": term.unit,
                "local_raw": str(term.local),
                "chain_raw": None if term.chain is None else str(term.chain),
                "equal": not _differs(term),
            }
            for term in explanation.terms
        ],
        "notes": list(explanation.notes),
        "action": None if choice is None else ("liquidate" if isinstance(choice, Liquidate) else "skip"),
        "reason": choice.reason.value if isinstance(choice, Skip) else None,
        "decision": _words(choice),
    }


def _plain_verdict(verdict: ChainVerdict, health: Health) -> dict[str, object]:
    return {"verdict": verdict.verdict.value, "reason": verdict.reason, "equal": verdict.matches(health)}
