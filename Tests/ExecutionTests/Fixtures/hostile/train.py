"""Steps that do what no step should, in place of a real kind: the processes around are real."""

import os
import signal
import subprocess
import sys
import time

SLEEP = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"


def warm():
    if os.environ.get("INGOT_FAKE") == "endless-imports":
        time.sleep(300)


def run(request, events):
    globals()[request.program["do"].replace("-", "_")](request, events)


def tell(events, *pids):
    events.log("info", " ".join(map(str, pids)))


def quick(request, events):
    events.result({})


def daemon(request, events):
    """By the book: two forks, a session and an environment of its own, deaf to SIGTERM."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, b"%d" % os.getpid())
            os.execve(sys.executable, [sys.executable, "-I", "-c", SLEEP], {})
        os._exit(0)
    os.wait()
    tell(events, os.getpid(), int(os.read(read, 20)))
    finish(request, events)


def grandchild(request, events):
    """A process that holds the log, and everything else that it can inherit."""
    child = subprocess.Popen([sys.executable, "-I", "-c", SLEEP], close_fds=False)
    if os.fork() == 0:
        signal.pause()
    tell(events, os.getpid(), child.pid)
    finish(request, events)


def bomb(request, events):
    read, write = os.pipe()
    for _ in range(50):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            os.write(write, b"%d\n" % os.getpid())
            while True:
                if os.fork() == 0:
                    time.sleep(0.05)
                    os._exit(0)
                time.sleep(0.1)
    with os.fdopen(read, "rb") as file:
        tell(events, *[int(file.readline()) for _ in range(50)])
    finish(request, events)


def late_writer(request, events):
    """A daemon that goes on writing to the output."""
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(request.out("late"), "wb", buffering=0) as file:
                file.write(b"x")
                os.write(told, b"x")
                while True:
                    file.write(b"x")
        os._exit(0)
    os.wait()
    os.read(ready, 1)
    finish(request, events)


def finish(request, events):
    match request.program["then"]:
        case "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(300)
        case "wait":
            time.sleep(300)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "end":
            events.result({})
        case "end-and-tell":
            events.result({})
            with open(request.out("ended"), "w") as file:
                file.write(str(time.monotonic_ns()))


def zeros(request, events):
    """Binary without a newline and without an end."""
    block = bytes(1 << 20)
    while True:
        os.write(1, block)


def escapes(request, events):
    events.progress(0.5, "\x1b]0;owned\x07half")
    events.log("warning", "\x1b[2Jgone\u202e\u009b31m")
    from ingot_worker.errors import data_error

    raise data_error("Escaped", "\x1b[31mred\nnext\x7f", "\x1b[0m")


def large_file(request, events):
    with open(request.out("data"), "wb") as file:
        while True:
            file.write(bytes(1 << 20))
