"""The command line of the daemon. Every command: `--help` with examples, `--json` where a program may read, one line for a failure."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keeper.commands import session
from keeper.commands.check_config import check_config as check_config_command
from keeper.commands.config_schema import config_schema as config_schema_command
from keeper.commands.executor_cli import executor_app
from keeper.commands.explain import explain as explain_command
from keeper.commands.kill import kill as kill_command
from keeper.commands.positions import positions as positions_command
from keeper.commands.quote import Order, Side
from keeper.commands.quote import quote as quote_command
from keeper.commands.replay import replay as replay_command
from keeper.commands.run import backfill as backfill_command
from keeper.commands.run import run as run_command
from keeper.settings import Mode

app = typer.Typer(
    help="Liquidation keeper for on-chain perpetual exchanges. Observing is the default and needs no key.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
config_app = typer.Typer(help="About the settings file.", no_args_is_help=True)
app.add_typer(config_app, name="config")

app.add_typer(executor_app, name="executor")

Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file (TOML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Block = Annotated[int | None, typer.Option("--block", help="Block number; the head when not given.")]
_DEFAULT = Path("config/keeper.toml")


def main() -> None:
    """Entry point of the `keeper` script."""
    app(prog_name="keeper")


@app.command(epilog="Examples:  keeper run -c keeper.toml    |    keeper run -c keeper.toml --mode simulate")
def run(
    config: Config = _DEFAULT,
    mode: Annotated[Mode | None, typer.Option(help="Overrides keeper.mode.")] = None,
    lake: Annotated[Path | None, typer.Option(help="Overrides lake.dir.")] = None,
) -> None:
    """Follow the chain, find breaches, and do what the mode allows. Ends cleanly on SIGTERM and Ctrl-C."""
    overrides: dict[str, Any] = {"keeper.mode": mode, "lake.dir": lake}
    _end(session.guarded(lambda: run_command(config, overrides)))


@app.command("check-config", epilog="Examples:  keeper check-config -c keeper.toml    |    keeper check-config --offline --json")
def check_config(
    config: Config = _DEFAULT,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the chain.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting as resolved, with its value's origin; ask the chain whether it is the one meant and the contracts are there."""
    _end(session.guarded(lambda: check_config_command(config, {}, as_json, offline)))


@config_app.command(
    "schema", epilog="Example:  keeper config schema    (into config/schema.json: editors complete and check the file with it)"
)
def config_schema() -> None:
    """JSON Schema of the settings file, from the same declarations the keeper reads it by."""
    _end(session.guarded(config_schema_command))


@app.command(epilog="Example:  keeper backfill -c keeper.toml    (stop it any time; the next run goes on)")
def backfill(config: Config = _DEFAULT) -> None:
    """Bring the lake from the start block (or where it stopped) to the newest final block."""
    _end(session.guarded(lambda: backfill_command(config)))


@app.command(epilog="Examples:  keeper kill -c keeper.toml    |    keeper kill --off")
def kill(
    config: Config = _DEFAULT,
    off: Annotated[bool, typer.Option("--off", help="Let sending go on.")] = False,
) -> None:
    """The kill switch: while its file stands nothing new is sent, by no daemon of these settings. What is in flight is seen to."""
    _end(session.guarded(lambda: kill_command(config, off)))


@app.command(epilog="Examples:  keeper positions --at-risk 20    |    keeper positions --block 1200 --json")
def positions(
    config: Config = _DEFAULT,
    venue: Annotated[str | None, typer.Option(help="Which venue of the settings; needed where there are several.")] = None,
    at_risk: Annotated[int | None, typer.Option("--at-risk", min=1, help="Only the N accounts nearest to liquidation.")] = None,
    block: Block = None,
    as_json: AsJson = False,
) -> None:
    """All positions, sorted by distance to liquidation. Works beside a running daemon, and without a lake."""
    _end(session.guarded(lambda: positions_command(config, venue, at_risk, block, as_json)))


@app.command(epilog="Example:  keeper explain perp 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 --block 1200")
def explain(
    venue: Annotated[str, typer.Argument(help="Venue of the settings.")],
    account: Annotated[str, typer.Argument(help="The account (trader's address).")],
    config: Config = _DEFAULT,
    block: Block = None,
    as_json: AsJson = False,
) -> None:
    """Every number of one account's margin computation beside the contract's own view, the decision and why."""
    _end(session.guarded(lambda: explain_command(config, venue, account, block, as_json)))


@app.command(
    epilog="Examples:  keeper quote perp --market ETH --side long --size 2.5 --leverage 8    |    "
    "keeper quote perp --market BTC --side short --size 0.1 --leverage 5 --block 1200 --json"
)
def quote(
    venue: Annotated[str, typer.Argument(help="Venue of the settings.")],
    market: Annotated[str, typer.Option(help="Market of the venue, by its own name.")],
    side: Annotated[Side, typer.Option(help="Which way.")],
    size: Annotated[str, typer.Option(help="Base units.")],
    leverage: Annotated[str, typer.Option(help="Size at the mark price, as a multiple of the margin that is deposited for it.")],
    config: Config = _DEFAULT,
    block: Block = None,
    as_json: AsJson = False,
) -> None:
    """Where a position that a new account opened now would be liquidated, how far that is, and what moves it."""
    _end(session.guarded(lambda: quote_command(config, venue, Order.of(market, side, size, leverage), block, as_json)))


@app.command(epilog="Example:  keeper replay -c keeper.toml    (exit code 1 when a decision differs)")
def replay(
    config: Config = _DEFAULT,
    venue: Annotated[str | None, typer.Option(help="Which venue of the settings; needed where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run recorded blocks through the decision code again, from the lake alone, and compare with what was decided then."""
    _end(session.guarded(lambda: replay_command(config, venue, as_json)))


def _end(code: int) -> None:
    raise typer.Exit(code)
