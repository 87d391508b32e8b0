"""Export of a fitted pipeline and estimator as one ONNX model with stable bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingot_worker import pipeline as preprocessing
from ingot_worker.errors import worker_bug

if TYPE_CHECKING:
    from ingot_worker.ondemand import Front

OPSETS = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
# Only for models that compare two texts of a request.
IR_VERSION_19 = 9
# The newest that onnxmltools' converters know; their operators mean the same in 17.
_BOOSTED_OPSET = 15
_FEATURES = "features"


def warm() -> None:
    """Imports for the warm parent."""
    import onnx
    import onnxmltools
    import skl2onnx

    assert onnx and onnxmltools and skl2onnx


def _convert(estimator: Any, algorithm: str, width: int) -> Any:
    """The estimator alone, from float32 [rows, width]."""
    if algorithm in ("lightgbm", "xgboost"):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType

        types = [(_FEATURES, FloatTensorType([None, width]))]
        if algorithm == "lightgbm":
            return onnxmltools.convert_lightgbm(
                estimator, initial_types=types, zipmap=False, target_opset=_BOOSTED_OPSET
            )
        return onnxmltools.convert_xgboost(
            estimator, initial_types=types, target_opset=_BOOSTED_OPSET
        )
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType as SklearnFloat

    classifier = hasattr(estimator, "classes_")
    return convert_sklearn(
        estimator,
        initial_types=[(_FEATURES, SklearnFloat([None, width]))],
        target_opset=OPSETS,
        options={id(estimator): {"zipmap": False}} if classifier else None,
    )


def _floor_thresholds(model: Any, booster: Any) -> None:
    """Make LightGBM's thresholds exact.

    They are doubles, which the converter rounds to the nearest float32: if that is above the
    double, an input equal to it goes left instead of right (flights, full year: 29 of 54,065 test
    rows, by up to 0.0094). For float32 inputs, x <= t is the same as x <= floor32(t).
    """
    import numpy as np

    floors: dict[tuple[int, int, float], float] = {}
    for index, tree in enumerate(booster.dump_model()["tree_info"]):
        waiting = [tree["tree_structure"]]
        while waiting:
            node = waiting.pop()
            if "threshold" not in node:
                continue
            waiting += [node["left_child"], node["right_child"]]
            value = float(node["threshold"])
            near = np.float32(value)
            floor = np.nextafter(near, np.float32(-np.inf)) if float(near) > value else near
            key = (index, int(node["split_feature"]), float(near))
            floors[key] = min(float(floor), floors.get(key, float(floor)))
    for node in model.graph.node:
        if not node.op_type.startswith("TreeEnsemble"):
            continue
        attributes = {a.name: a for a in node.attribute}
        values = attributes["nodes_values"].floats
        nodes = zip(
            attributes["nodes_modes"].strings,
            attributes["nodes_treeids"].ints,
            attributes["nodes_featureids"].ints,
            strict=True,
        )
        for index, (mode, tree_id, feature) in enumerate(nodes):
            if mode == b"BRANCH_LEQ":
                values[index] = floors[(tree_id, feature, float(np.float32(values[index])))]


def _output_name(model: Any, classes: int) -> str:
    """The converted model's output with the scores: classifiers have one for the label too."""
    from onnx import TensorProto

    outputs = list(model.graph.output)
    if classes:
        outputs = [o for o in outputs if o.type.tensor_type.elem_type == TensorProto.FLOAT]
        outputs = [o for o in outputs if "prob" in o.name.lower()] or outputs
    if not outputs:
        raise worker_bug("the converted model has no usable output")
    return str(outputs[0].name)


def _needed(nodes: list[Any], output: str) -> tuple[list[Any], set[str]]:
    """The nodes that `output` depends on, in their order, and the names they read."""
    names = {output}
    kept = []
    for node in reversed(nodes):
        if names & set(node.output):
            kept.append(node)
            names |= {name for name in node.input if name}
    return kept[::-1], names


class _Renamer:
    """Gives out names that do not depend on the converter's counters."""

    def __init__(self, fixed: dict[str, str]) -> None:
        self._fixed = fixed
        self._names: dict[str, str] = {"": ""}  # an input that is left out

    def name(self, old: str) -> str:
        """The new name, the same for every use."""
        if old not in self._names:
            self._names[old] = self._fixed.get(old) or f"v{len(self._names)}"
        return self._names[old]

    def node(self, old: Any, position: int) -> Any:
        """A copy of a node under new names, with its attributes sorted."""
        import onnx

        node = onnx.NodeProto()
        node.CopyFrom(old)
        del node.input[:], node.output[:], node.attribute[:]
        node.input.extend(self.name(name) for name in old.input)
        node.output.extend(self.name(name) for name in old.output)
        node.attribute.extend(sorted(old.attribute, key=lambda a: str(a.name)))
        node.name = f"n{position}"
        node.doc_string = ""
        return node

    def tensor(self, old: Any) -> Any:
        """A copy of a constant under its new name."""
        import onnx

        tensor = onnx.TensorProto()
        tensor.CopyFrom(old)
        tensor.name = self.name(old.name)
        return tensor


def export(
    pipeline: preprocessing.Pipeline,
    estimator: Any,
    algorithm: str,
    classes: int,
    front: Front | None = None,
) -> bytes:
    """The serialized model of front, preprocessing and estimator; `classes` is 0 for a regression.

    Equal pipelines and estimators give equal bytes: no names, texts or versions of the run.
    """
    import onnx
    from onnx import TensorProto, helper

    model = _convert(estimator, algorithm, len(pipeline.origins))
    if algorithm == "lightgbm":
        _floor_thresholds(model, estimator.booster_)
    scores = _output_name(model, classes)
    final = "probabilities" if classes else "prediction"
    before = preprocessing.to_onnx(pipeline, _FEATURES, front.graph if front else None)
    kept, names = _needed([*before.nodes, *model.graph.node], scores)
    renamer = _Renamer({**{tensor.name: tensor.name for tensor in before.inputs}, scores: final})
    nodes = [renamer.node(node, position) for position, node in enumerate(kept)]
    constants = [*before.constants, *model.graph.initializer]
    tensors = [renamer.tensor(tensor) for tensor in constants if tensor.name in names]
    shape = [None, classes or 1]
    result = helper.make_graph(
        nodes,
        "ingot",
        before.inputs,
        [helper.make_tensor_value_info(final, TensorProto.FLOAT, shape)],
        sorted(tensors, key=lambda tensor: int(tensor.name[1:])),
    )
    opset = front.opset if front else OPSETS[""]
    whole = helper.make_model(
        result, opset_imports=_opsets(model, nodes, opset), producer_name="ingot"
    )
    whole.ir_version = IR_VERSION if opset < 19 else IR_VERSION_19
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString(deterministic=True))


def _opsets(model: Any, nodes: list[Any], opset: int) -> list[Any]:
    """The operator sets of the domains in use."""
    from onnx import helper

    versions = {o.domain: o.version for o in model.opset_import if o.domain not in ("", "ai.onnx")}
    versions = {**versions, **OPSETS, "": opset}
    used = {node.domain for node in nodes} | {""}
    return [helper.make_opsetid(d, v) for d, v in sorted(versions.items()) if d in used]
