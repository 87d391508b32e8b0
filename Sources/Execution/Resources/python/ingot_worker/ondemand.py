"""On-demand features: the front of a model's graph, from request values to features.

The same nodes compute the features for training, through ONNX Runtime, and for serving, so that the
two cannot differ. Beside the packed tensors `numeric` and `categorical` a model with a front has
`integer` (int64: integers, booleans, and times as microseconds since 1970 UTC; the smallest integer
for null) and `double` (float64; NaN for null).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingot_worker.data import NULL_INTEGER, Rows
from ingot_worker.ondemand_compiler import Compiler, kind_text
from ingot_worker.ondemand_parser import Source, parse
from ingot_worker.ondemand_values import Builder, Value
from ingot_worker.pipeline import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE_KINDS = {"integer": "integer", "boolean": "integer", "timestamp": "integer"}
WIDE_KINDS |= {"date": "integer", "double": "double"}
_BATCH_ROWS = 20_000


@dataclass
class Front:
    """What a model with on-demand features takes, and the features that come of it."""

    # The columns of the model's tensors, in order. `categorical` may have more than the features.
    numeric: list[str]
    categorical: list[str]
    integer: dict[str, str]
    double: list[str]
    # The features, in the order of the matrix that the estimator sees.
    numeric_features: list[str] = field(default_factory=list)
    categorical_features: list[str] = field(default_factory=list)
    # Whether a null of the request can reach a numeric feature.
    may_be_null: bool = False
    opset: int = 17
    # The nodes, whose outputs are `f_numeric` and `f_categorical`.
    graph: Graph = field(default_factory=Graph)
    _session: Any = None

    def compute(self, rows: Rows) -> Rows:
        """The features of request values; keeps the latter as `request`."""
        import numpy as np

        from ingot_worker import parity

        total = len(rows)
        if not total:
            none = np.zeros((0, len(self.numeric_features)), dtype=np.float32)
            empty = [np.array([], dtype=object) for _ in self.categorical_features]
            return Rows(none if self.numeric_features else None, empty, rows.label, request=rows)
        if self._session is None:
            self._session = parity.session(self._model())
        names = [name for name in ("f_numeric", "f_categorical") if self._has(name)]
        parts: list[list[Any]] = [[] for _ in names]
        for start in range(0, total, _BATCH_ROWS):
            feed = parity.feed(rows, slice(start, start + _BATCH_ROWS))
            for part, output in zip(parts, self._session.run(names, feed), strict=True):
                part.append(output)
        outputs = dict(zip(names, [np.concatenate(part) for part in parts], strict=True))
        texts: NDArray[Any] | None = outputs.get("f_categorical")
        columns = [] if texts is None else [texts[:, i] for i in range(texts.shape[1])]
        return Rows(outputs.get("f_numeric"), columns, rows.label, request=rows)

    def _has(self, output: str) -> bool:
        return bool(self.numeric_features if output == "f_numeric" else self.categorical_features)

    def _model(self) -> bytes:
        from onnx import TensorProto, helper

        types = {"f_numeric": TensorProto.FLOAT, "f_categorical": TensorProto.STRING}
        outputs = [
            helper.make_tensor_value_info(name, kind, None)
            for name, kind in types.items()
            if self._has(name)
        ]
        graph = helper.make_graph(
            self.graph.nodes, "front", self.graph.inputs, outputs, self.graph.constants
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 9 if self.opset > 18 else 8
        return bytes(model.SerializeToString())


def front(program: dict[str, Any], features: list[dict[str, Any]]) -> Front | None:
    """The front of a step's program; None without on-demand features.

    Raises a config error that shows the place for what cannot be compiled.
    """
    expressions = program.get("onDemand")
    if not expressions:
        return None
    return _Layout(program.get("request") or {}, features, expressions).front()


class _Layout:
    """Which column is in which tensor."""

    def __init__(
        self, request: dict[str, str], features: list[dict[str, Any]], expressions: dict[str, Any]
    ) -> None:
        # In an order that no encoder of JSON decides.
        self._request = dict(sorted(request.items()))
        self._expressions = expressions
        self._features = features
        self._types = {f["name"]: f["type"] for f in features}
        self._sources = {n: Source(n, e["expression"]) for n, e in expressions.items()}
        self._trees = {n: _shallow(source, parse, source) for n, source in self._sources.items()}
        self._used = self._find_used()

    def _name(self, written: str) -> str | None:
        """The column that is meant: DuckDB does not look at the case of letters."""
        known = [*self._request, *(n for n, t in self._types.items() if t != "on-demand")]
        if written in known:
            return written
        return next((name for name in known if name.lower() == written.lower()), None)

    def _find_used(self) -> set[str]:
        """The columns of the request that an expression really reads."""
        used = set()
        waiting: list[Any] = list(self._trees.values())
        while waiting:
            node = waiting.pop()
            if isinstance(node, list):
                waiting += node
            elif isinstance(node, dict):
                waiting += node.values()
                if node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1:
                    name = self._name(node["column_names"][0])
                    if name in self._request:
                        used.add(name)
        return used

    def front(self) -> Front:
        """Lays out the tensors and compiles all expressions."""
        # A column that is kept as it is but not read any more counts as what it is as a feature.
        wide = {n: k for n, k in self._request.items() if k != "string" and self._reads(n)}
        numeric = [n for n, t in self._types.items() if t == "numeric" and n not in wide]
        texts = [n for n, t in self._types.items() if t == "categorical"]
        more = [n for n in self._used if self._request[n] == "string" and n not in texts]
        result = Front(
            numeric,
            texts + sorted(more),
            {n: k for n, k in wide.items() if WIDE_KINDS[k] == "integer"},
            [n for n, k in wide.items() if WIDE_KINDS[k] == "double"],
        )
        _FrontBuilder(self, result, texts).build()
        return result

    def _reads(self, name: str) -> bool:
        return name in self._used or name in self._types

    def feature_names(self) -> list[str]:
        """All of them, in the manifest's order."""
        return [f["name"] for f in self._features]

    def compile(self, name: str, builder: Builder, columns: _Columns) -> tuple[Source, Any, Value]:
        """The value of an on-demand feature."""
        source, tree = self._sources[name], self._trees[name]
        compiler = Compiler(source, builder, lambda written: columns.value(self._name(written)))
        known = [n for n, t in self._types.items() if t != "on-demand"]
        compiler.column_names = list(dict.fromkeys([*self._request, *known]))
        return source, tree, _shallow(source, compiler.compile, tree)

    def is_on_demand(self, name: str) -> bool:
        """Whether the feature is computed by an expression."""
        return name in self._expressions


