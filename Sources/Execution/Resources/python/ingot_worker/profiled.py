"""The snapshot that is being profiled, as its statistics and its expectations see it."""

from __future__ import annotations

import datetime
import decimal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingot_worker import sql
from ingot_worker.errors import StepError, config_error, did_you_mean
from ingot_worker.protocol import Request, clean
from ingot_worker.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

_TEXT_CHARACTERS_MAX = 200
_REFERENCE = "reference:"


def plain(value: Any) -> Any:
    """A value as JSON says it."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and len(value) > _TEXT_CHARACTERS_MAX:
        return value[:_TEXT_CHARACTERS_MAX] + "…"
    if value is None or isinstance(value, (bool, int, float, str)):
        return clean(value)
    return str(value)


def schema_type(name: str) -> str:
    """The schema's word for a DuckDB type."""
    if name in ("DOUBLE", "FLOAT") or name.startswith("DECIMAL"):
        return "double"
    if name.endswith("INT") or name in ("INTEGER", "UINTEGER"):
        return "integer"
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    return {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}.get(name, name.lower())


@dataclass
class Profiled:
    """The view `dataset` in a connection, with the snapshot's columns and `file_row_number`."""

    request: Request
    connection: duckdb.DuckDBPyConnection
    rows: int
    # Name to DuckDB's type, in the snapshot's order.
    columns: dict[str, str]
    # The view's name, quoted if need be.
    table: str = "dataset"

    @classmethod
    def open(cls, request: Request, connection: duckdb.DuckDBPyConnection) -> Profiled:
        """Make views of the input `dataset` and of those that it is compared with."""
        for name in request.inputs:
            if name == "dataset" or name.startswith(_REFERENCE):
                path = request.input(name, "data.parquet")
                sql.check_parquet(path, f"data.parquet of the input '{name}'")
                connection.execute(
                    f"CREATE VIEW {identifier(name)} AS SELECT * FROM "
                    f"read_parquet({literal(path)}, file_row_number=true)"
                )
        return cls.of_table(request, connection, "dataset")

    @classmethod
    def of_table(
        cls, request: Request, connection: duckdb.DuckDBPyConnection, table: str
    ) -> Profiled:
        """A view that there is already."""
        found = cls(request, connection, 0, _columns(connection, table), table)
        found.rows = found.number(f"SELECT count(*) FROM {table}")
        return found

    def number(self, query: str) -> int:
        """The one number that a query gives."""
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def require(self, check: str, column: str, types: tuple[str, ...] = ()) -> str:
        """A column that a check names, quoted; raises a config error if it cannot be checked."""
        if column not in self.columns:
            raise _missing(check, column, list(self.columns), "the dataset does not have")
        found = schema_type(self.columns[column])
        if types and found not in types:
            raise config_error(
                "ColumnType",
                f"the check '{check}' needs a column of type {' or '.join(types)}, "
                f"but '{column}' is of type {found}",
                "name another column",
            )
        return identifier(column)

    def reference(self, dataset: str) -> str:
        """The quoted table of another dataset; one that is not an input is the dataset itself."""
        name = _REFERENCE + dataset
        return identifier(name if name in self.request.inputs else "dataset")

    def require_reference(self, check: str, dataset: str, column: str) -> str:
        """The same as `require`, for a column of another dataset."""
        columns = _columns(self.connection, self.reference(dataset))
        if column not in columns:
            raise _missing(check, column, list(columns), f"dataset/{dataset} does not have")
        return identifier(column)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {table}")
    return {str(row[0]): str(row[1]) for row in described.fetchall()}


def _missing(check: str, column: str, names: list[str], who: str) -> StepError:
    return config_error(
        "ColumnMissing",
        f"the check '{check}' names the column '{column}', which {who}",
        did_you_mean(column, names) or "it has: " + ", ".join(names),
    )
