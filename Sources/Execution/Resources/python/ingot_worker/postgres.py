"""PostgreSQL: one query in one read-only transaction, as the text that COPY makes of it.

A small client of the wire protocol (version 3), for just this conversation. A driver would be one
more library in the lock file of every user's runtime, whose change has every model made anew.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ingot_worker.download import Limits, refused, unavailable, unreachable
from ingot_worker.errors import StepError, config_error
from ingot_worker.scram import Scram, md5_password

_MESSAGE_BYTES_MAX = 1 << 30
# OIDs of types that DuckDB has too; all others are read as text.
_TYPES = {
    16: "BOOLEAN",
    20: "BIGINT",
    21: "BIGINT",
    23: "BIGINT",
    700: "DOUBLE",
    701: "DOUBLE",
    1700: "DOUBLE",
    1082: "DATE",
    1114: "TIMESTAMP",
    1184: "TIMESTAMPTZ",
}
_SECURE = ("require", "verify-full")


@dataclass(frozen=True)
class Column:
    """A column of the query, with its type in DuckDB's words."""

    name: str
    type: str


class _Failure(Exception):
    """An error of the server."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", ""))
        self.state = fields.get("C", "")
        self.message = fields.get("M", "")
        self.hint = fields.get("H")


def fetch(
    query: str, secrets: dict[str, str], path: str, limits: Limits
) -> tuple[list[Column], str]:
    """Write the rows as CSV to a new file; returns the columns and the version of the database."""
    name = f"{secrets.get('database', 'postgres')} on {secrets.get('host', 'localhost')}"
    try:
        with _connected(secrets, limits) as connection, open(path, "xb") as file:
            return connection.copy(query, file)
    except _Failure as error:
        raise _explained(error, name) from None
    except (ConnectionError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise unreachable(f"the database {name}", error, limits.seconds) from None


def _explained(error: _Failure, name: str) -> StepError:
    if error.state.startswith("28"):
        return refused(f"the database {name}", error.message)
    if error.state == "3D000":
        return unavailable(
            "SourceMissing",
            f"the database {name}: {error.message}",
            "correct the credentials' database; the step is retried",
        )
    if error.state == "57014":
        return unavailable(
            "SourceTimeout",
            f"the database {name} ended the query: {error.message}",
            "the step is retried; make the query cheaper if it happens again",
        )
    if error.state[:2] in ("08", "53", "57", "58", "40"):
        return unavailable(
            "SourceUnavailable",
            f"the database {name}: {error.message}",
            "the step is retried; look at the server",
        )
    if error.state == "42501":
        return refused(f"the database {name}", error.message)
    return config_error(
        "QueryFailed", f"the query fails: {error.message}", error.hint or "correct the query"
    )


@contextlib.contextmanager
def _connected(secrets: dict[str, str], limits: Limits) -> Iterator[_Connection]:
    host, port = secrets.get("host", "localhost"), int(secrets.get("port", "5432"))
    if host.startswith("/"):
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(limits.seconds)
        raw.connect(f"{host}/.s.PGSQL.{port}")
    else:
        raw = socket.create_connection((host, port), timeout=limits.seconds)
    with raw:
        wire = _secured(raw, host, secrets.get("sslmode", "prefer"))
        with wire:
            connection = _Connection(wire)
            connection.start(
                secrets.get("user", ""),
                secrets.get("password", ""),
                secrets.get("database", "postgres"),
            )
            yield connection


def _secured(raw: socket.socket, host: str, mode: str) -> socket.socket:
    """The socket, or one with TLS around it."""
    if mode == "disable" or host.startswith("/"):
        return raw
    raw.sendall(struct.pack("!ii", 8, 80877103))
    if raw.recv(1) != b"S":
        if mode in _SECURE:
            raise ConnectionError("the server has no TLS, which sslmode asks for")
        return raw
    context = ssl.create_default_context()
    if mode != "verify-full":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname=host)


class _Connection:
    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._file = wire.makefile("rb", buffering=1 << 20)

    def start(self, user: str, password: str, database: str) -> None:
        words = {
            "user": user,
            "database": database,
            "application_name": "ingot",
            "client_encoding": "UTF8",
            "DateStyle": "ISO",
            "TimeZone": "UTC",
            "extra_float_digits": "3",
        }
        text = b"".join(_text(word) for item in words.items() for word in item) + b"\0"
        self._wire.sendall(struct.pack("!ii", 8 + len(text), 196608) + text)
        self._authenticate(user, password)
        for kind, _ in self._answers():
            if kind == b"Z":
                return

    def _authenticate(self, user: str, password: str) -> None:
        scram: Scram | None = None
        for kind, body in self._answers():
            if kind != b"R":
                continue
            method = struct.unpack("!i", body[:4])[0]
            if method == 0:
                return
            if method == 3:
                self._send(b"p", _text(password))
            elif method == 5:
                self._send(b"p", _text(md5_password(user, password, body[4:8])))
            elif method == 10 and b"SCRAM-SHA-256\0" in body:
                scram = Scram(password)
                first = scram.first()
                self._send(b"p", _text("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first)
            elif method == 11 and scram:
                self._send(b"p", scram.final(body[4:]))
            elif method == 12 and scram:
                scram.check(body[4:])
            else:
                raise ConnectionError(f"the server wants the unknown authentication {method}")
        raise EOFError

    def copy(self, query: str, file: BinaryIO) -> tuple[list[Column], str]:
        self._simple("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        query = query.strip().rstrip(";")
        columns = self._describe(query)
        version = self._version()
        self._send(b"Q", _text(f"COPY (\n{query}\n) TO STDOUT (FORMAT csv, HEADER true)"))
        for kind, body in self._answers():
            if kind == b"d":
                file.write(body)
            elif kind == b"Z":
                break
        self._simple("COMMIT")
        self._send(b"X", b"")
        return columns, version

    def _describe(self, query: str) -> list[Column]:
        """The columns of the query, which is not run yet."""
        self._send(b"P", b"\0" + _text(query) + b"\0\0")
        self._send(b"D", b"S\0")
        self._send(b"S", b"")
        columns: list[Column] | None = None
        for kind, body in self._answers():
            if kind == b"T":
                columns = _columns(body)
            elif kind == b"Z":
                break
        if columns is None:
            raise config_error("NotAQuery", "the query returns no rows", "write one SELECT")
        return columns

    def _version(self) -> str:
        """The place in the log of changes, where the server tells it."""
        place = "pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn()"
        with contextlib.suppress(_Failure):
            self._simple("SAVEPOINT version")
            found = self._simple(f"SELECT CASE WHEN pg_is_in_recovery() THEN {place} END")
            return f"lsn:{found}"
        self._simple("ROLLBACK TO version")
        return "unknown"

    def _simple(self, statement: str) -> str:
        """The first value of the first row, if there is one."""
        self._send(b"Q", _text(statement))
        value = ""
        for kind, body in self._answers():
            if kind == b"D" and not value:
                (length,) = struct.unpack("!i", body[2:6])
                value = body[6 : 6 + max(length, 0)].decode()
            elif kind == b"Z":
                return value
        raise EOFError

    def _answers(self) -> Iterator[tuple[bytes, bytes]]:
        """The messages of the server; the error of one that failed comes when it is ready again."""
        failure: _Failure | None = None
        while True:
            head = self._file.read(5)
            if len(head) < 5:
                raise failure or ConnectionError("the server closed the connection")
            (length,) = struct.unpack("!i", head[1:])
            if not 4 <= length <= _MESSAGE_BYTES_MAX:
                raise ConnectionError("this is not a PostgreSQL server")
            body = self._file.read(length - 4)
            kind = head[:1]
            if kind == b"E":
                fields = [part.decode("utf-8", "replace") for part in body.split(b"\0") if part]
                failure = _Failure({part[0]: part[1:] for part in fields})
                if failure.state.startswith("28") or failure.state == "3D000":
                    raise failure
            elif kind == b"Z" and failure:
                raise failure
            else:
                yield kind, body

    def _send(self, kind: bytes, body: bytes) -> None:
        self._wire.sendall(kind + struct.pack("!i", 4 + len(body)) + body)


def _text(word: str) -> bytes:
    return word.encode() + b"\0"


def _columns(body: bytes) -> list[Column]:
    (number,) = struct.unpack("!h", body[:2])
    at = 2
    columns = []
    for _ in range(number):
        end = body.index(b"\0", at)
        (kind,) = struct.unpack("!i", body[end + 7 : end + 11])
        columns.append(Column(body[at:end].decode(), _TYPES.get(kind, "VARCHAR")))
        at = end + 19
    return columns
