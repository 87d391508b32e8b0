"""The loop of the warm parent: forks one child per request and reports its end.

Single-threaded. It never runs OpenMP, DuckDB or ONNX Runtime work itself, so that the children
of a fork can. A child leads its own session; all that descends from it dies with the connection.
"""

from __future__ import annotations

import contextlib
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
from ingot_worker.errors import StepError, translate
from ingot_worker.protocol import MAX_REQUEST, BadRequest, Request, encode_event, parse_request
from ingot_worker.reaper import Reaper

# How often it looks for what a dead worker has left, which is no child whose end would wake it.
_ORPHAN_SECONDS = 0.002


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    pending: bytes = b""
    child: int | None = None
    finished: bool = False
    out_of_memory_kills: int | None = None


class Server:
    """The selector loop.

    It serves until the end of the descriptor `lifeline`. With a `problem`, its imports have failed:
    it says so to whoever asks first, and ends. A `helper` is a process, with a socket that holds it
    alive, without which it cannot go on; `helper_signal` is what has killed it.
    """

    def __init__(
        self,
        listener: socket.socket,
        lifeline: int,
        problem: str | None = None,
        helper: tuple[int, socket.socket] | None = None,
    ) -> None:
        self._listener = listener
        self._lifeline = lifeline
        self._problem = problem
        self._helper = helper
        self._pid = os.getpid()
        self._selector = selectors.PollSelector()
        self._connections: set[_Connection] = set()
        self._children: dict[int, _Connection] = {}
        self._reaper = Reaper()
        self._wake_read, self._wake_write = socket.socketpair()
        self._code: int | None = None
        self.helper_signal: int | None = None
        processes.become_subreaper()
        if helper:
            self._reaper.add(helper[0])

    def run(self) -> int:
        """Serve to the end, which is also the end of every child; returns the exit code."""
        for end in (self._listener, self._wake_read, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self._selector.register(self._listener, selectors.EVENT_READ, "listener")
        self._selector.register(self._wake_read, selectors.EVENT_READ, "wake")
        self._selector.register(self._lifeline, selectors.EVENT_READ, "lifeline")
        try:
            # A child that ended before its end could wake this process.
            self._reap()
            while self._code is None:
                self._turn()
            return self._code
        except KeyboardInterrupt:
            return 130
        finally:
            self._listener.close()
            self._reaper.end_all()

    def _turn(self) -> None:
        for key, _ in self._selector.select(_ORPHAN_SECONDS if self._reaper.is_waiting else None):
            if key.data == "lifeline":
                if not os.read(self._lifeline, 4096):
                    self._code = 0
            elif key.data == "wake":
                with contextlib.suppress(BlockingIOError):
                    self._wake_read.recv(4096)
            elif key.data == "listener":
                self._accept()
            elif key.data in self._connections:
                self._readable_or_writable(key.data)
        self._reap()

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
            self._give_up(connection)
            return
        if connection.child is not None or connection.finished:
            return  # bytes after the request say nothing
        connection.received += chunk
        line, newline, _ = connection.received.partition(b"\n")
        if newline:
            connection.received = bytearray()
            if _is_closed(connection.socket):  # it was cancelled while it waited for the imports
                self._close(connection)
            else:
                self._start(connection, bytes(line))
        elif len(connection.received) > MAX_REQUEST:
            self._refuse(connection, BadRequest(f"the request is longer than {MAX_REQUEST} bytes"))

    def _refuse(self, connection: _Connection, error: BadRequest) -> None:
        message = f"the worker does not understand the request: {error}"
        hint = "the controller and the worker must be of the same version"
        self._fail(connection, StepError("internal", "BadRequest", message, hint), 2)

    def _fail(self, connection: _Connection, error: StepError, code: int) -> None:
        exited = encode_event({"event": "exit", "code": code})
        self._finish(connection, encode_event(error.event()) + exited)

    def _start(self, connection: _Connection, line: bytes) -> None:
        if self._problem is not None:
            message = f"the Python worker did not start: {self._problem}"
            hint = "check the Python runtime; a damaged one is made anew after its directory "
            hint += "is removed"
            self._fail(connection, StepError("internal", "WorkerStartFailed", message, hint), 1)
            self._code = 1
            return
        try:
            request = parse_request(line)
        except BadRequest as error:
            self._refuse(connection, error)
            return
        connection.out_of_memory_kills = processes.out_of_memory_kills()
        signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            self._fail(connection, translate(error), 1)
            return
        if pid == 0:
            self._child(connection, request)
        self._reaper.add(pid)
        connection.child = pid
        self._children[pid] = connection
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def _child(self, connection: _Connection, request: Request) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            processes.die_with_parent(self._pid)
            processes.become_subreaper()
            os.setsid()
            self._selector.close()
            self._listener.close()
            self._wake_read.close()
            self._wake_write.close()
            if self._helper:
                self._helper[1].close()
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
        for pid, status in self._reaper.collect():
            if self._helper and pid == self._helper[0]:
                self._code = 1
                self.helper_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
                continue
            connection = self._children.pop(pid)
            if connection in self._connections:
                self._finish(connection, encode_event(_ending(connection, status)))

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

    def _give_up(self, connection: _Connection) -> None:
        """The other side wants the step no more: it learns of the end by the end of the stream."""
        if connection.child is None or connection.finished:
            self._close(connection)
        else:
            self._selector.unregister(connection.socket)
            self._reaper.kill(connection.child)

    def _close(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.socket)
        connection.socket.close()


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has said all that it will say."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _ending(connection: _Connection, status: int) -> dict[str, object]:
    """The last event of a step."""
    if not os.WIFSIGNALED(status):
        return {"event": "exit", "code": os.WEXITSTATUS(status)}
    event: dict[str, object] = {"event": "exit", "signal": os.WTERMSIG(status)}
    before, now = connection.out_of_memory_kills, processes.out_of_memory_kills()
    if os.WTERMSIG(status) == signal.SIGKILL and before is not None and now is not None:
        event["out_of_memory"] = now > before
    return event
