"""Export of a fitted pipeline and estimator as one ONNX model with stable bytes."""

from __future__ import annotations

from typing import Any

from ingot_worker import pipeline as preprocessing
from ingot_worker.errors import StepError

OPSETS = {"": 17, "ai.onnx.ml": 3}


def warm() -> None:
    """Imports for the warm parent."""
    import onnx
    import onnxmltools
    import skl2onnx

    assert onnx and onnxmltools and skl2onnx


def _convert(estimator: Any, algorithm: str, width: int) -> Any:
    if algorithm in ("lightgbm", "xgboost"):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType

        types = [("features", FloatTensorType([None, width]))]
        # Opset 15 is the newest these converters know; ONNX-ML's follows from it.
        if algorithm == "lightgbm":
            model = onnxmltools.convert_lightgbm(
                estimator, initial_types=types, zipmap=False, target_opset=15
            )
            _floor_thresholds(model, estimator.booster_)
            return model
        return onnxmltools.convert_xgboost(
            estimator,
            initial_types=types,
            target_opset=15,
        )
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType as SklearnFloat

    classifier = hasattr(estimator, "classes_")
    return convert_sklearn(
        estimator,
        initial_types=[("features", SklearnFloat([None, width]))],
        target_opset=OPSETS,
        options={id(estimator): {"zipmap": False}} if classifier else None,
    )


def _floor_thresholds(model: Any, booster: Any) -> None:
    """LightGBM's thresholds are doubles, which the converter rounds to the nearest float32: if that
    is above the double, an input equal to it goes left instead of right. For float32 inputs,
    x <= t is the same as x <= floor32(t)."""
    import numpy as np

    floors: dict[tuple[int, float], float] = {}
    waiting = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "threshold" not in node:
            continue
        value = float(node["threshold"])
        rounded = np.float32(value)
        floor = np.nextafter(rounded, np.float32(-np.inf)) if float(rounded) > value else rounded
        key = (int(node["split_feature"]), float(rounded))
        floors[key] = min(float(floor), floors.get(key, float(floor)))
        waiting += [node["left_child"], node["right_child"]]
    for node in model.graph.node:
        if not node.op_type.startswith("TreeEnsemble"):
            continue
        attributes = {a.name: a for a in node.attribute}
        values = attributes["nodes_values"].floats
        modes = attributes["nodes_modes"].strings
        features = attributes["nodes_featureids"].ints
        for index, (mode, feature) in enumerate(zip(modes, features, strict=True)):
            if mode == b"BRANCH_LEQ":
                values[index] = floors[(feature, float(np.float32(values[index])))]


def export(pipeline: preprocessing.Pipeline, estimator: Any, algorithm: str, classes: int) -> bytes:
    """The serialized model; `classes` is 0 for a regression."""
    import onnx
    from onnx import TensorProto, helper

    width = len(pipeline.origins)
    model = _convert(estimator, algorithm, width)
    graph = model.graph
    outputs = list(graph.output)
    if classes:
        chosen = [o for o in outputs if o.type.tensor_type.elem_type == TensorProto.FLOAT]
        chosen = [o for o in chosen if "prob" in o.name.lower()] or chosen
    else:
        chosen = outputs
    if not chosen:
        raise StepError("internal", "WorkerBug", "the converted model has no usable output")
    final = "probabilities" if classes else "prediction"
    nodes, constants, inputs = preprocessing.to_onnx(pipeline, "features")
    nodes += list(graph.node)
    constants += list(graph.initializer)
    # Only what the chosen output needs, under names that do not depend on the run.
    needed = {chosen[0].name}
    kept: list[Any] = []
    for node in reversed(nodes):
        if needed & set(node.output):
            kept.append(node)
            needed |= {name for name in node.input if name}
    kept.reverse()
    fixed = {"numeric": "numeric", "categorical": "categorical", chosen[0].name: final}
    names: dict[str, str] = {"": ""}

    def rename(name: str) -> str:
        if name not in names:
            names[name] = fixed.get(name) or f"v{len(names)}"
        return names[name]

    clean_nodes = []
    for index, node in enumerate(kept):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:], copy.output[:]
        copy.input.extend(rename(n) for n in node.input)
        copy.output.extend(rename(n) for n in node.output)
        copy.name = f"n{index}"
        copy.doc_string = ""
        attributes = sorted(node.attribute, key=lambda a: a.name)
        del copy.attribute[:]
        copy.attribute.extend(attributes)
        clean_nodes.append(copy)
    clean_constants = []
    for tensor in constants:
        if tensor.name in needed:
            value = onnx.TensorProto()
            value.CopyFrom(tensor)
            value.name = rename(tensor.name)
            clean_constants.append(value)
    clean_constants.sort(key=lambda t: int(t.name[1:]))
    shape = [None, classes or 1]
    result = helper.make_graph(
        clean_nodes,
        "ingot",
        inputs,
        [helper.make_tensor_value_info(final, TensorProto.FLOAT, shape)],
        clean_constants,
    )
    versions = {o.domain if o.domain != "ai.onnx" else "": o.version for o in model.opset_import}
    for domain, version in OPSETS.items():
        versions[domain] = max(versions.get(domain, 0), version) if domain else OPSETS[""]
    used = {n.domain for n in clean_nodes} | {""}
    opsets = [helper.make_opsetid(d, v) for d, v in sorted(versions.items()) if d in used]
    whole = helper.make_model(result, opset_imports=opsets, producer_name="ingot")
    whole.ir_version = 8
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString(deterministic=True))
