"""The command line: `analytics COMMAND`. Exit code 0 done, 1 the question or the files are at fault, 2 the call or the lake is."""

import sys
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import typer

from analytics.commands.episodes import episodes
from analytics.commands.events import events
from analytics.commands.export import export
from analytics.commands.fragmentation import fragmentation
from analytics.commands.import_ import import_
from analytics.commands.map_ import map_
from analytics.commands.query import one_line, query
from analytics.commands.questions import QUESTIONS
from analytics.commands.report import report
from analytics.commands.signals import signals
from analytics.commands.summary import summary
from analytics.errors import AnalyticsError


def build_app() -> typer.Typer:
    """All commands. A new one is a file in commands/ and one line here, or an entry in commands/questions.py."""
    app = typer.Typer(
        name="analytics",
        help="Questions to the keeper's lake and to recordings of liquidations. Works while the keeper writes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.command("import")(import_)
    for command in (report, events, episodes, *QUESTIONS, fragmentation, signals, summary, query, export):
        app.command()(command)
    app.command("map")(map_)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is one line on standard error and an exit code, never a stack trace."""
    try:
        build_app()(args=sys.argv[1:] if arguments is None else list(arguments), prog_name="analytics")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except AnalyticsError as error:
        return _failed(str(error), error.exit_code)
    except duckdb.Error as error:
        return _failed(one_line(error), AnalyticsError.exit_code)
    except (OSError, pa.ArrowException) as error:
        return _failed(str(error), AnalyticsError.exit_code)
    return 0


def _failed(message: str, code: int) -> int:
    typer.echo(f"analytics: {message}", err=True)
    return code
