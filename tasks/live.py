"""A training told to MLflow while it goes on, by a process beside it, so that nothing of MLflow is ever in its way.

The training appends lines to `history.jsonl` and pictures to `samples/` in its folder, and knows no more. The process
beside it reads them and sends them on; it sees the training end by the pipe between them, whatever ended it.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from ganlib.files import write_text
from tasks.tracking import spool, store
from tasks.tracking.describe import describe, flat, now
from tasks.tracking.spool import LIVE, LOCK, TRAINING, Entry

EVERY = 2.0  # seconds between two looks
GRACE = 8.0  # seconds to tell the rest after the training was killed
STOPPED = 6.0  # seconds to wait for that after a polite signal, of the ten within which a stopped step is to be gone
NICENESS = 5  # the training goes first

_TOLD, _LEFT, _NOT_OURS = 0, 1, 4  # exit codes of the process beside


class Live:
    """The live record of the training in `run_folder`; nothing here raises, or waits but `close`, at most 10 s.

    run_folder: holds (or will hold) `history.jsonl`, one JSON object a line with "images", the pictures shown so far, and
    numbers, and `samples/kimg-000010.png`; a training that goes on there continues the run that was begun there.
    params: the knobs, as in the step's `Record`. reads: the data set's folder. title: the run's name, if not the step's.

    >>> with Live(run_folder, asdict(params.train), [DATASET]):   # doctest: +SKIP
    ...     train()   # FINISHED; an exception makes it FAILED, SystemExit and Ctrl-C KILLED
    """

    def __init__(
        self, run_folder: Path, params: Mapping[str, Any], reads: Sequence[Path], step: str = "train", title: str | None = None
    ) -> None:
        self.folder, self.params, self.reads, self.step, self.title = run_folder, params, reads, step, title
        self._beside: subprocess.Popen[bytes] | None = None

    def start(self) -> "Live":
        """Start the process beside; to be called before the training touches its folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._beside = self._start_beside()
        except OSError as error:
            print(f"The training is not told to MLflow live ({error}); its record is made at its end.", file=sys.stderr)
        return self

    def close(self, status: str = "FINISHED", patience: float = 10.0) -> bool:
        """Send the rest and end the run: FINISHED, FAILED or KILLED. Returns whether MLflow has it all; if not, a line
        says so, and the step's own record, or `python -m tasks.record`, completes it.
        """
        beside, self._beside = self._beside, None
        if beside is None:
            return False
        code = _ended(beside, status, patience)
        if code not in (_TOLD, _NOT_OURS):
            self._note(status)
            where = self.folder / "history.jsonl"
            print(f"MLflow at {store.shown()} has not taken all of the training yet; it is kept in {where}.", file=sys.stderr)
        return code == _TOLD

    def leave(self) -> None:
        """Go at once: the process beside sees that nobody is at the other end, ends the run as KILLED, and itself."""
        beside, self._beside = self._beside, None
        if beside is not None and beside.stdin:
            beside.stdin.close()

    def __enter__(self) -> "Live":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.leave()
            return
        stopped = kind is not None and issubclass(kind, SystemExit)
        if stopped:
            self.close("KILLED", STOPPED)
        else:
            self.close("FINISHED" if kind is None else "FAILED")

    def _start_beside(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tasks.live", str(self.folder.resolve())]
        nowhere = subprocess.DEVNULL
        beside = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, env=store.environment())
        if beside.stdin:
            beside.stdin.write(json.dumps(self._order()).encode() + b"\n")
            beside.stdin.flush()
        return beside

    def _order(self) -> dict[str, Any]:
        history = self.folder / "history.jsonl"
        fresh = not history.exists() or history.stat().st_size == 0
        reads = [str(path) for path in self.reads]
        return {"step": self.step, "title": self.title, "params": flat(self.params), "reads": reads, "fresh": fresh}

    def _note(self, status: str) -> None:
        """Remember how the training ended, for the one who completes its record."""
        try:
            if entry := spool.read(self.folder / LIVE):
                entry.status = status
                spool.write(entry, self.folder / LIVE)
        except OSError:
            pass  # the record then says KILLED


def _ended(beside: "subprocess.Popen[bytes]", status: str, patience: float) -> int:
    """The exit code of the process, told how the training ended; it is gone afterwards in any case."""
    try:
        beside.communicate(status.encode(), timeout=patience)
    except (OSError, subprocess.TimeoutExpired):
        beside.kill()
        beside.wait()
    return beside.returncode


def follow(folder: Path, order: Mapping[str, Any], training: int) -> bool:
    """Tell the training in `folder` until its end is read from the pipe `training`; returns whether all was told."""
    spool.write(_description(folder, order), folder / LIVE)
    from tasks.tracking.follow import Follower

    follower, said = Follower(folder), ""
    while not select.select([training], [], [], EVERY)[0]:
        follower.tick()
        if follower.trouble != said:
            said = follower.trouble
            write_text(folder / "mlflow.log", f"{time.strftime('%F %T')} {said or 'all is well again'}\n")
    status = os.read(training, 64).decode()
    if not status:
        signal.alarm(round(GRACE))  # the training was killed, and nobody waits for us
    return follower.finish(status or "KILLED")


def _description(folder: Path, order: Mapping[str, Any]) -> Entry:
    """What is to be told; a training that goes on takes the run of the one before."""
    entry = describe(order["step"], order["params"], [Path(path) for path in order["reads"]])
    before = spool.read(folder / LIVE)
    entry.version = None  # which takes what is written in the end
    entry.title = order.get("title")
    entry.fresh, entry.run = order["fresh"], before.run if before else None
    entry.started = before.started if before and not entry.fresh else now()
    known = before.tags.get(TRAINING) if before and (before.run is None or not entry.fresh) else None
    entry.tags[TRAINING] = known or uuid.uuid4().hex
    return entry


def _read_line(pipe: int) -> bytes:
    """Up to the end of the line and not a byte further, which a file object would read and keep."""
    line = b""
    while (byte := os.read(pipe, 1)) not in (b"", b"\n"):
        line += byte
    return line


def main() -> None:
    """`python -m tasks.live FOLDER`, with a training at the other end of standard input."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # meant for the training, whose end we then see
    os.nice(NICENESS)
    folder, order = Path(sys.argv[1]), json.loads(_read_line(0))
    try:
        with FileLock(folder / LOCK, timeout=GRACE):  # the one beside a training that was just killed may be at its end
            sys.exit(_TOLD if follow(folder, order, 0) else _LEFT)
    except Timeout:
        sys.exit(_NOT_OURS)  # somebody trains in this folder already, and is told about


if __name__ == "__main__":
    main()
