"""The warm parent: imports everything once and forks one child per step.

Single-threaded. It never runs OpenMP, DuckDB or ONNX Runtime work itself, so that the children
of a fork can. A child leads its own session; the whole session dies with the connection.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, field
from typing import NoReturn

from ingot_worker import processes
from ingot_worker.child import run_child
from ingot_worker.errors import translate
from ingot_worker.processes import kill_session
from ingot_worker.protocol import MAX_REQUEST, BadRequest, Request, encode_event, parse_request


def warm() -> None:
    """Import everything heavy, doing no work. Only the warm parent calls this."""
    from ingot_worker import evaluate, profile, snapshot, sql, train

    for module in (sql, snapshot, profile, train, evaluate):
        module.warm()


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    pending: bytes = b""
    child: int | None = None
    finished: bool = False


class Server:
    """The selector loop of the warm parent."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = os.getpid()
        self._selector = selectors.PollSelector()
        self._connections: set[_Connection] = set()
        self._children: dict[int, _Connection | None] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wake_read, self._wake_write = socket.socketpair()

    def run(self) -> int:
        """Serve until standard input ends."""
        processes.become_subreaper()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        mask = os.umask(0o177)
        try:
            self._listener.bind(self._path)
        finally:
            os.umask(mask)
        self._listener.listen(128)
        self._listener.setblocking(False)
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self._selector.register(self._listener, selectors.EVENT_READ, "listener")
        self._selector.register(self._wake_read, selectors.EVENT_READ, "wake")
        self._selector.register(0, selectors.EVENT_READ, "stdin")
        os.write(1, b"ready\n")
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.data == "stdin":
                        if not os.read(0, 4096):
                            return 0
                    elif key.data == "wake":
                        with contextlib.suppress(BlockingIOError):
                            self._wake_read.recv(4096)
                    elif key.data == "listener":
                        self._accept()
                    elif key.data in self._connections:
                        self._readable_or_writable(key.data)
                self._reap()
        except KeyboardInterrupt:
            return 130
        finally:
            for pid in list(self._children):
                kill_session(pid)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return
        # Blocking: the open file description is shared with the child. The parent itself always
        # passes MSG_DONTWAIT.
        accepted.setblocking(True)
        connection = _Connection(accepted)
        self._connections.add(connection)
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _readable_or_writable(self, connection: _Connection) -> None:
        if connection.finished:
            self._flush(connection)
            if connection not in self._connections:
                return
        try:
            chunk = connection.socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._close(connection)
            return
        if connection.child is not None or connection.finished:
            return  # bytes after the request say nothing
        connection.received += chunk
        line, newline, _ = connection.received.partition(b"\n")
        if newline:
            connection.received = bytearray()
            self._start(connection, bytes(line))
        elif len(connection.received) > MAX_REQUEST:
            self._refuse(connection, BadRequest(f"the request is longer than {MAX_REQUEST} bytes"))

    def _refuse(self, connection: _Connection, error: BadRequest) -> None:
        event = {
            "event": "error",
            "class": "internal",
            "code": "BadRequest",
            "message": f"the worker does not understand the request: {error}",
            "hint": "the controller and the worker must be of the same version",
            "details": None,
        }
        self._finish(connection, encode_event(event) + b'{"event":"exit","code":2}\n')

    def _start(self, connection: _Connection, line: bytes) -> None:
        try:
            request = parse_request(line)
        except BadRequest as error:
            self._refuse(connection, error)
            return
        signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            event = translate(error).event()
            self._finish(connection, encode_event(event) + b'{"event":"exit","code":1}\n')
            return
        if pid == 0:
            self._child(connection, request)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        connection.child = pid
        self._children[pid] = connection

    def _child(self, connection: _Connection, request: Request) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            processes.die_with_parent(self._pid)
            os.setsid()
            self._selector.close()
            self._listener.close()
            self._wake_read.close()
            self._wake_write.close()
            for other in self._connections:
                if other is not connection:
                    other.socket.close()
            code = run_child(connection.socket, request)
        except BaseException:  # nothing may escape into the parent's loop
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
                sys.stdout.flush()
            os._exit(code)

    def _reap(self) -> None:
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if info is None:
                return
            if info.si_pid in self._children:
                kill_session(info.si_pid)  # before reaping: the id cannot be reused yet
                connection = self._children.pop(info.si_pid)
                _, status = os.waitpid(info.si_pid, 0)
                if connection is None or connection not in self._connections:
                    continue
                event: dict[str, object] = {"event": "exit"}
                if os.WIFSIGNALED(status):
                    event["signal"] = os.WTERMSIG(status)
                else:
                    event["code"] = os.WEXITSTATUS(status)
                line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
                self._finish(connection, line)
            else:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(info.si_pid, 0)

    def _finish(self, connection: _Connection, last: bytes) -> None:
        connection.finished = True
        connection.pending += last
        self._flush(connection)

    def _flush(self, connection: _Connection) -> None:
        try:
            sent = connection.socket.send(
                connection.pending, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
            )
            connection.pending = connection.pending[sent:]
        except BlockingIOError:
            pass
        except OSError:
            connection.pending = b""
        if connection.pending:
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(connection.socket, both, connection)
        else:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()
        if connection.child in self._children and not connection.finished:
            self._children[connection.child] = None
            kill_session(connection.child)


def serve(path: str) -> NoReturn:
    """Warm up and serve `path` until standard input ends."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # A pool of BLAS threads in the parent would not survive the fork.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Spinning at OpenMP barriers makes two threads on busy cores many times slower than one.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["GOMP_SPINCOUNT"] = "0"
    sys.dont_write_bytecode = True
    warm()
    gc.collect()
    gc.freeze()
    code = Server(path).run()
    # No interpreter shutdown: extension modules would complain about frozen objects.
    os._exit(code)
