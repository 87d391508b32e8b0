"""Which columns a source has, before a schema selects and casts them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingot_worker import source
from ingot_worker.errors import config_error
from ingot_worker.outside import Copy
from ingot_worker.profiled import schema_type
from ingot_worker.sql import count, without_row_numbers

if TYPE_CHECKING:
    import duckdb

# Of the columns as JSON: an event has to hold them.
_BYTES_MAX = 32_768


def of_query(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, str | None]:
    """Names and types, in the schema's words."""
    found = _typed(connection.execute(f"DESCRIBE {query}").fetchall(), True)
    return without_row_numbers(found)


def of_files(
    connection: duckdb.DuckDBPyConnection, rows_from: source.Source, format: str
) -> dict[str, str | None]:
    """The same of one or several files, of CSV without types. Small integers are integers."""
    columns: dict[str, str | None] = {}
    # Of several files, which have the same columns, or there would be no snapshot.
    for part in rows_from.parts or [rows_from]:
        described = connection.execute(f"DESCRIBE SELECT * FROM {part.relation}")
        columns = _typed(described.fetchall(), format != "csv") | columns
    return columns


def of_copy(
    connection: duckdb.DuckDBPyConnection, copied: Copy, program: dict[str, Any]
) -> list[dict[str, str | None]]:
    """Those of a source outside the repository, as `ingot.lock` is to have them."""
    if copied.columns:
        columns: dict[str, str | None] = {c.name: schema_type(c.type) for c in copied.columns}
    else:
        rows_from = source.open_copy(copied, program, infer=False)
        columns = of_files(connection, rows_from, program["format"])
    found = [{"name": name, "type": kind} for name, kind in columns.items()]
    if len(json.dumps(found)) > _BYTES_MAX:
        raise config_error(
            "TooManyColumns",
            f"{program.get('path') or copied.files[0][0]} has {count(len(found))} columns, too "
            "many for ingot.lock to name",
            "remove the expectation 'schemaDrift'",
        )
    return found


def _typed(described: list[tuple[Any, ...]], says_types: bool) -> dict[str, str | None]:
    return {str(row[0]): schema_type(str(row[1])) if says_types else None for row in described}
