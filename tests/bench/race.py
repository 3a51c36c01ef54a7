"""`python -m tests.bench.race`: the daemon against a rival at equal fees, through a fall of the prices; a fresh devnet for every seed.

How long a candidate takes from the arrival of its block to its transaction, beside what the same steps take on the idle node; who took how
many liquidations; what reverted. Asserts nothing; a seed takes about a minute on 2 cores."""

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.demo.answers import ask_missed
from contracts.demo.rivals import running_rivals
from contracts.devnet import PATHS
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rivals import NAMES, Rival, place_rivals
from tests.bench.floor import Floor, measure_floor
from tests.bench.race_figures import Race, Results, Stages, Taken, attempts, quantile, results
from tests.chaos.harness import Harness, caught_up, harness

_SETTINGS = {
    # Nobody is too small here: what the keeper leaves alone, the rival takes.
    "PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0"
}
_STAGES = """
SELECT
    date_diff('microsecond', seen_at, decided_at) / 1000.0 AS decided,
    date_diff('microsecond', decided_at, checked_at) / 1000.0 AS checked,
    date_diff('microsecond', checked_at, committed_at) / 1000.0 AS committed,
    date_diff('microsecond', committed_at, accepted_at) / 1000.0 AS sent
FROM attempts
WHERE account <> ? AND venue = 'perp_v2' AND accepted_at IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY sent_at) = 1
"""
_TIPS = "SELECT min(priority_fee_wei) AS least, max(priority_fee_wei) AS most FROM attempts WHERE venue = 'perp_v2' AND replaces IS NULL"
_OUTCOMES = "SELECT outcome, count(*) AS n, sum(gas_used)::BIGINT AS gas FROM outcomes WHERE venue = 'perp_v2' GROUP BY outcome"
_REVERTS = """
SELECT split_part(reason, '(', 1) AS reason, count(*) AS n FROM outcomes
WHERE venue = 'perp_v2' AND outcome = 'reverted' GROUP BY 1 ORDER BY n DESC
"""
_INCLUDED = """
SELECT transaction_hash, count(*) AS n FROM outcomes
WHERE account <> ? AND venue = 'perp_v2' AND outcome = 'included' GROUP BY transaction_hash ORDER BY n, sum(gas_used)
"""
_LIQUIDATIONS = """
SELECT count(*) AS n, coalesce(sum(notional_usd), 0.0) AS notional_usd FROM liquidations WHERE liquidator = ? AND kind <> 'collateral'
"""


