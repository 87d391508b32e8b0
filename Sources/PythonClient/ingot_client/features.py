"""Point-in-time features, by way of `ingot features get`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PathLike = str | os.PathLike[str]


class IngotError(Exception):
    """What the command said: the problem, and a hint on a line of its own."""


def get_features(
    spine: pa.Table | pd.DataFrame | PathLike,
    views: Sequence[str],
    revision: str | None = None,
    repository: PathLike | None = None,
    state: PathLike | None = None,
    *,
    timestamp: str = "timestamp",
    path: str | None = None,
    data: PathLike | None = None,
    command: PathLike = "ingot",
) -> pa.Table | pd.DataFrame:
    """The spine's rows, in their order, with its columns and the features of the views.

    Each row gets what was known at its time, as a training set would have it. The result is a
    pandas.DataFrame with the spine's index if the spine is one, else a pyarrow.Table.

    spine: rows with the views' entity columns and a column of times; or a CSV or Parquet file.
    views: names of feature views.
    revision: a commit, branch or tag; None: the newest commit that was reconciled.
    repository, state, path, data: the options of the command; None: its defaults.
    timestamp: the column of times, UTC if they have no offset.
    command: the `ingot` executable.

    Raises IngotError with what the command says.
    """
    import pyarrow.parquet as pq

    if isinstance(views, str):
        raise TypeError("views must be a list of names, not one text")
    with tempfile.TemporaryDirectory(prefix="ingot-client-") as folder:
        output = os.path.join(folder, "features.parquet")
        arguments = ["--spine", _file(spine, folder), "--views", ",".join(views)]
        arguments += ["--timestamp", timestamp, "--output", output]
        options = {
            "--revision": revision,
            "--repository": repository,
            "--state": state,
            "--path": path,
            "--data": data,
        }
        for name, value in options.items():
            if value is not None:
                is_text = name in ("--revision", "--path")
                text = os.fspath(value) if is_text else os.path.expanduser(os.fspath(value))
                arguments += [name, text]
        _run([os.path.expanduser(os.fspath(command)), "features", "get", *arguments])
        table = pq.read_table(output)
    return _like(spine, table)


def _file(spine: pa.Table | pd.DataFrame | PathLike, folder: str) -> str:
    """The path of a file with the spine's rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(spine, (str, os.PathLike)):
        return os.path.expanduser(os.fspath(spine))
    table = spine
    if not isinstance(spine, pa.Table):
        table = pa.Table.from_pandas(spine, preserve_index=False)
    name = os.path.join(folder, "spine.parquet")
    pq.write_table(table, name)
    return name


def _run(command: list[str]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise IngotError(
            f"cannot run {command[0]}: {error.strerror}\n"
            "hint: put ingot in the PATH, or give its path as 'command'"
        ) from None
    if ended.returncode != 0:
        said = ended.stderr.strip() or f"{command[0]} ended with exit code {ended.returncode}"
        raise IngotError(said.removeprefix("error: "))


def _like(spine: object, table: pa.Table) -> pa.Table | pd.DataFrame:
    import pyarrow as pa

    if isinstance(spine, (str, os.PathLike, pa.Table)):
        return table
    frame = table.to_pandas()
    frame.index = spine.index  # type: ignore[attr-defined]
    return frame
