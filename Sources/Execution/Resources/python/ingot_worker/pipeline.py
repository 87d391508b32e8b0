"""The preprocessing: fitted and applied in NumPy, and exported as plain ONNX operators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Encoder:
    """One categorical column: the code of each known category, and of every other text."""

    codes: dict[str, int]
    other: int  # -1: nothing
    width: int


@dataclass
class Pipeline:
    """Fitted preprocessing of the packed numeric and categorical columns."""

    impute: str
    scale: str
    encode: str
    fill: NDArray[np.float32] | None = None
    mean: NDArray[np.float32] | None = None
    deviation: NDArray[np.float32] | None = None
    encoders: list[Encoder] = field(default_factory=list)
    numeric_names: list[str] = field(default_factory=list)
    categorical_names: list[str] = field(default_factory=list)

    @property
    def origins(self) -> list[str]:
        """The feature each column of the matrix comes from."""
        names = list(self.numeric_names)
        for name, encoder in zip(self.categorical_names, self.encoders, strict=True):
            names += [name] * (encoder.width if self.encode == "one-hot" else 1)
        return names

    def transform(
        self, numeric: NDArray[np.float32] | None, categorical: list[NDArray[Any]]
    ) -> NDArray[np.float32]:
        """The dense float32 matrix of the rows."""
        import numpy as np

        rows = len(numeric) if numeric is not None else len(categorical[0])
        matrix = np.zeros((rows, len(self.origins)), dtype=np.float32)
        at = 0
        if numeric is not None:
            at = numeric.shape[1]
            block = numeric
            if self.fill is not None:
                block = np.where(np.isnan(block), self.fill, block)
            if self.mean is not None and self.deviation is not None:
                block = (block - self.mean) / self.deviation
            matrix[:, :at] = block
        for encoder, column in zip(self.encoders, categorical, strict=True):
            values, inverse = np.unique(column.astype(str), return_inverse=True)
            lookup = [encoder.codes.get(str(v), encoder.other) for v in values]
            codes = np.array(lookup, dtype=np.int64)[inverse.reshape(-1)]
            if self.encode == "one-hot":
                known = np.flatnonzero(codes >= 0)
                matrix[known, at + codes[known]] = 1
                at += encoder.width
            else:
                matrix[:, at] = codes
                at += 1
        return matrix


def fit(
    preprocessing: dict[str, Any],
    numeric: NDArray[np.float32] | None,
    categorical: list[NDArray[Any]],
    names: tuple[list[str], list[str]],
) -> Pipeline:
    """Fit the preprocessing on the training rows."""
    options = preprocessing.get("numeric") or {}
    encoding = preprocessing.get("categorical") or {}
    result = Pipeline(
        options.get("impute", "none"),
        options.get("scale", "none"),
        encoding.get("encode", "one-hot"),
        numeric_names=names[0],
        categorical_names=names[1],
    )
    if numeric is not None:
        _fit_numeric(result, numeric)
    frequency = int(encoding.get("minFrequency") or 1)
    result.encoders = [_encoder(column, frequency) for column in categorical]
    return result


def _fit_numeric(pipeline: Pipeline, numeric: NDArray[np.float32]) -> None:
    """Sets `fill`, `mean` and `deviation`, each float32 [features], where they are asked for."""
    import numpy as np

    if pipeline.impute == "none" and pipeline.scale == "none":
        return
    wide = numeric.astype(np.float64)
    # A feature that is always null has no median, mean or deviation.
    wide[:, np.isnan(wide).all(axis=0)] = 0.0
    if pipeline.impute == "zero":
        pipeline.fill = np.zeros(numeric.shape[1], dtype=np.float32)
    elif pipeline.impute in ("median", "mean"):
        middle = np.nanmedian if pipeline.impute == "median" else np.nanmean
        pipeline.fill = middle(wide, axis=0).astype(np.float32)
    if pipeline.scale == "standard":
        if pipeline.fill is not None:
            wide = np.where(np.isnan(numeric), pipeline.fill, wide)
        pipeline.mean = np.nanmean(wide, axis=0).astype(np.float32)
        deviation = np.nanstd(wide, axis=0).astype(np.float32)
        pipeline.deviation = np.where(deviation > 0, deviation, np.float32(1))


def _encoder(column: NDArray[Any], frequency: int) -> Encoder:
    """Categories in their order as texts; the infrequent ones share the code after the last."""
    import numpy as np

    values, counts = np.unique(column.astype(str), return_counts=True)
    frequent = [str(v) for v, n in zip(values, counts, strict=True) if n >= frequency]
    codes = {value: code for code, value in enumerate(frequent)}
    if len(frequent) == len(values):
        return Encoder(codes, -1, len(codes))
    return Encoder(codes, len(codes), len(codes) + 1)


@dataclass
class Graph:
    """The parts of an ONNX graph that is being made."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node; returns the name of its output."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        """Add a constant tensor; returns its name."""
        import numpy as np
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def to_onnx(pipeline: Pipeline, output: str, front: Graph | None = None) -> Graph:
    """The graph that computes `output` [rows, width] from the packed inputs, or from what a front
    makes of its own: `f_numeric` and `f_categorical`.

    Its float operations are those of `Pipeline.transform`, one for one, so that nothing is rounded
    differently.
    """
    graph = (
        Graph(list(front.nodes), list(front.constants), list(front.inputs)) if front else Graph()
    )
    before = "f_" if front else ""
    parts = []
    if pipeline.numeric_names:
        parts.append(_numeric_to_onnx(pipeline, graph, before + "numeric"))
    if pipeline.categorical_names:
        parts.append(_categorical_to_onnx(pipeline, graph, before + "categorical"))
    if len(parts) > 1:
        graph.add("Concat", parts, output, axis=1)
    else:
        graph.add("Identity", parts, output)
    return graph


