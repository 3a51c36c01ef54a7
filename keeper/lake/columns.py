"""From records to Arrow: a record class's fields decide its table's columns (see keeper/domain/records.py)."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from keeper.domain.chain import Timestamp
from keeper.domain.records import TABLES, MicroTime, Raw, Record

_SQL = {
    Timestamp: "TIMESTAMP",
    MicroTime: "TIMESTAMP",
    Raw: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    str: "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    sql_type: str
    nullable: bool
    arrow_type: pa.DataType


def columns(record: type[Record]) -> tuple[Column, ...]:
    """The columns a record class stands for, in order."""
    return tuple(_column(name, hint) for name, hint in typing.get_type_hints(record).items())


def schemas() -> Mapping[type[Record], tuple[str, pa.Schema]]:
    """Table name and Arrow schema of every record class."""
    return MappingProxyType({record: (table, _schema(columns(record))) for table, record in TABLES})


def arrow_table(schema: pa.Schema, rows: Sequence[Any]) -> pa.Table:
    """Records of one class as an Arrow table. Raises OverflowError or pa.ArrowInvalid for a value its column cannot hold."""
    return pa.table([pa.array([getattr(row, name) for row in rows], schema.field(name).type) for name in schema.names], schema=schema)


def _schema(of: Sequence[Column]) -> pa.Schema:
    return pa.schema([pa.field(column.name, column.arrow_type, column.nullable) for column in of])


def _column(name: str, hint: Any) -> Column:
    options = typing.get_args(hint)
    plain = next((option for option in options if option is not type(None)), hint)
    return Column(name, _SQL[plain], type(None) in options, _arrow(plain))


def _arrow(plain: Any) -> pa.DataType:
    if plain is Timestamp:
        return pa.timestamp("s")
    if plain is MicroTime:
        return pa.timestamp("us")
    return {"BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "VARCHAR": pa.string()}[_SQL[plain]]