def _shallow(source: Source, work: Callable[[Any], Any], argument: Any) -> Any:
    """Does the work, unless the expression is nested too deeply for it."""
    try:
        return work(argument)
    except RecursionError:
        hint = "take parts of it out, into the dataset's query or other features"
        raise source.refusal(None, "it is nested too deeply", hint) from None


class _Columns:
    """The columns of a model's tensors as values."""

    def __init__(self, result: Front, builder: Builder) -> None:
        self._front = result
        self._builder = builder

    def value(self, name: str | None) -> Value | None:
        """None if there is no such column."""
        from onnx import TensorProto

        made, builder = self._front, self._builder
        if name is None:
            return None
        if name in made.integer:
            return self._integer(name, made.integer[name])
        if name in made.double:
            tensor = self._column("double", made.double, name)
            return Value("double", tensor, builder.op("IsNaN", tensor))
        if name in made.numeric:
            tensor = self._column("numeric", made.numeric, name)
            wide = builder.op("Cast", tensor, to=TensorProto.DOUBLE)
            return Value("double", wide, builder.op("IsNaN", tensor))
        if name in made.categorical:
            tensor = self._column("categorical", made.categorical, name)
            return Value("string", tensor, builder.texts(tensor, [""]))
        return None

    def _column(self, tensor: str, names: list[str], name: str) -> str:
        if len(names) == 1:
            return tensor
        place = self._builder.indices(names.index(name))
        return self._builder.op("Gather", tensor, place, axis=1)

    def _integer(self, name: str, kind: str) -> Value:
        builder = self._builder
        tensor = self._column("integer", list(self._front.integer), name)
        null = builder.op("Equal", tensor, builder.const(NULL_INTEGER, "int64"))
        if kind == "boolean":
            return Value("boolean", builder.op("Equal", tensor, builder.const(1, "int64")), null, 1)
        return Value(kind, tensor, null)