def _numeric_to_onnx(pipeline: Pipeline, graph: Graph, source: str) -> str:
    from onnx import TensorProto, helper

    shape = [None, len(pipeline.numeric_names)]
    if source == "numeric":
        graph.inputs.append(helper.make_tensor_value_info(source, TensorProto.FLOAT, shape))
    last = source
    if pipeline.fill is not None:
        missing = graph.add("IsNaN", [last], "p_nan")
        fill = graph.constant("p_fill", pipeline.fill)
        last = graph.add("Where", [missing, fill, last], "p_imputed")
    if pipeline.mean is not None and pipeline.deviation is not None:
        last = graph.add("Sub", [last, graph.constant("p_mean", pipeline.mean)], "p_centred")
        deviation = graph.constant("p_deviation", pipeline.deviation)
        last = graph.add("Div", [last, deviation], "p_scaled")
    return last


def _categorical_to_onnx(pipeline: Pipeline, graph: Graph, source: str) -> str:
    import numpy as np
    from onnx import TensorProto, helper

    size = len(pipeline.categorical_names)
    shape = [None, size]
    if source == "categorical":
        graph.inputs.append(helper.make_tensor_value_info(source, TensorProto.STRING, shape))
    columns = [source]
    if size > 1:
        columns = [f"p_text{index}" for index in range(size)]
        sizes = graph.constant("p_sizes", np.ones(size, dtype=np.int64))
        graph.nodes.append(helper.make_node("Split", [source, sizes], columns, axis=1))
    codes = []
    for index, encoder in enumerate(pipeline.encoders):
        # The operator takes no empty list of keys.
        known = encoder.codes or {"": encoder.other}
        codes.append(
            graph.add(
                "LabelEncoder",
                [columns[index]],
                f"p_code{index}",
                domain="ai.onnx.ml",
                keys_strings=list(known),
                values_int64s=list(known.values()),
                default_int64=encoder.other,
            )
        )
    last = graph.add("Concat", codes, "p_codes", axis=1) if size > 1 else codes[0]
    if pipeline.encode == "one-hot":
        widths = [encoder.width for encoder in pipeline.encoders]
        which = np.repeat(np.arange(size, dtype=np.int64), widths)
        wanted = np.concatenate([np.arange(width, dtype=np.int64) for width in widths])
        last = graph.add("Gather", [last, graph.constant("p_which", which)], "p_wide", axis=1)
        last = graph.add("Equal", [last, graph.constant("p_wanted", wanted)], "p_equal")
    return graph.add("Cast", [last], "p_encoded", to=TensorProto.FLOAT)
