"""Generates 10,000 manifests in 200 files and an ingot.yaml.

1,000 datasets, 3,000 views, 3,000 training configs, 1,500 models and 1,500 deployments.
"""

from __future__ import annotations

from pathlib import Path

HEAD = "apiVersion: ingot/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
DATASET = """\
  source: {{file: {{path: data/table-{i}.csv, format: csv}}}}
  schema:
    - {{name: id, type: string, nullable: false}}
    - {{name: customer, type: string, nullable: false}}
    - {{name: at, type: timestamp, nullable: false}}
    - {{name: amount, type: double}}
    - {{name: bought, type: boolean}}
  primaryKey: [id]
  timestamp: at
  expectations:
    - {{unique: [id]}}
    - {{between: {{column: amount, min: 0, max: 10000}}, mostly: 0.99}}
"""
VIEW = """\
  source: {{dataset: dataset-{source}}}
  entity: [customer]
  timestamp: at
  knownAt: {{delay: 1h}}
  features:
    - {{name: orders, aggregate: count, windows: [1h, 24h, 7d]}}
    - {{name: amount_mean, column: amount, aggregate: mean, windows: [1h, 24h, 7d]}}
"""
TRAINING = """\
  spine: {{dataset: dataset-{source}, timestamp: at, key: [id]}}
  label: {{name: bought, expression: "bought"}}
  task: binary-classification
  features:
    - {{columns: [amount]}}
    - {{view: view-{i}}}
  split: {{time: {{validation: 2024-10-01, test: 2024-11-01}}}}
  algorithm: {{name: lightgbm, parameters: {{n_estimators: 50}}}}
  evaluation: {{metrics: [roc_auc], gates: [{{metric: roc_auc, min: 0.6}}]}}
  seed: 1
"""
MODEL = """\
  trainingConfig: training-{i}
  stages:
    - {{name: staging, track: latest}}
    - {{name: production, track: staging}}
"""
DEPLOYMENT = """\
  model: {{name: model-{i}, stage: production}}
  replicas: 2
"""
KINDS = (
    ("Dataset", "dataset", DATASET, 1000),
    ("FeatureView", "view", VIEW, 3000),
    ("TrainingConfig", "training", TRAINING, 3000),
    ("Model", "model", MODEL, 1500),
    ("Deployment", "deployment", DEPLOYMENT, 1500),
)
PER_FILE = 50
PROJECT = HEAD.format(kind="Project", name="many") + "  dataRoots: [data]\n"


def generate(folder: Path) -> tuple[int, int, int]:
    """Writes them; the numbers of manifests, files and bytes, without ingot.yaml."""
    folder.mkdir(parents=True)
    (folder / "ingot.yaml").write_text(PROJECT)
    manifests = files = size = 0
    for kind, prefix, body, count in KINDS:
        for first in range(0, count, PER_FILE):
            texts = [
                HEAD.format(kind=kind, name=f"{prefix}-{i}") + body.format(i=i, source=i % 1000)
                for i in range(first, min(first + PER_FILE, count))
            ]
            text = "---\n".join(texts)
            (folder / f"{prefix}-{first // PER_FILE:03}.yaml").write_text(text)
            manifests, files, size = manifests + len(texts), files + 1, size + len(text)
    return manifests, files, size
