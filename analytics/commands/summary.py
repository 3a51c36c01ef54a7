"""`analytics summary`: what was liquidated, by whom, how late, and what was left alone."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from analytics.answers.identity import MarketKey, VenueLabels, venue_labels
from analytics.commands.options import AsJson, ChainId, LakeDirectory
from analytics.commands.output import console, json_text, print_table
from analytics.lake import open_lake
from analytics.summary import Summary, Window, summarise

_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
_Since = Annotated[datetime | None, typer.Option(help="Only from this block time on (UTC).", formats=list(_FORMATS), show_default=False)]
_Until = Annotated[datetime | None, typer.Option(help="Only before this block time (UTC).", formats=list(_FORMATS), show_default=False)]


def summary(
    lake: LakeDirectory = None,
    since: _Since = None,
    until: _Until = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.", show_default=False)] = None,
    chain: ChainId = None,
    as_json: AsJson = False,
) -> None:
    """Liquidations per market: notional, long and short shares, keeper reward, bad debt, latency in blocks; then skips by reason.

    Examples:

      analytics summary

      analytics summary --since 2025-03-21 --until 2025-03-22 --venue main

      analytics summary --json | jq '.markets[-1]'
    """
    with open_lake(lake) as connection:
        found, labels = summarise(connection, Window(_utc(since), _utc(until), venue, chain)), venue_labels(connection)
    if as_json:
        typer.echo(json_text(as_object(found)))
    else:
        _show(found, labels)


def as_object(found: Summary) -> dict[str, object]:
    """The summary as JSON has it."""
    return {
        "quality": found.quality,
        "n": found.n,
        "window": found.covered.to_pylist()[0],
        "markets": found.markets.to_pylist(),
        "skips": found.skips.to_pylist(),
    }


def _show(found: Summary, labels: VenueLabels) -> None:
    covered = found.covered.to_pylist()[0]
    if not found.n:
        console().print(f"no liquidations in {_span(covered)}")
    else:
        columns = ["market", "liquidations", "notional $", "long %", "short %", "largest $", "reward $", "bad debt $", "ours", "others"]
        columns += ["latency p50", "latency max"]
        names = labels.of_markets([MarketKey.of(row) for row in found.markets.to_pylist()])
        cells = [_market_cells(row, names[MarketKey.of(row)]) for row in found.markets.to_pylist()]
        print_table("Liquidations", cells, columns, frozenset(columns[1:]), _notes(found, covered))
    if found.skips.num_rows:
        columns = ["reason", "decisions", "accounts", "then ours", "then others", "then nobody"]
        cells = [dict(zip(columns, map(str, row.values()), strict=True)) for row in found.skips.to_pylist()]
        print_table("Candidates left alone", cells, columns, frozenset(columns[1:]), "an account may stand under several reasons")


def _market_cells(row: dict[str, Any], name: str) -> dict[str, str]:
    late = ("–", "–") if row["latency_blocks_p50"] is None else (f"{row['latency_blocks_p50']:g}", str(row["latency_blocks_max"]))
    return {
        "market": name,
        "liquidations": str(row["liquidations"]),
        "notional $": f"{row['notional_usd']:,.2f}",
        "long %": _percent(row["long_share"]),
        "short %": _percent(row["short_share"]),
        "largest $": f"{row['largest_usd']:,.2f}",
        "reward $": f"{row['reward_usd']:,.2f}",
        "bad debt $": f"{row['bad_debt_usd']:,.2f}",
        "ours": str(row["by_keeper"]),
        "others": str(row["by_others"]),
        "latency p50": late[0],
        "latency max": late[1],
    }


def _notes(found: Summary, covered: dict[str, Any]) -> str:
    total = found.markets.to_pylist()[-1]
    notes = [
        f"n = {found.n} liquidations of {total['accounts']} accounts, {found.quality} (from the chain's logs), {_span(covered)}",
        "sides are the victims', shares are of notional, rewards before gas",
        f"latency in blocks from the first block found liquidatable; known for {total['latency_n']} of {found.n}",
    ]
    if covered["collateral_liquidations"]:
        seized, debt = covered["collateral_liquidations"], covered["collateral_notional_usd"]
        notes.append(f"not in the table: {seized} seizures of collateral for {debt:,.2f} $ of debt")
    return "\n".join(notes)


def _span(covered: dict[str, Any]) -> str:
    if not covered["blocks"]:
        return "this window: the lake has no blocks in it"
    first, last = (f"{covered[name]:%Y-%m-%d %H:%M:%S}" for name in ("first_block_time", "last_block_time"))
    return f"{covered['blocks']} blocks ({_ranges(covered['chains'])}), {first} to {last} UTC"


def _ranges(chains: list[dict[str, int]]) -> str:
    """From which block to which, of every chain where there are several."""
    ranges = {chain["chain_id"]: f"{chain['first_block']} to {chain['last_block']}" for chain in chains}
    return ", ".join(f"chain {chain}: {blocks}" if len(ranges) > 1 else blocks for chain, blocks in ranges.items())


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