class _FrontBuilder:
    """Makes the graph of a front whose tensors are laid out."""

    def __init__(self, layout: _Layout, result: Front, texts: list[str]) -> None:
        self._layout = layout
        self._front = result
        self._texts = texts
        self._builder = Builder(result.graph)
        self._columns = _Columns(result, self._builder)
        self._numeric_parts: list[str] = []
        self._text_parts: list[str] = []

    def build(self) -> None:
        """Fills the graph, and the lists of features."""
        made = self._front
        self._declare_inputs()
        made.numeric_features = list(made.numeric)
        made.categorical_features = list(self._texts)
        if made.numeric:
            self._numeric_parts.append("numeric")
        self._take_texts()
        for name in self._layout.feature_names():
            if self._layout.is_on_demand(name):
                self._add(name, *self._layout.compile(name, self._builder, self._columns))
            elif name in made.integer or name in made.double:
                value = self._columns.value(name)
                if value is not None:
                    self._add_number(name, value)
        self._join("f_numeric", self._numeric_parts)
        self._join("f_categorical", self._text_parts)
        made.opset = self._builder.opset

    def _declare_inputs(self) -> None:
        from onnx import TensorProto, helper

        made = self._front
        tensors = {
            "numeric": (TensorProto.FLOAT, made.numeric),
            "categorical": (TensorProto.STRING, made.categorical),
            "integer": (TensorProto.INT64, list(made.integer)),
            "double": (TensorProto.DOUBLE, made.double),
        }
        for name, (kind, columns) in tensors.items():
            if columns:
                shape = [None, len(columns)]
                made.graph.inputs.append(helper.make_tensor_value_info(name, kind, shape))

    def _take_texts(self) -> None:
        """The features among the texts, which stand first."""
        if not self._texts:
            return
        if len(self._texts) == len(self._front.categorical):
            self._text_parts.append("categorical")
            return
        import numpy as np

        places = self._front.graph.constant("f_texts", np.arange(len(self._texts), dtype=np.int64))
        self._text_parts.append(self._builder.op("Gather", "categorical", places, axis=1))

    def _add(self, name: str, source: Source, tree: Any, value: Value) -> None:
        if value.is_constant or value.kind == "null":
            raise source.refusal(
                None, "it is the same for every row", "let it depend on a column of the spine"
            )
        if value.kind in ("timestamp", "date", "interval"):
            raise source.refusal(
                tree,
                f"{kind_text(value)} cannot be a feature",
                "make a number of it, such as epoch(…) or hour(…)",
            )
        if value.kind == "string":
            tensor = value.tensor
            if value.null is not None:
                empty = self._builder.const("", "string")
                tensor = self._builder.op("Where", value.null, empty, tensor)
            self._text_parts.append(tensor)
            self._front.categorical_features.append(name)
        else:
            self._add_number(name, value)

    def _add_number(self, name: str, value: Value) -> None:
        from onnx import TensorProto

        tensor = self._builder.op("Cast", value.tensor, to=TensorProto.FLOAT)
        if value.null is not None:
            nan = self._builder.const(float("nan"), "float32")
            tensor = self._builder.op("Where", value.null, nan, tensor)
            self._front.may_be_null = True
        self._numeric_parts.append(tensor)
        self._front.numeric_features.append(name)

    def _join(self, output: str, parts: list[str]) -> None:
        if len(parts) > 1:
            self._front.graph.add("Concat", parts, output, axis=1)
        elif parts:
            self._front.graph.add("Identity", parts, output)
