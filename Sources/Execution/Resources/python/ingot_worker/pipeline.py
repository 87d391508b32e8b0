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
    import numpy as np

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
        wide = numeric.astype(np.float64)
        empty = np.isnan(wide).all(axis=0)
        if result.impute == "zero":
            result.fill = np.zeros(numeric.shape[1], dtype=np.float32)
        elif result.impute in ("median", "mean"):
            safe = np.where(empty, 0.0, wide)
            middle = np.nanmedian if result.impute == "median" else np.nanmean
            result.fill = middle(safe, axis=0).astype(np.float32)
        if result.scale == "standard":
            if result.fill is not None:
                wide = np.where(np.isnan(wide), result.fill, wide)
            wide = np.where(np.isnan(wide).all(axis=0), 0.0, wide)
            result.mean = np.nanmean(wide, axis=0).astype(np.float32)
            deviation = np.nanstd(wide, axis=0).astype(np.float32)
            result.deviation = np.where(deviation > 0, deviation, np.float32(1))
    frequency = int(encoding.get("minFrequency") or 1)
    for column in categorical:
        values, counts = np.unique(column.astype(str), return_counts=True)
        frequent = [str(v) for v, n in zip(values, counts, strict=True) if n >= frequency]
        codes = {value: code for code, value in enumerate(frequent)}
        rare = len(frequent) < len(values)
        other = len(codes) if rare else -1
        result.encoders.append(Encoder(codes, other, len(codes) + (1 if rare else 0)))
    return result


def to_onnx(pipeline: Pipeline, output: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Nodes, initializers and graph inputs that compute `output` from the packed inputs."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []
    inputs: list[Any] = []
    parts: list[str] = []

    def constant(name: str, value: Any) -> str:
        constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    if pipeline.numeric_names:
        size = len(pipeline.numeric_names)
        inputs.append(helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, size]))
        last = "numeric"
        if pipeline.fill is not None:
            nodes.append(helper.make_node("IsNaN", [last], ["p_nan"]))
            fill = constant("p_fill", pipeline.fill)
            nodes.append(helper.make_node("Where", ["p_nan", fill, last], ["p_imputed"]))
            last = "p_imputed"
        if pipeline.mean is not None and pipeline.deviation is not None:
            mean = constant("p_mean", pipeline.mean)
            nodes.append(helper.make_node("Sub", [last, mean], ["p_centred"]))
            deviation = constant("p_deviation", pipeline.deviation)
            nodes.append(helper.make_node("Div", ["p_centred", deviation], ["p_scaled"]))
            last = "p_scaled"
        parts.append(last)
    if pipeline.categorical_names:
        size = len(pipeline.categorical_names)
        inputs.append(
            helper.make_tensor_value_info("categorical", TensorProto.STRING, [None, size])
        )
        columns = ["categorical"]
        if size > 1:
            columns = [f"p_text{i}" for i in range(size)]
            sizes = constant("p_sizes", np.ones(size, dtype=np.int64))
            nodes.append(helper.make_node("Split", ["categorical", sizes], columns, axis=1))
        codes = []
        for index, encoder in enumerate(pipeline.encoders):
            known = encoder.codes or {"": encoder.other}
            nodes.append(
                helper.make_node(
                    "LabelEncoder",
                    [columns[index]],
                    [f"p_code{index}"],
                    domain="ai.onnx.ml",
                    keys_strings=list(known),
                    values_int64s=list(known.values()),
                    default_int64=encoder.other,
                )
            )
            codes.append(f"p_code{index}")
        if size > 1:
            nodes.append(helper.make_node("Concat", codes, ["p_codes"], axis=1))
        all_codes = "p_codes" if size > 1 else codes[0]
        if pipeline.encode == "one-hot":
            widths = [e.width for e in pipeline.encoders]
            which = np.repeat(np.arange(size, dtype=np.int64), widths)
            wanted = np.concatenate([np.arange(w, dtype=np.int64) for w in widths])
            name = constant("p_which", which)
            nodes.append(helper.make_node("Gather", [all_codes, name], ["p_wide"], axis=1))
            name = constant("p_wanted", wanted)
            nodes.append(helper.make_node("Equal", ["p_wide", name], ["p_equal"]))
            all_codes = "p_equal"
        nodes.append(helper.make_node("Cast", [all_codes], ["p_encoded"], to=TensorProto.FLOAT))
        parts.append("p_encoded")
    if len(parts) > 1:
        nodes.append(helper.make_node("Concat", parts, [output], axis=1))
    else:
        nodes.append(helper.make_node("Identity", parts, [output]))
    return nodes, constants, inputs
