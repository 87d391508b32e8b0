"""Files behind HTTP: read once, whole, and the same from the first byte to the last."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from ingot_worker.errors import StepError, data_error

_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 4
# What a server may say about an error, which nobody but a person reads.
_ANSWER_BYTES_MAX = 64 << 10


def unavailable(code: str, message: str, hint: str | None) -> StepError:
    """Something outside is not as it should be, and may be so later: the step is retried."""
    return StepError("resource", code, message, hint)


def refused(name: str, why: str) -> StepError:
    """The credentials are not good enough; they are none of the step's inputs, so it is retried."""
    return unavailable(
        "CredentialsRefused",
        f"{name}: {why}",
        "correct the source's credentials in the controller's configuration; the step is retried",
    )


def changed(name: str) -> StepError:
    """The source is another one than when reading it began."""
    return unavailable(
        "SourceChanged", f"{name} changed while it was read", "the step is retried from the start"
    )


def unreachable(name: str, error: Exception, seconds: float) -> StepError:
    """No answer: the connection failed, broke off or was silent for so long."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return unavailable(
            "SourceTimeout",
            f"{name} was silent for {seconds:g} s",
            "the step is retried; look at the server if it happens again",
        )
    if isinstance(reason, ssl.SSLCertVerificationError):
        text = f"its certificate is not trusted: {reason.verify_message}"
    elif isinstance(reason, socket.gaierror):
        text = "there is no such host"
    elif isinstance(reason, OSError) and reason.strerror:
        text = reason.strerror
    else:
        text = str(reason) or type(reason).__name__
    return unavailable(
        "SourceUnreachable",
        f"{name} cannot be reached: {text}",
        "the step is retried; check the address and the network",
    )


@dataclass(frozen=True)
class Limits:
    """How long a server may be silent, and how large a file there is room for."""

    seconds: float
    file_bytes: int
    folder: str

    def check(self, name: str, size: int) -> None:
        """Raise an error before anything is read if there is no room for it."""
        free = shutil.disk_usage(self.folder).free
        room = min(free, self.file_bytes) if self.file_bytes else free
        if size > room:
            raise StepError(
                "resource",
                "DiskFull",
                f"{name} has {_amount(size)}, but there is room for {_amount(room)} only",
                "free some space in the state directory's file system; the step is retried",
            )


def _amount(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:,} bytes"


@dataclass(frozen=True)
class Remote:
    """Something to be read with GET.

    `sign` makes the headers of a request, given its method, its URL and headers of its own.
    `version` is what it must be, as an ETag; None if any will do.
    """

    url: str
    name: str
    sign: Callable[[str, str, dict[str, str]], dict[str, str]]
    version: str | None = None
    # What the answer to an error means; None if nothing is known of it.
    explain: Callable[[int, bytes], StepError | None] = lambda _status, _body: None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but takes no credentials along to another place."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        old, place = urlsplit(req.full_url), urlsplit(newurl)
        if new and (old.scheme, old.netloc) != (place.scheme, place.netloc):
            new.headers = {k: v for k, v in new.headers.items() if k != "Authorization"}
        return new


_opener = urllib.request.build_opener(_Redirects)


@contextlib.contextmanager
def answer(
    remote: Remote, limits: Limits, method: str = "GET", headers: dict[str, str] | None = None
) -> Iterator[Any]:
    """The answer to one request; raises a StepError for whatever is wrong."""
    signed = remote.sign(method, remote.url, headers or {})
    request = urllib.request.Request(remote.url, headers=signed, method=method)
    try:
        with _opener.open(request, timeout=limits.seconds) as response:
            yield response
    except urllib.error.HTTPError as error:
        with error:
            body = error.read(_ANSWER_BYTES_MAX)
        raise remote.explain(error.code, body) or _status(remote, error.code) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise unreachable(remote.name, error, limits.seconds) from None


def _status(remote: Remote, status: int) -> StepError:
    reason = http.client.responses.get(status, "")
    said = f"the server answered {status} {reason}".rstrip()
    if status in (401, 403):
        return refused(remote.name, said)
    if status == 412:
        return changed(remote.name)
    if status in (404, 410):
        return unavailable(
            "SourceMissing",
            f"{remote.name} does not exist: {said}",
            "correct the source, or put it back; the step is retried",
        )
    return unavailable(
        "SourceUnavailable", f"{remote.name}: {said}", "the step is retried; look at the server"
    )


def fetch(remote: Remote, path: str, limits: Limits) -> str:
    """Write the content to a new file; returns its version, a strong ETag if there is one.

    A connection that breaks off is taken up again where it did, if the server says that the content
    is still the same.
    """
    version = remote.version
    size: int | None = None
    stamp: tuple[str | None, str | None] | None = None
    with open(path, "xb") as file:
        for attempt in range(_ATTEMPTS):
            at = file.tell()
            headers = _resuming(at, version)
            try:
                with answer(remote, limits, headers=headers) as response:
                    found = (response.headers["ETag"], response.headers["Last-Modified"])
                    if stamp is not None and found != stamp:
                        raise changed(remote.name)
                    if at and response.status != 206:
                        file.truncate(0)
                        at = file.seek(0)
                    stamp = found
                    version = version or _strong(found[0])
                    length = response.headers["Content-Length"]
                    size = at + int(length) if length and length.isdecimal() else None
                    if size is not None:
                        limits.check(remote.name, size)
                    _copy(response, file, limits, remote.name)
                if size is None or file.tell() == size:
                    break
                problem = unreachable(remote.name, ConnectionError("it broke off"), limits.seconds)
            except _BrokenOff as error:
                problem = unreachable(remote.name, error.cause, limits.seconds)
            if attempt == _ATTEMPTS - 1 or file.tell() == at:
                raise problem
    etag, modified = stamp or (None, None)
    return _version(etag, modified) or f"bytes:{os.path.getsize(path)}"


def version_of(headers: Any) -> str:
    """What the headers of an answer tell of the content's version; empty if nothing."""
    return _version(headers["ETag"], headers["Last-Modified"])


def _version(etag: str | None, modified: str | None) -> str:
    if etag:
        return f"etag:{etag}"
    return f"modified:{modified}" if modified else ""


class _BrokenOff(Exception):
    """The content ended too early, or nothing more came."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _copy(response: Any, file: BinaryIO, limits: Limits, name: str) -> None:
    while True:
        try:
            chunk = response.read1(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenOff(error) from None
        if not chunk:
            return
        if limits.file_bytes and file.tell() + len(chunk) > limits.file_bytes:
            # The size was not told, or was not true.
            limits.check(name, file.tell() + len(chunk))
        file.write(chunk)


def _strong(etag: str | None) -> str | None:
    return etag if etag and not etag.startswith("W/") else None


def _resuming(at: int, version: str | None) -> dict[str, str]:
    headers = {"If-Match": version} if version else {}
    # Without a version nobody can tell whether the rest belongs to what is there.
    return {**headers, "Range": f"bytes={at}-"} if at and version else headers


def bad_url(url: str) -> StepError:
    """A URL that is none of HTTP."""
    return data_error("BadURL", f"'{url}' is not an http or https URL")
