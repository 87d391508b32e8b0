"""Projects of latest values: views of one entity each, and a spine that asks for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_tools import Ingot, output

PROJECT = """\
apiVersion: ingot/v1
kind: Project
metadata: {name: latest}
spec: {dataRoots: [data]}
"""
DATASET = """\
---
apiVersion: ingot/v1
kind: Dataset
metadata: {{name: {name}}}
spec:
  source: {{file: {{path: data/{name}.parquet}}}}
"""
VIEW = """\
---
apiVersion: ingot/v1
kind: FeatureView
metadata: {{name: {name}}}
spec:
  source: {{dataset: {name}}}
  entity: [{entity}]
  timestamp: event_timestamp
  ttl: 30d
  features: [{features}]
"""
TRAINING = """\
---
apiVersion: ingot/v1
kind: TrainingConfig
metadata: {{name: latest}}
spec:
  spine: {{dataset: spine, timestamp: event_timestamp, key: [id]}}
  label: {{name: y, expression: "y"}}
  task: regression
  features: [{views}]
  split: {{time: {{validation: {validation}, test: {test}}}}}
  algorithm: {{name: lightgbm, parameters: {{n_estimators: 1}}}}
  evaluation: {{metrics: [rmse]}}
  resources: {{cpus: {cpus}, memory: 2Gi}}
"""
TRAINING_SET = "trainingconfig/latest#training-set"

# A user has about a hundred events in the year. Values have exact sums and no nulls.
GENERATE = """
import duckdb, sys
events, users, features, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
connection = duckdb.connect()
connection.execute("SET threads = 1")
connection.execute("SELECT setseed(0.5)")
values = ", ".join(f"round(random() * 1000) / 8 AS f{i}" for i in range(features))
connection.execute(
    f"COPY (SELECT (random() * {users - 1})::BIGINT AS user_id, TIMESTAMP '2024-01-01' "
    f"+ to_seconds((random() * 31536000)::BIGINT) AS event_timestamp, {values} "
    f"FROM range({events})) TO '{folder}/users.parquet' (FORMAT parquet)"
)
connection.execute(
    f"COPY (SELECT range AS id, (random() * {users - 1})::BIGINT AS user_id, "
    "TIMESTAMP '2024-02-01' + to_seconds((random() * 28857600)::BIGINT) AS event_timestamp, "
    f"(random() * 2)::BIGINT AS y FROM range(100000)) TO '{folder}/spine.parquet' (FORMAT parquet)"
)
"""
# What is known of a plane before each of its flights: when it last left, landed and was scheduled.
FLIGHTS = """
import duckdb, sys
flights, folder = sys.argv[1], sys.argv[2]
connection = duckdb.connect()
connection.execute("SET threads = 1")
connection.execute("SET TimeZone = 'UTC'")
connection.execute(
    "CREATE TABLE flights AS SELECT row_number() OVER () AS id, tailnum, "
    "time_hour::TIMESTAMP + to_minutes(minute) AS scheduled, dep_delay, arr_delay, air_time, "
    "distance, hour, coalesce(arr_delay > 15, true)::INTEGER AS y "
    f"FROM read_csv('{flights}', nullstr = 'NA') WHERE tailnum IS NOT NULL"
)
parts = {
    "departures": "tailnum, scheduled + to_minutes(dep_delay) AS event_timestamp, dep_delay "
    "FROM flights WHERE dep_delay IS NOT NULL",
    "arrivals": "tailnum, scheduled + to_minutes(dep_delay + air_time) AS event_timestamp, "
    "arr_delay, air_time FROM flights WHERE dep_delay IS NOT NULL AND air_time IS NOT NULL",
    "schedules": "tailnum, scheduled AS event_timestamp, distance, hour FROM flights",
    "spine": "id, tailnum, scheduled AS event_timestamp, y FROM flights",
}
for name, query in parts.items():
    connection.execute(f"COPY (SELECT {query}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
"""


@dataclass(frozen=True)
class Case:
    """Data in `folder/work/data`: spine.parquet and one file per view."""

    folder: Path
    entity: str
    views: dict[str, list[str]]
    # Where validation and test begin.
    split: tuple[str, str]

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def data(self) -> Path:
        return self.work / "data"

    def files(self) -> dict[str, Path]:
        return {name: self.data / f"{name}.parquet" for name in (*self.views, "spine")}

    def write(self, cpus: int) -> None:
        """The manifests, committed."""
        text = PROJECT
        for name in (*self.views, "spine"):
            text += DATASET.format(name=name)
        for name, columns in self.views.items():
            features = ", ".join(f"{{column: {column}}}" for column in columns)
            text += VIEW.format(name=name, entity=self.entity, features=features)
        views = ", ".join(f"{{view: {name}}}" for name in self.views)
        validation, test = self.split
        text += TRAINING.format(views=views, cpus=cpus, validation=validation, test=test)
        (self.work / "ingot.yaml").write_text(text)
        (self.work / ".gitignore").write_text("data/\n")
        output(["git", "init", "-q", "-b", "main", self.work])
        git = ["git", "-C", self.work, "-c", "user.name=Bench", "-c", "user.email=bench@localhost"]
        output([*git, "add", "-A"])
        output([*git, "commit", "-q", "-m", "Latest values"])

    def apply(self, binary: Path, name: str) -> dict[str, dict[str, Any]]:
        """Everything once, in a fresh state directory; the runs of views and training set."""
        ingot = Ingot(binary, self.folder / name, self.work, self.work)
        command: list[str | Path] = [binary, "apply", "--repository", self.work]
        output([*command, "--state", ingot.state, "--data", self.work], timeout=600)
        steps = [f"featureview/{view}#features" for view in self.views] + [TRAINING_SET]
        return {
            run["step"]: run
            for run in ingot.runs()
            if run["step"] in steps and run["state"] == "succeeded"
        }


def generated(folder: Path, python: Path, events: int, features: int) -> Case:
    names = [f"f{index}" for index in range(features)]
    case = Case(folder, "user_id", {"users": names}, ("2024-10-01", "2024-12-01"))
    case.data.mkdir(parents=True)
    words = [str(events), str(max(events // 100, 1)), str(features), str(case.data)]
    output([python, "-c", GENERATE, *words], timeout=300)
    return case


def flights(folder: Path, python: Path, csv: Path) -> Case:
    views = {
        "departures": ["dep_delay"],
        "arrivals": ["arr_delay", "air_time"],
        "schedules": ["distance", "hour"],
    }
    case = Case(folder, "tailnum", views, ("2013-10-01", "2013-12-01"))
    case.data.mkdir(parents=True)
    output([python, "-c", FLIGHTS, str(csv), str(case.data)], timeout=300)
    return case
