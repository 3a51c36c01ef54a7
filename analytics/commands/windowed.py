"""Commands of one form: a question about a window of the lake, answered by a table."""

from collections.abc import Callable
from typing import Protocol

import duckdb
import pyarrow as pa

from analytics.answers.window import Window
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Underlying, Until, window_of
from analytics.lake import open_lake

Columns = tuple[str, ...]


class AssetQuestion(Protocol):
    """A question about a window and perhaps one asset."""

    def __call__(self, lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None, /) -> pa.Table:
        """Its answer."""


class WindowQuestion(Protocol):
    """A question about a window."""

    def __call__(self, lake: duckdb.DuckDBPyConnection, window: Window | None = None, /) -> pa.Table:
        """Its answer."""


def asset_command(
    name: str, text: str, ask: AssetQuestion, *, columns: Columns = (), then: tuple[str, AssetQuestion] | None = None
) -> Callable[..., None]:
    """The command `name` with the help `text`. `columns`: those worth a terminal's width; `then`: title and question of a second table
    that follows on a terminal."""

    def command(
        since: Since = None,
        until: Until = None,
        underlying: Underlying = None,
        lake: LakeDirectory = None,
        as_json: AsJson = False,
        as_csv: AsCsv = False,
        parquet: ParquetFile = None,
    ) -> None:
        form = OutputForm(as_json, as_csv, parquet)
        window = window_of(since, until)
        with open_lake(lake) as connection:
            answer(ask(connection, window, underlying), form, columns=columns)
            if then is not None and form.for_a_screen:
                answer(then[1](connection, window, underlying), form, title=then[0])

    return _named(command, name, text)


def window_command(
    name: str, text: str, ask: WindowQuestion, *, columns: Columns = (), then: tuple[str, WindowQuestion] | None = None
) -> Callable[..., None]:
    """`asset_command` for what is not asked by asset."""

    def command(
        since: Since = None,
        until: Until = None,
        lake: LakeDirectory = None,
        as_json: AsJson = False,
        as_csv: AsCsv = False,
        parquet: ParquetFile = None,
    ) -> None:
        form = OutputForm(as_json, as_csv, parquet)
        window = window_of(since, until)
        with open_lake(lake) as connection:
            answer(ask(connection, window), form, columns=columns)
            if then is not None and form.for_a_screen:
                answer(then[1](connection, window), form, title=then[0])

    return _named(command, name, text)


def _named(command: Callable[..., None], name: str, text: str) -> Callable[..., None]:
    command.__name__, command.__doc__ = name, text
    return command
