"""The parts that a flow is made of, each alone: leash, DVC's words, branches of results."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil
import pytest

from flows import branch, leash, repro
from flows.process import leashed, lines
from flows.repro import StepFailed, StepKilled

#: A child that starts a child of its own, says who they are, and stays.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def gone(*numbers: int, within: float = 15.0) -> bool:
    """Whether all these processes end in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE for number in numbers):
            return True
        time.sleep(0.05)
    return False


def test_a_command_and_its_children_end_with_whoever_asked_for_them() -> None:
    """kill -9 of the caller leaves neither the command nor what the command started."""
    caller = f"""
import sys
from flows.process import leashed, lines
with leashed([sys.executable, "-c", {FAMILY!r}], {{}}) as process:
    for line in lines(process):
        print(process.pid, line, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", caller], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        family = [int(number) for number in process.stdout.readline().split()]
        process.kill()
    assert len(family) == 3
    assert gone(*family)


def test_a_command_and_its_children_end_with_the_block() -> None:
    """Leaving the block early, as a cancelled flow does, ends all of them."""
    with leashed([sys.executable, "-c", FAMILY], {}) as process:
        family = [int(number) for number in next(line for line in lines(process) if line).split()]
    assert gone(process.pid, *family, within=1)


@pytest.mark.fault("kill -9 of DVC alone, with a step under it", found="the step ends with it")
def test_what_outlives_a_killed_command_is_killed_too() -> None:
    """When DVC alone is killed, the trainer under it does not go on unseen."""
    with leashed([sys.executable, "-c", FAMILY], {}) as process:
        output = lines(process, every=0.1)
        command, child = (int(number) for number in next(line for line in output if line).split())
        psutil.Process(command).kill()
        assert list(filter(None, output)) == []
    assert gone(child, within=1)
    assert process.returncode == 128 + 9


def test_a_command_may_take_its_time_to_save() -> None:
    """Ctrl-C comes first: what the command does about it is done before anything is killed."""
    careful = """
import time
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    time.sleep(0.5)
    open("saved", "w").close()
"""
    saved = Path("saved")
    with leashed([sys.executable, "-c", careful], {}) as process:
        next(line for line in lines(process) if line)
    try:
        assert saved.exists()
    finally:
        saved.unlink(missing_ok=True)


def test_an_exit_code_and_every_line_come_through() -> None:
    """Nothing that a command says is lost, the last line without an end of line included."""
    with leashed([sys.executable, "-c", "print('a\\n\\nb'); print('c', end=''); raise SystemExit(3)"], {}) as process:
        assert list(lines(process)) == ["a", "", "b", "c"]
    assert process.returncode == 3


def test_the_leash_needs_nothing_installed() -> None:
    """It starts from the standard library alone, so that it holds from the first moment."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", leash.__file__, "true"], stdin=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("heard", "kind", "sentence"),
    [
        (
            ["error: data: expected pictures, found none.", "ERROR: failed to reproduce 'curate': ..., exited with 2"],
            StepFailed,
            "data: expected",
        ),
        (["ERROR: failed to reproduce 'train': failed to run: python -m tasks.train, exited with -9"], StepKilled, "signal 9"),
        (["ERROR: failed to reproduce 'train': failed to run: python -m tasks.train, exited with 137"], StepKilled, "signal 9"),
        (
            ["Traceback", "ValueError: no", "ERROR: failed to reproduce 'train': failed to run: x, exited with 1"],
            StepFailed,
            "ValueError: no",
        ),
        (
            ["ERROR: 'artifacts/model' is busy, it is being blocked by:", "  (PID 77): dvc repro"],
            StepFailed,
            "(PID 77): dvc repro",
        ),
        (["ERROR: failed to parse 'dvc.yaml'"], StepFailed, "failed to parse 'dvc.yaml'"),
        ([], StepFailed, "said nothing"),
    ],
)
def test_a_failure_is_told_in_the_words_of_the_step(heard: list[str], kind: type[Exception], sentence: str) -> None:
    """Of all that DVC and a step print, the one sentence that says what is wrong becomes the error."""
    failure = repro.failure(heard, 255)
    assert type(failure) is kind
    assert sentence in str(failure)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A git repository with a result in it, as the current folder; returns a function that runs git there."""
    monkeypatch.chdir(tmp_path)

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    Path("metrics").mkdir()
    for name in ("dvc.lock", "data.dvc", "params.yaml", "metrics/evaluate.json", "code.py"):
        Path(name).write_text(name)
    git("add", "--all")
    git("commit", "--quiet", "--message", "A result")
    return git


def test_nothing_new_makes_no_branch(repository: Callable[..., str]) -> None:
    """A night that changed nothing leaves no branch, whatever else has been edited."""
    Path("code.py").write_text("edited")
    assert branch.commit_results() is None
    assert repository("branch", "--format=%(refname:short)") == "main"


def test_a_new_result_goes_to_a_branch_of_its_own(repository: Callable[..., str]) -> None:
    """The branch holds the result on top of HEAD; HEAD, the index and the files are as they were."""
    Path("dvc.lock").write_text("new")
    Path("metrics/more.json").write_text("new")
    Path("code.py").write_text("edited")
    repository("add", "code.py")
    head, status = repository("rev-parse", "HEAD"), repository("status", "--porcelain")
    name = branch.commit_results(date(2026, 2, 3))
    assert name is not None
    assert name.startswith("nightly/2026-02-03-")
    assert repository("diff", "--name-only", "HEAD", name).split() == ["dvc.lock", "metrics/more.json"]
    assert repository("rev-parse", f"{name}^") == head
    assert (repository("rev-parse", "HEAD"), repository("status", "--porcelain")) == (head, status)


def test_the_same_result_is_committed_once(repository: Callable[..., str]) -> None:
    """A second night with the same result makes no second branch, even after main has moved on."""
    Path("dvc.lock").write_text("new")
    first = branch.commit_results(date(2026, 2, 3))
    repository("commit", "--quiet", "--allow-empty", "--message", "Something else")
    assert branch.commit_results(date(2026, 2, 4)) is None
    assert repository("branch", "--format=%(refname:short)").split() == ["main", str(first)]