@dataclass(frozen=True, slots=True)
class Script:
    """What a race is: rival, traders, path of the prices, blocks of it, wall seconds per block, and how often the floor is measured."""

    rival: str = "reacting"
    path: str = "gap"
    traders: int = 120
    blocks: int = 12
    interval: float = 1.0
    floor_rounds: int = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, whatever came out. Raises as `race`."""
    options = _parser().parse_args(arguments)
    script = Script(options.rival, options.path, options.traders, options.blocks, options.interval)
    console = Console(highlight=False)
    races = _races(script, range(options.first_seed, options.first_seed + options.seeds), console)
    together = results(races)
    write(options.json, script, races, together)
    console.print(_table(script, races))
    console.print(_stages_table(races))
    for words, holds in together.verdicts().items():
        console.print(f"{'[green]holds[/]         ' if holds else '[red]does not hold[/] '} {words}")
    console.print(f"all of it in {options.json}")
    return 0


def race(script: Script, seed: int, directory: Path, say: Callable[[str], None]) -> Race:
    """One seed, its lake and logs in `directory`. RuntimeError where the keeper landed nothing; raises as harness, place_rivals,
    running_keeper and running_rivals do."""
    say("a devnet")
    with harness(directory, script.traders, seed) as stage:
        (rival,) = place_rivals(stage.devnet, (script.rival,))
        executors = (stage.devnet.deployment.executor, rival.executor)
        before_usd = [_worth_usd(stage, executor) for executor in executors]
        say("the fall")
        _fall(script, stage, rival)
        profits_usd = [_worth_usd(stage, executor) - worth for executor, worth in zip(executors, before_usd, strict=True)]
        say("the floor")
        floor = measure_floor(stage.devnet, _typical(stage), directory, script.floor_rounds)
        return _judged(stage, seed, rival, floor, profits_usd)


def write(path: Path, script: Script, races: Sequence[Race], together: Results) -> None:
    """As JSON, every candidate's time in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(each) | {"share": each.share, "notional_share": each.notional_share, "floors": each.floors} for each in races]
    fields = {
        "cores": os.cpu_count(),
        "script": asdict(script),
        "together": asdict(together),
        "verdicts": together.verdicts(),
        "races": rows,
    }
    path.write_text(json.dumps(fields, indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    usual = Script()
    parser = argparse.ArgumentParser(prog="python -m tests.bench.race", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many, each on a devnet of its own")
    parser.add_argument("--first-seed", type=int, default=7)
    parser.add_argument("--rival", choices=NAMES, default=usual.rival)
    parser.add_argument("--path", choices=list(PATHS), default=usual.path)
    parser.add_argument("--traders", type=int, default=usual.traders)
    parser.add_argument("--blocks", type=int, default=usual.blocks, help="of the fall")
    parser.add_argument("--interval", type=float, default=usual.interval, help="wall seconds per block")
    parser.add_argument("--json", type=Path, default=Path("var/bench/race.json"), help="where every figure goes")
    return parser


def _races(script: Script, seeds: Sequence[int], console: Console) -> Sequence[Race]:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    races: list[Race] = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(seeds))
        for seed in seeds:
            with tempfile.TemporaryDirectory() as directory:

                def say(words: str, seed: int = seed) -> None:
                    progress.update(task, description=f"seed {seed}: {words}")

                races.append(race(script, seed, Path(directory), say))
            progress.advance(task)
    return races


def _fall(script: Script, stage: Harness, rival: Rival) -> None:
    """The keeper executes, the rival beside it."""
    with stage.keeper(settings=_SETTINGS) as keeper:
        caught_up(keeper, stage)
        with running_rivals(stage.devnet, (rival,), stage.directory) as programs:
            stage.play(script.path, blocks=script.blocks, interval=script.interval)
            for program in programs:
                program.must_run()
        caught_up(keeper, stage)
        keeper.stop()


def _typical(stage: Harness) -> str:
    """The hash of one of our transactions: for as few candidates as any, and of median gas among such."""
    rows = stage.rows(_INCLUDED, stage.devnet.deployment.executor.lower())
    if not rows:
        raise RuntimeError("the keeper landed nothing: a floor needs one of its transactions")
    fewest = [row["transaction_hash"] for row in rows if row["n"] == rows[0]["n"]]
    return str(fewest[len(fewest) // 2])


def _worth_usd(stage: Harness, executor: str) -> float:
    """At the oracle's newest prices. Source: PerpV2Valuer.valuation."""
    call = {"to": stage.devnet.deployment.valuer, "data": calldata("valuation(address)", executor)}
    worth_18, *_ = returned(("int256", "int256", "uint256"), stage.devnet.rpc.call("eth_call", call, "latest"))
    return float(worth_18) / 10**18


def _judged(stage: Harness, seed: int, rival: Rival, floor: Floor, profits_usd: Sequence[float]) -> Race:
    executor, opponent = stage.devnet.deployment.executor.lower(), rival.executor.lower()
    (won,), (lost,) = (stage.rows(_LIQUIDATIONS, liquidator) for liquidator in (executor, opponent))
    (tips,) = stage.rows(_TIPS)
    missed = ask_missed(stage.loaded.settings.lake.dir)
    return Race(
        seed=seed,
        candidates=tuple(Stages(**row) for row in stage.rows(_STAGES, executor)),
        floor=floor,
        won=Taken(won["n"], won["notional_usd"], profits_usd[0]),
        lost=Taken(lost["n"], lost["notional_usd"], profits_usd[1]),
        reasons=dict(Counter(row["reason"] for row in missed if row["liquidator"] == opponent)),
        reverts={row["reason"]: row["n"] for row in stage.rows(_REVERTS)},
        tips_wei=(tips["least"], tips["most"]),
        attempts=attempts(stage.rows(_OUTCOMES)),
    )


def _table(script: Script, races: Sequence[Race]) -> Table:
    caption = "ms, in brackets how many floors; the floor: one eth_call, one signature, one commit of the outbox, one send on the idle node"
    title = f"{script.traders} traders, {script.blocks} blocks of {script.path}, one rival: {script.rival}"
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    rows = [_cells(each) for each in races]
    for header in rows[0]:
        table.add_column(header, justify="left" if header == "lost to" else "right")
    for row in rows:
        table.add_row(*row.values())
    return table


def _stages_table(races: Sequence[Race]) -> Table:
    """Of all races together, beside what the same step takes on the idle node."""
    table = Table(title="Stages, ms", title_justify="left")
    for header in ("", "p50", "p99", "floor"):
        table.add_column(header, justify="right" if header else "left")
    for name in ("decided", "checked", "committed", "sent"):
        values = [getattr(stages, name) for each in races for stages in each.candidates]
        floor_ms = median(each.floor.stages().get(name, 0.0) for each in races)
        table.add_row(name, f"{quantile(values, 50):.1f}", f"{quantile(values, 99):.1f}", f"{floor_ms:.1f}")
    return table


def _cells(each: Race) -> Mapping[str, str]:
    ours, floor = each.attempts, each.floor.total_ms
    p50, p99 = each.quantile_ms(50), each.quantile_ms(99)
    return {
        "seed": str(each.seed),
        "n": str(len(each.candidates)),
        "floor": f"{floor:.1f}",
        "seen to sent p50": f"{p50:.1f} ({p50 / floor:.1f})",
        "p99": f"{p99:.1f} ({p99 / floor:.1f})",
        "won / lost": f"{each.won.liquidations} / {each.lost.liquidations}",
        "share": f"{each.share:.1%}",
        "of notional": f"{each.notional_share:.1%}",
        "profit USD": f"{each.won.profit_usd:,.0f} / {each.lost.profit_usd:,.0f}",
        "lost to": _counts(each.reasons),
        "reverts": f"{ours.other_reverts} of {ours.mined}, {_counts(each.reverts)}".rstrip(", "),
        "lost races (gas)": f"{ours.lost_races} ({ours.lost_race_gas:,})",
        "tips gwei": " to ".join(f"{tip / 10**9:g}" for tip in sorted(set(each.tips_wei))),
    }


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items())


if __name__ == "__main__":
    raise SystemExit(main())
