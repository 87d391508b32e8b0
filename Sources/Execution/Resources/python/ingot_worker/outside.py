"""Sources outside the repository: what they hold is copied beside the step's output, then read."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ingot_worker import download, postgres, s3
from ingot_worker.download import Limits, Remote
from ingot_worker.protocol import Events, Request
from ingot_worker.sql import literal

_SECONDS = 60.0


@dataclass(frozen=True)
class Copy:
    """Files on this machine, in the order in which they are to be read."""

    # What they are called for people, and their paths.
    files: list[tuple[str, str]]
    # What tells, without reading it, whether the source is still the same.
    version: str
    # Of a query; else the files say which columns they have.
    columns: list[postgres.Column] = field(default_factory=list)


def folder(request: Request) -> str:
    """Where the copies are: beside the output, and gone with it."""
    return request.output.rstrip("/") + ".source"


def copy(request: Request, events: Events) -> Copy:
    """Copy the source; raises a StepError for whatever is wrong with it."""
    place = folder(request)
    os.mkdir(place, 0o700)
    source: dict[str, Any] = request.program["source"]
    seconds = float(source.get("timeoutSeconds") or _SECONDS)
    limits = Limits(seconds, request.file_bytes, place)
    if "http" in source:
        path = os.path.join(place, "0")
        remote = _http(source["http"], request.secrets)
        return Copy([(remote.name, path)], download.fetch(remote, path, limits))
    if "s3" in source:
        return _objects(source["s3"], request, limits, events)
    path = os.path.join(place, "0")
    query = source["postgres"]["query"]
    columns, version = postgres.fetch(query, request.secrets, path, limits)
    return Copy([("the query", path)], version, columns)


def version(request: Request) -> str:
    """The version of the source now, without reading it; empty if that cannot be told."""
    source: dict[str, Any] = request.program["source"]
    seconds = float(source.get("timeoutSeconds") or _SECONDS)
    limits = Limits(seconds, 0, request.output)
    if "http" in source:
        with download.answer(_http(source["http"], request.secrets), limits, "HEAD") as response:
            return download.version_of(response.headers)
    if "s3" in source:
        return _listed(*_wanted(source["s3"], request, limits))
    return ""


def _http(source: dict[str, Any], secrets: dict[str, str]) -> Remote:
    url = source["url"]
    if urlsplit(url).scheme not in ("http", "https"):
        raise download.bad_url(url)

    def sign(_method: str, _url: str, headers: dict[str, str]) -> dict[str, str]:
        if token := secrets.get("token"):
            return {**headers, "Authorization": f"Bearer {token}"}
        if user := secrets.get("user"):
            pair = f"{user}:{secrets.get('password', '')}".encode()
            return {**headers, "Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return headers

    return Remote(url, url, sign)


def _wanted(
    source: dict[str, Any], request: Request, limits: Limits
) -> tuple[s3.Bucket, list[s3.Object]]:
    bucket = s3.Bucket(source, request.secrets, limits)
    key, pattern = source.get("key"), source.get("glob")
    if key is not None:
        objects = [item for item in bucket.list(key) if item.key == key]
        what = f"s3://{bucket.name}/{key} does not exist"
    elif pattern is not None:
        start = re.split("[*?]", pattern, maxsplit=1)[0]
        objects = [item for item in bucket.list(start) if _matches(item.key, pattern)]
        what = f"s3://{bucket.name}/{pattern} matches no object"
    else:
        objects = bucket.list(source["prefix"])
        what = f"there is no object below s3://{bucket.name}/{source['prefix']}"
    if not objects:
        raise download.unavailable(
            "SourceMissing", what, "correct the source, or put it back; the step is retried"
        )
    return bucket, objects


def _matches(key: str, pattern: str) -> bool:
    names, patterns = key.split("/"), pattern.replace("[", "[[]").split("/")
    return len(names) == len(patterns) and all(map(fnmatch.fnmatchcase, names, patterns))


def _objects(source: dict[str, Any], request: Request, limits: Limits, events: Events) -> Copy:
    bucket, objects = _wanted(source, request, limits)
    what = objects[0].key if len(objects) == 1 else f"{len(objects):,} objects"
    limits.check(f"s3://{bucket.name}, {what}", sum(item.size for item in objects))
    files = []
    for index, item in enumerate(objects):
        events.progress(0.4 * index / len(objects), f"reading {item.key}")
        path = os.path.join(limits.folder, str(index))
        remote = bucket.remote(item.key, item.etag)
        download.fetch(remote, path, limits)
        files.append((remote.name, path))
    return Copy(files, _listed(bucket, objects))


def _listed(_bucket: s3.Bucket, objects: list[s3.Object]) -> str:
    if len(objects) == 1:
        return f"etag:{objects[0].etag}"
    text = "\n".join(f"{item.key} {item.etag}" for item in objects)
    return f"etags:{hashlib.sha256(text.encode()).hexdigest()}"


def query_relation(path: str, columns: list[postgres.Column], as_text: bool) -> str:
    """The SQL that reads what COPY wrote; an empty text is none, and nothing at all is null."""
    types = ", ".join(
        f"{literal(column.name)}: {literal('VARCHAR' if as_text else column.type)}"
        for column in columns
    )
    return (
        f"read_csv({literal(path)}, header=true, auto_detect=false, delim=',', quote='\"', "
        f"escape='\"', nullstr='', allow_quoted_nulls=false, max_line_size=1073741824, "
        f"columns={{{types}}})"
    )
