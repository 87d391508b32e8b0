"""Statistics of one column. Docs: docs/data.md, "The profile".

One thread takes all sums, in the order of the rows, so that the same data give the same bytes.
"""

from __future__ import annotations

from typing import Any

from ingot_worker import histogram
from ingot_worker.drift import Bins
from ingot_worker.profiled import Profiled, plain, schema_type
from ingot_worker.sql import identifier, literal

# Above this many rows distinct values and quantiles are estimated, in bounded memory. Both of
# DuckDB's estimates depend on the values and their order only.
EXACT_ROWS = 2_000_000
# Of as many distinct values at most, all are counted.
VALUES_MAX = 20
_VIGINTILES = [round(k / 20, 2) for k in range(1, 20)]
_QUANTILES = [0.01, *_VIGINTILES, 0.99]
_SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


class Column:
    """A column of a snapshot; a null, a NaN or an infinity is no value."""

    def __init__(self, data: Profiled, name: str) -> None:
        self.data = data
        self.name = name
        self.duckdb_type = data.columns[name]
        self.type = schema_type(self.duckdb_type)
        self.is_number = self.type in ("integer", "double")
        self.is_time = self.type in ("timestamp", "date")
        quoted = identifier(name)
        self.value = quoted
        if self.duckdb_type in ("DOUBLE", "FLOAT"):
            self.value = f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
        elif self.is_time:
            self.value = (
                f"CASE WHEN isfinite({quoted}) THEN epoch_us(CAST({quoted} AS TIMESTAMP)) END"
            )
        self.is_exact = data.rows <= EXACT_ROWS
        # Those of the histogram as numbers, and the most frequent values, once they are known.
        self._edges: list[Any] | None = None
        self._frequent: list[Any] = []

    def profile(self, type_name: str) -> dict[str, Any]:
        """What the profile says of it; `type_name` is the schema's type, if it has one."""
        result: dict[str, Any] = {"name": self.name, "type": type_name}
        result.update(self.summary())
        few = result["distinct"] <= VALUES_MAX
        if self.type in ("string", "boolean") or (self.is_number and few):
            result.update(self._values(result["count"]))
        quantiles = result.pop("allQuantiles", None)
        if quantiles:
            self._edges, counts = self._histogram(quantiles, result["count"])
            edges = [self._plain(e) for e in self._edges]
            result["histogram"] = {"edges": edges, "counts": counts}
            shown = dict(zip(_QUANTILES, quantiles, strict=True))
            result["quantiles"] = {str(q): self._plain(shown[q]) for q in _SHOWN}
        return result

    def _plain(self, value: Any) -> Any:
        if self.is_time and value is not None:
            return histogram.instant(int(value), self.type == "date")
        return plain(value)

    def summary(self) -> dict[str, Any]:
        """Numbers about all values, and the quantiles that bins are made of (`allQuantiles`)."""
        quoted = identifier(self.name)
        distinct = f"count(DISTINCT {self.value})"
        if not self.is_exact:
            distinct = f"least(approx_count_distinct({self.value}), count({self.value}))"
        parts = [f"count({quoted})", f"count({self.value})", distinct]
        parts += [f"min({self.value})", f"max({self.value})"]
        if self.is_number:
            parts.append(f"avg(CAST({self.value} AS DOUBLE))")
        if self.is_number or self.is_time:
            parts.append(self._quantiles())
        row = self._row(parts)
        present, count = int(row[0]), int(row[1])
        result = {
            "count": count,
            "nulls": self.data.rows - present,
            "distinct": int(row[2]),
            "exact": self.is_exact,
            "min": self._plain(row[3]),
            "max": self._plain(row[4]),
        }
        if present != count:
            result["notFinite"] = present - count
        if self.is_number:
            result["mean"] = plain(row[5])
            result["stddev"] = self._deviation()
        if (self.is_number or self.is_time) and count:
            result["allQuantiles"] = list(row[-1])
        return result

    def _quantiles(self) -> str:
        function = "quantile_disc" if self.is_exact else "approx_quantile"
        return f"{function}({self.value}, [{', '.join(map(str, _QUANTILES))}])"

    def _deviation(self) -> float | None:
        import duckdb

        try:
            deviation = self._row([f"stddev_samp(CAST({self.value} AS DOUBLE))"])[0]
        except duckdb.OutOfRangeException:  # the squares are larger than a double can be
            return None
        return None if deviation is None else plain(deviation)

    def _row(self, parts: list[str]) -> tuple[Any, ...]:
        row = self.data.connection.execute(
            f"SELECT {', '.join(parts)} FROM {self.data.table}"
        ).fetchone()
        assert row is not None
        return tuple(row)

    def _values(self, count: int) -> dict[str, Any]:
        """The most frequent values, and how many other values' rows there are."""
        rows = self.data.connection.execute(
            f"SELECT {self.value} AS v, count(*) FROM {self.data.table} "
            f"WHERE {self.value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {VALUES_MAX}"
        ).fetchall()
        self._frequent = [value for value, _ in rows]
        values = [{"value": plain(value), "count": number} for value, number in rows]
        return {"values": values, "others": count - sum(v["count"] for v in values)}

    def _histogram(self, quantiles: list[Any], count: int) -> tuple[list[Any], list[int]]:
        """Edges as numbers, and the counts between them."""
        low, high = quantiles[0], quantiles[-1]
        if self.is_time:
            edges: list[Any] = list(histogram.time_edges(int(low), int(high), self.type == "date"))
        else:
            edges = list(histogram.number_edges(low, high, self.type == "integer"))
        counts = self.counts(edges, count)
        if histogram.is_lopsided(counts):
            edges = sorted({*edges, *quantiles})
            counts = self.counts(edges, count)
        return edges, counts

    def frozen_bins(self, profile: dict[str, Any]) -> Bins | None:
        """The bins of a profile that this column has just made; None if it has none."""
        if self._edges is not None:
            return Bins([*profile["histogram"]["counts"], profile["nulls"]], edges=self._edges)
        if "values" not in profile:
            return None
        counts = [v["count"] for v in profile["values"]]
        return Bins([*counts, profile["others"], profile["nulls"]], values=self._frequent)

    def in_bins(self, bins: Bins, summary: dict[str, Any]) -> list[int]:
        """How many values of this column fall into the bins of another."""
        count, nulls = summary["count"], summary["nulls"]
        if bins.edges is not None:
            return [*self.counts(bins.edges, count), nulls]
        found = dict(
            self.data.connection.execute(
                f"SELECT v, count(*) FROM (SELECT {self.value} AS v FROM {self.data.table}) "
                "WHERE list_contains(?, v) GROUP BY v",
                [bins.values],
            ).fetchall()
        )
        counts = [int(found.get(value, 0)) for value in bins.values or []]
        return [*counts, count - sum(counts), nulls]

    def counts(self, edges: list[Any], count: int) -> list[int]:
        """How many of its values fall into the bins between these edges."""
        below = [f"count(*) FILTER (WHERE v < {self._constant(e)})" for e in edges]
        row = self.data.connection.execute(
            f"SELECT {', '.join(below)} FROM (SELECT {self.value} AS v FROM {self.data.table})"
        ).fetchone()
        assert row is not None
        return histogram.counted([int(n) for n in row], count)

    def _constant(self, edge: Any) -> str:
        if self.is_time or self.type == "integer":
            return str(int(edge))
        return f"CAST({literal(repr(float(edge)))} AS DOUBLE)"
