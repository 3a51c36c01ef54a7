"""The command line of `keeper executor`: options and help. What the commands do is in `keeper.commands.executor`."""

from pathlib import Path
from typing import Annotated

import typer

from keeper.commands import executor, session
from keeper.commands.owner_desk import OwnerOptions
from keeper.execution.owner_wallet import OWNER_PASSWORD_VARIABLE

executor_app = typer.Typer(
    help="The operator's executor contract: set up, fund, look at, take back. Signed by its owner's key, never the operator's.",
    no_args_is_help=True,
)
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file (TOML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
OwnerKey = Annotated[Path, typer.Option("--owner-key", help="The owner's encrypted keystore (web3 secret storage).")]
OwnerPassword = Annotated[
    Path | None, typer.Option("--password-file", help=f"File with its password; or environment {OWNER_PASSWORD_VARIABLE}.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show every transaction, try each out, send nothing.")]
ExecutorName = Annotated[str | None, typer.Option("--executor", help="Which executor of the settings, where there are several.")]
VenueName = Annotated[str | None, typer.Option("--venue", help="Which venue of the settings, where there are several.")]
_DEFAULT = Path("config/keeper.toml")
_AS_OWNER = "--owner-key owner.json --password-file owner.password"
_SOMEBODY = "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"


@executor_app.command("deploy", epilog=f"Example:  keeper executor deploy --treasury {_SOMEBODY} {_AS_OWNER} --dry-run")
def executor_deploy(
    treasury: Annotated[str, typer.Option(help="Where everything that ever leaves the executor goes; not the operator.")],
    owner_key: OwnerKey,
    password_file: OwnerPassword = None,
    config: Config = _DEFAULT,
    name: ExecutorName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Create the operator's executor contract, owned by the key."""
    options = OwnerOptions(config, owner_key, password_file, dry_run, as_json, name)
    _end(session.guarded(lambda: executor.deploy(options, treasury)))


@executor_app.command(
    "allow", epilog=f"Example:  keeper executor allow --budget-usd 2000 {_AS_OWNER}    (again after a venue lists a market)"
)
def executor_allow(
    owner_key: OwnerKey,
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", min=0, help="What all plans of one day may lose or carry open together.")
    ] = None,
    treasury: Annotated[str | None, typer.Option(help="Another treasury than the present one.")] = None,
    password_file: OwnerPassword = None,
    config: Config = _DEFAULT,
    name: ExecutorName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let the operators make the calls that the configured venues' plans are made of, and no others. Does only what is not so already."""
    options = OwnerOptions(config, owner_key, password_file, dry_run, as_json, name)
    _end(session.guarded(lambda: executor.allow(options, budget_usd, treasury)))


@executor_app.command("fund", epilog=f"Example:  keeper executor fund --margin 50000 --gas 0.05 {_AS_OWNER}")
def executor_fund(
    owner_key: OwnerKey,
    margin: Annotated[float, typer.Option(min=0, help="USD of the venue's settlement token, from the owner's account.")] = 0.0,
    gas: Annotated[float, typer.Option(min=0, help="Coin for each operator's gas, from the owner's account.")] = 0.0,
    venue: VenueName = None,
    password_file: OwnerPassword = None,
    config: Config = _DEFAULT,
    name: ExecutorName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Deposit margin for the executor, send each operator coin for gas, or both."""
    options = OwnerOptions(config, owner_key, password_file, dry_run, as_json, name)
    _end(session.guarded(lambda: executor.fund(options, venue, margin, gas)))


@executor_app.command("status", epilog="Examples:  keeper executor status -c keeper.toml    |    keeper executor status --json")
def executor_status(config: Config = _DEFAULT, name: ExecutorName = None, as_json: AsJson = False) -> None:
    """Who may do what, margin, budget and gas, and what is missing with its mend (exit code 1 then). Needs no key."""
    _end(session.guarded(lambda: executor.status(config, name, as_json)))


@executor_app.command("sweep", epilog=f"Example:  keeper executor sweep --margin 10000 {_AS_OWNER} --dry-run")
def executor_sweep(
    owner_key: OwnerKey,
    margin: Annotated[float, typer.Option(min=0, help="USD of margin to take out of the venue first.")] = 0.0,
    token: Annotated[str | None, typer.Option(help="Only this token; all of the wallet and its coin without.")] = None,
    venue: VenueName = None,
    password_file: OwnerPassword = None,
    config: Config = _DEFAULT,
    name: ExecutorName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send what is in the executor's wallet (collateral it bought, margin taken out) to the treasury."""
    options = OwnerOptions(config, owner_key, password_file, dry_run, as_json, name)
    _end(session.guarded(lambda: executor.sweep(options, venue, margin, token)))


@executor_app.command("revoke", epilog=f"Example:  keeper executor revoke {_AS_OWNER}")
def executor_revoke(
    owner_key: OwnerKey,
    operator: Annotated[str | None, typer.Option(help="Whom; all operators of the settings without.")] = None,
    password_file: OwnerPassword = None,
    config: Config = _DEFAULT,
    name: ExecutorName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take an operator's right to act away, at once."""
    options = OwnerOptions(config, owner_key, password_file, dry_run, as_json, name)
    _end(session.guarded(lambda: executor.revoke(options, operator)))


def _end(code: int) -> None:
    raise typer.Exit(code)
