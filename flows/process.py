"""Child processes of a flow: on a leash, read line by line, ended in good order."""

import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from flows import leash

_held: "set[subprocess.Popen[bytes]]" = set()
_ending = threading.Event()


def let_go() -> None:
    """End every command that any thread of this process has on a leash, in good order, and begin no other; not servers."""
    _ending.set()
    for process in list(_held):
        if process.stdin is not None:
            process.stdin.close()  # the leash sees it as it would see this process die


def ending() -> bool:
    """Whether commands end because they were let go, and not by themselves."""
    return _ending.is_set()


@contextmanager
def leashed(
    command: Sequence[str], environment: Mapping[str, str], output: int | IO[bytes] = subprocess.PIPE, server: bool = False
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `command` in a session of its own, output and errors into a pipe (or a file); nothing of it is left when the
    block ends, and its exit code is known.

    Nor when this process is killed: see `flows.leash`. server: it stays when commands are let go, for they are told of to it.
    """
    process = subprocess.Popen(
        [sys.executable, leash.__file__, *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**first_on_path(), **environment},
    )
    if not server:
        _held.add(process)
    try:
        if _ending.is_set() and not server:
            raise InterruptedError("this process is ending, and begins nothing new")
        yield process
    finally:
        _held.discard(process)
        _end(process)


def lines(process: "subprocess.Popen[bytes]", every: float = 1.0) -> Iterator[str]:
    """The lines that `process` prints, as they come, and "" in every silence of `every` seconds, until it has ended."""
    if process.stdout is None:
        raise ValueError("the output of this process goes into a file")
    pipe, rest = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(every):
                if process.poll() is not None:
                    break  # ended, but something that it started still holds the pipe open
                yield ""
                continue
            piece = os.read(pipe, 65536)
            if not piece:
                break
            *whole, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")
    process.wait()


def first_on_path(interpreter: Path = Path(sys.executable)) -> dict[str, str]:
    """This process's environment, with the folder of `interpreter` first on PATH: `python` in a stage is then this one."""
    return {**os.environ, "PATH": os.pathsep.join([str(interpreter.parent), os.environ.get("PATH", os.defpath)])}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C for the whole group if it is still at work, time to write a checkpoint, then kill what is left."""
    if process.poll() is None:
        _signal(process, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(leash.GRACE)
    _signal(process, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
