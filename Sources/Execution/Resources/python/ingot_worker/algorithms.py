"""The algorithms: their estimators, parameters and abilities."""

from __future__ import annotations

from typing import Any

from ingot_worker.errors import config_error, did_you_mean

TREES = ("lightgbm", "xgboost", "random-forest", "hist-gradient-boosting")
TAKES_NULLS = ("lightgbm", "xgboost", "hist-gradient-boosting")
ALL = (
    "lightgbm",
    "xgboost",
    "logistic-regression",
    "ridge",
    "random-forest",
    "hist-gradient-boosting",
)
_RESERVED = (
    *("random_state", "seed", "n_jobs", "nthread", "num_threads", "deterministic"),
    *("verbose", "verbosity", "device", "warm_start", "callbacks", "categorical_feature"),
    *("categorical_features", "enable_categorical", "feature_types"),
)
_ALIASES = {
    "lightgbm": (
        "num_iterations",
        "lambda_l1",
        "lambda_l2",
        "feature_fraction",
        "bagging_fraction",
        "bagging_freq",
        "min_data_in_leaf",
        "min_sum_hessian_in_leaf",
        "min_gain_to_split",
        "max_bin",
        "scale_pos_weight",
        "is_unbalance",
        "extra_trees",
        "path_smooth",
        "min_data_in_bin",
    )
}


def warm() -> None:
    """Imports for the warm parent."""
    import lightgbm
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.metrics
    import xgboost

    assert lightgbm and sklearn and xgboost


def check(algorithm: str, task: str, preprocessing: dict[str, Any]) -> None:
    """Raise a config error for what cannot work whatever the data."""
    if algorithm not in ALL:
        raise config_error(
            "UnknownAlgorithm",
            f"unknown algorithm '{algorithm}'",
            did_you_mean(algorithm, ALL, known=True),
        )
    if algorithm == "ridge" and task != "regression":
        raise config_error(
            "WrongTask",
            f"ridge does regression only, but the task is {task}",
            "use logistic-regression",
        )
    if algorithm == "logistic-regression" and task == "regression":
        raise config_error(
            "WrongTask",
            "logistic-regression does classification only, but the task is regression",
            "use ridge",
        )
    numeric = preprocessing.get("numeric") or {}
    categorical = preprocessing.get("categorical") or {}
    for value, known, what in (
        (numeric.get("impute", "none"), ("none", "median", "mean", "zero"), "numeric impute"),
        (numeric.get("scale", "none"), ("none", "standard"), "numeric scale"),
        (categorical.get("encode", "one-hot"), ("one-hot", "ordinal"), "categorical encode"),
    ):
        if value not in known:
            hint = did_you_mean(str(value), known, known=True)
            raise config_error("BadPreprocessing", f"unknown {what} '{value}'", hint)
    if algorithm in TREES and numeric.get("scale", "none") != "none":
        raise config_error(
            "ScaledTrees",
            f"scale: {numeric['scale']} cannot be used with {algorithm}: trees gain nothing from "
            "scaling, and its rounding would change scores at split values",
            "set preprocessing.numeric.scale to none",
        )


def _maker(algorithm: str, regression: bool) -> Any:
    """The estimator's class."""
    if algorithm == "lightgbm":
        import lightgbm

        return lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
    if algorithm == "xgboost":
        import xgboost

        return xgboost.XGBRegressor if regression else xgboost.XGBClassifier
    if algorithm in ("random-forest", "hist-gradient-boosting"):
        from sklearn import ensemble

        if algorithm == "random-forest":
            return ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier
        if regression:
            return ensemble.HistGradientBoostingRegressor
        return ensemble.HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression, Ridge

    return Ridge if algorithm == "ridge" else LogisticRegression


def _fixed(algorithm: str, seed: int, threads: int) -> dict[str, Any]:
    """The parameters that Ingot sets, above all those that make results repeatable."""
    fixed: dict[str, Any] = {"random_state": seed}
    if algorithm in ("lightgbm", "xgboost", "random-forest"):
        fixed["n_jobs"] = threads
    if algorithm == "lightgbm":
        fixed |= {"deterministic": True, "force_row_wise": True, "verbose": -1}
    elif algorithm == "xgboost":
        fixed["verbosity"] = 0
    elif algorithm == "logistic-regression":
        fixed["max_iter"] = 1000  # the default of 100 often stops too early; a user may change it
    return fixed


def build(algorithm: str, task: str, parameters: dict[str, Any], seed: int, threads: int) -> Any:
    """The estimator, not yet fitted; raises a config error for a parameter it does not have."""
    maker = _maker(algorithm, task == "regression")
    known = {*maker().get_params(), *_ALIASES.get(algorithm, ())} - set(_RESERVED)
    for name in parameters:
        if name in _RESERVED:
            raise config_error(
                "UnknownParameter",
                f"{algorithm}: '{name}' is not a parameter of the manifest",
                "Ingot sets it itself, from seed and resources",
                parameter=name,
            )
        if name not in known:
            raise config_error(
                "UnknownParameter",
                f"{algorithm} has no parameter '{name}'",
                did_you_mean(name, sorted(known), known=True),
                parameter=name,
            )
    return maker(**{**_fixed(algorithm, seed, threads), **parameters})


def importance(estimator: Any, algorithm: str, origins: list[str]) -> list[dict[str, Any]] | None:
    """The importance of each feature, the columns of its encoding summed, as shares of one."""
    import numpy as np

    if algorithm == "lightgbm":
        values = estimator.booster_.feature_importance(importance_type="gain")
    elif algorithm in ("xgboost", "random-forest"):
        values = estimator.feature_importances_
    else:
        return None
    sums: dict[str, float] = dict.fromkeys(origins, 0.0)
    for name, value in zip(origins, np.asarray(values, dtype=np.float64).tolist(), strict=True):
        sums[name] += value
    total = sum(sums.values()) or 1.0
    order = sorted(sums, key=lambda name: (-sums[name], name))
    return [{"name": name, "importance": round(sums[name] / total, 6)} for name in order]
