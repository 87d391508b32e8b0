"""The algorithms: their estimators, parameters and abilities."""

from __future__ import annotations

from collections.abc import Callable
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
_RESERVED = ("random_state", "n_jobs", "verbose", "verbosity", "device", "warm_start", "callbacks")
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
            did_you_mean(algorithm, ALL) or "known: " + ", ".join(ALL),
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
            hint = did_you_mean(str(value), known) or "known: " + ", ".join(known)
            raise config_error("BadPreprocessing", f"unknown {what} '{value}'", hint)
    if algorithm in TREES and numeric.get("scale", "none") != "none":
        raise config_error(
            "ScaledTrees",
            f"numeric scale '{numeric['scale']}' does not go with {algorithm}: trees gain nothing "
            "from scaling, and rounding would change scores at split values",
            "set scale to none",
        )


def build(algorithm: str, task: str, parameters: dict[str, Any], seed: int, threads: int) -> Any:
    """The estimator, not yet fitted."""
    regression = task == "regression"
    maker: Callable[..., Any]
    fixed: dict[str, Any] = {}
    if algorithm == "lightgbm":
        import lightgbm

        maker = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        fixed = {
            "random_state": seed,
            "n_jobs": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
    elif algorithm == "xgboost":
        import xgboost

        maker = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
        fixed = {"random_state": seed, "n_jobs": threads, "verbosity": 0}
    elif algorithm == "random-forest":
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        maker = RandomForestRegressor if regression else RandomForestClassifier
        fixed = {"random_state": seed, "n_jobs": threads}
    elif algorithm == "hist-gradient-boosting":
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        maker = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        fixed = {"random_state": seed}
    elif algorithm == "ridge":
        from sklearn.linear_model import Ridge

        maker = Ridge
        fixed = {"random_state": seed}
    else:
        from sklearn.linear_model import LogisticRegression

        maker = LogisticRegression
        fixed = {"random_state": seed, "max_iter": 1000}
    known = [*maker().get_params(), *_ALIASES.get(algorithm, ())]
    known = sorted(set(known) - set(_RESERVED))
    for name in parameters:
        if name not in known:
            if name in _RESERVED:
                hint: str | None = "Ingot sets it itself"
            else:
                hint = did_you_mean(name, known) or "known: " + ", ".join(known)
            raise config_error(
                "UnknownParameter", f"{algorithm} has no parameter '{name}'", hint, parameter=name
            )
    return maker(**{**fixed, **parameters})


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
