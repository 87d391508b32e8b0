"""A stand-in for the warm parent, standard library only: it speaks the worker protocol, and its
workers do what the program in the request says. INGOT_FAKE makes the parent itself misbehave."""

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def behave(program, request, say):
    """The worker: returns its exit code."""
    match program["do"]:
        case "succeed":
            say({"event": "progress", "fraction": 0.5, "message": "half"})
            say({"event": "metric", "name": "roc_auc", "value": 0.75})
            say({"event": "log", "level": "warning", "message": "careful"})
            say({"event": "news", "from": "the future"})
            say({"event": "result", "metadata": {"rows": 3}})
        case "quick":
            say({"event": "result", "metadata": {}})
        case "echo":
            say({"event": "result", "metadata": request})
        case "environment":
            say({"event": "result", "metadata": dict(os.environ)})
        case "error":
            say({"event": "error", **program["error"]})
            return program.get("code", 0)
        case "exit":
            return program["code"]
        case "silent":
            return 0
        case "hang":
            time.sleep(1000)
        case "hang-with-grandchild":
            ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
            child = subprocess.Popen([sys.executable, "-c", ignore + "time.sleep(1000)"])
            stray = subprocess.Popen(
                [sys.executable, "-c", ignore + "time.sleep(1000)"], start_new_session=True
            )
            say({"event": "log", "level": "info", "message": f"{child.pid} {stray.pid}"})
            time.sleep(1000)
        case "write":
            say(program["text"].encode("latin-1"))
            time.sleep(1000)
        case "long-line":
            say(b'{"event":"log","level":"info","message":"' + b"x" * program["bytes"] + b'"}\n')
            say({"event": "result", "metadata": {}})
        case "chatter":
            line = {"event": "log", "level": "info", "message": "x" * 1000}
            for _ in range(program["lines"]):
                say(line)
            say({"event": "result", "metadata": {}})
        case "two-results":
            say({"event": "result", "metadata": {}})
            say({"event": "result", "metadata": {}})
            time.sleep(1000)
        case "killed":
            os.kill(os.getpid(), program["signal"])
            time.sleep(1000)
        case "kill-parent":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(1000)
        case "print":
            block = b"spam " * 20000
            while True:
                os.write(1, block)
        case "traced":
            trace = os.open(program["trace"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            what = f"{request['run']} {request['threads']} {request['memory_bytes']}\n"
            os.write(trace, ("start " + what).encode())
            time.sleep(program["seconds"])
            os.write(trace, ("end " + what).encode())
            say({"event": "result", "metadata": {}})
    return 0


class Parent:
    def __init__(self, path):
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(0, selectors.EVENT_READ, self.end)
        self.pending = {}
        self.workers = {}

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                key.data()

    def accept(self):
        connection, _ = self.listener.accept()
        self.pending[connection] = b""
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.receive(connection))

    def receive(self, connection):
        data = connection.recv(65536)
        if connection in self.workers:
            if os.environ.get("INGOT_FAKE") == "slow-to-kill":
                time.sleep(0.5)
            if os.environ.get("INGOT_FAKE") != "deaf":
                kill_session(self.workers[connection])
            self.selector.unregister(connection)
            return
        self.pending[connection] += data
        if not data:
            self.selector.unregister(connection)
            connection.close()
        elif self.pending[connection].endswith(b"\n"):
            self.fork(connection, json.loads(self.pending.pop(connection)))

    def fork(self, connection, request):
        pid = os.fork()
        if pid == 0:
            work(connection, request)
        self.workers[connection] = pid
        descriptor = os.pidfd_open(pid)
        self.selector.register(
            descriptor, selectors.EVENT_READ, lambda: self.reap(connection, pid, descriptor)
        )

    def reap(self, connection, pid, descriptor):
        self.selector.unregister(descriptor)
        os.close(descriptor)
        if connection.fileno() in self.selector.get_map():
            self.selector.unregister(connection)
        kill_session(pid)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            last = {"event": "exit", "signal": os.WTERMSIG(status)}
        else:
            last = {"event": "exit", "code": os.WEXITSTATUS(status)}
        try:
            connection.sendall(json.dumps(last).encode() + b"\n")
        except OSError:
            pass
        connection.close()
        del self.workers[connection]

    def end(self):
        if os.read(0, 1) == b"" and os.environ.get("INGOT_FAKE") != "deaf":
            for pid in self.workers.values():
                kill_session(pid)
            os._exit(0)


def kill_session(session):
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            pass


def work(connection, request):
    try:
        os.setsid()
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)

        def say(event):
            data = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
            connection.sendall(data)

        connection.setblocking(True)
        say({"event": "started", "pid": os.getpid()})
        code = behave(request["program"], request, say)
    except BaseException as error:
        os.write(2, repr(error).encode())
        os._exit(70)
    os._exit(code)


def main():
    match os.environ.get("INGOT_FAKE"):
        case "never-ready":
            time.sleep(1000)
        case "broken":
            print("ModuleNotFoundError: No module named 'duckdb'", file=sys.stderr)
            sys.exit(1)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = Parent(sys.argv[2])
    print("a warning of some library", file=sys.stderr, flush=True)
    print("ready", flush=True)
    parent.serve()


if __name__ == "__main__":
    main()
