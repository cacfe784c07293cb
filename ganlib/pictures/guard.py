"""Decoding in processes of their own, so that a hostile file costs its own row and not the run."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import IO, Any, Literal

import numpy as np

from ganlib.pictures.decode import WHITE, Decoded, Refused

SECONDS, MEMORY = 60.0, 3 * 2**30  # for one picture; 64 million pixels of 16 bits need two seconds and two of these bytes
_idle: "SimpleQueue[_Process]" = SimpleQueue()


@dataclass(frozen=True)
class Limits:
    """For one picture. seconds: of the clock. memory: bytes beside those that the empty process has."""

    seconds: float = SECONDS
    memory: int = MEMORY


USUAL = Limits()


def decode_guarded(
    files: Sequence[tuple[str, bytes]],
    mode: Literal["RGB", "L"],
    background: tuple[int, ...],
    near: int,
    limits: Limits = USUAL,
) -> Iterator[Decoded | Refused]:
    """What `examine` makes of each (name, data), in order.

    Refused besides: "too-slow", "too-much-memory", and "crashed-decoder" where the process died of it. Processes are started
    as they are needed, one for each thread that is in here, and live on for the next call. Raises `RuntimeError` where one
    does not start, or fails in a way that is a defect of this program.
    """
    question = {"mode": mode, "background": background, "near": near, "seconds": limits.seconds, "memory": limits.memory}
    waiting = list(files)
    while waiting:
        process = _borrowed()
        try:
            process.ask(question, waiting)
            while waiting:
                found = process.answer()
                yield _again(question, waiting[0]) if _may_be_another(found) else found
                waiting.pop(0)
        except _Died as death:
            process.end()
            yield Refused("too-slow") if death.slow else _again(question, waiting[0])
            waiting.pop(0)
        except BaseException:
            process.end()  # it may be amid an answer
            raise
        else:
            _idle.put(process)


def decode_alone(name: str, data: bytes, mode: Literal["RGB", "L"] = "RGB", near: int = 0) -> Decoded:
    """What `decode_guarded` makes of one, on white. Raises `Refused`."""
    (found,) = decode_guarded([(name, data)], mode, WHITE, near)
    if isinstance(found, Refused):
        raise found
    return found


def _may_be_another(found: Decoded | Refused) -> bool:
    """Whether it may be for what the process did before that this picture was refused."""
    return isinstance(found, Refused) and found.reason == "too-much-memory"


def _again(question: dict[str, Any], file: tuple[str, bytes]) -> Decoded | Refused:
    """What a process makes of a file that has done nothing else before."""
    process = _Process()
    try:
        process.ask(question, [file])
        return process.answer()
    except _Died as death:
        return Refused("too-slow" if death.slow else "crashed-decoder")
    finally:
        process.end()


class _Died(Exception):
    """slow: it was ended for that."""

    def __init__(self, slow: bool) -> None:
        super().__init__()
        self.slow = slow


class _Process:
    """One that decodes. What it says beside its answers is kept for the case that it does not start."""

    def __init__(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
        command = [sys.executable, "-m", "ganlib.pictures.guarded"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=environment
        )
        if self._stdout.readline() != b"ready\n":
            code = self._process.wait()
            self._said.seek(0)
            raise RuntimeError(f"the process that decodes ended with {code}:\n{self._said.read().decode(errors='replace')}")

    def ask(self, question: dict[str, Any], files: Sequence[tuple[str, bytes]]) -> None:
        with suppress(BrokenPipeError):  # then it has no answers, either
            line = {**question, "files": [(name, len(data)) for name, data in files]}
            self._stdin.write(json.dumps(line).encode() + b"\n")
            for _, data in files:
                self._stdin.write(data)
            self._stdin.flush()

    def answer(self) -> Decoded | Refused:
        line = self._stdout.readline()
        if not line.endswith(b"\n"):
            raise self._death()
        found = json.loads(line)
        if "failed" in found:
            raise RuntimeError(f"a picture could not be decoded, and not for what it is:\n{found['failed']}")
        if "refused" in found:
            return Refused(found["refused"])
        shape = found["shape"]
        data = self._stdout.read(int(np.prod(shape)))
        if len(data) < np.prod(shape):
            raise self._death()
        pixels = np.frombuffer(data, np.uint8).reshape(shape)
        return Decoded(pixels, found["width"], found["height"], found["lossless"], tuple(found["notes"]))

    def _death(self) -> _Died:
        return _Died(self._process.wait() == -signal.SIGALRM)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """It may be amid anything: it has nothing to lose."""
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout, self._said):
            with suppress(OSError):
                stream.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdout


def _borrowed() -> _Process:
    """One that has nothing to do, or a new one."""
    while True:
        try:
            process = _idle.get_nowait()
        except Empty:
            return _Process()
        if process.alive:
            return process
        process.end()


@atexit.register
def end_all() -> None:
    """End those that have nothing to do; new ones are started when they are needed."""
    with suppress(Empty):
        while True:
            _idle.get_nowait().end()
