"""The parts that a flow is made of, each alone: leash, DVC's words, branches of results."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML

from flows import branch, leash, origin, repro, turn
from flows.process import leashed, lines
from flows.repro import StepFailed, StepKilled
from ganlib.errors import AtelierError

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
    for folder in ("metrics", "curation", "code"):
        Path(folder).mkdir()
    Path("params.yaml").write_text("train:\n  kimg: 1\n  method: {name: gan}\n")
    for name in ("data.dvc", "metrics/evaluate.json", "metrics/bench.json", "code/a.py", "code.py"):
        Path(name).write_text(f"{name}: 1")
    record()
    git("add", "--all")
    git("commit", "--quiet", "--message", "A result")
    return git


def record() -> None:
    """Write dvc.lock as DVC would after a night with what lies here."""
    here = [name for name in ("code", "code.py", "curation/overrides.csv") if Path(name).exists()]
    stages = {
        "train": {
            "deps": [{"path": name, "md5": origin.digest(Path(name))} for name in here],
            "params": {"params.yaml": YAML(typ="safe").load(Path("params.yaml"))},
            "outs": [{"path": "artifacts/model"}],
        },
        "evaluate": {"outs": [{"path": "metrics/evaluate.json"}, {"path": "metrics/plots"}]},
    }
    YAML().dump({"schema": "2.0", "stages": stages}, Path("dvc.lock"))


def night(day: date = date(2026, 2, 3)) -> branch.Branch:
    """The branch of a night that drew other pictures."""
    Path("metrics/evaluate.json").write_text("new")
    record()
    made = branch.commit_results(day)
    assert made is not None
    return made


def test_nothing_new_makes_no_branch(repository: Callable[..., str]) -> None:
    """A night that changed nothing leaves no branch, whatever else has been edited or measured."""
    Path("code.py").write_text("edited")
    Path("metrics/bench.json").write_text("faster")
    assert branch.commit_results() is None
    assert repository("branch", "--format=%(refname:short)") == "main"


def test_a_new_result_goes_to_a_branch_of_its_own(repository: Callable[..., str]) -> None:
    """The branch holds the result on top of HEAD; HEAD, the index and the files are as they were."""
    Path("metrics/plots").mkdir()
    Path("metrics/plots/new.png").write_text("new")
    Path("README.md").write_text("edited")
    repository("add", "README.md")
    head, status = repository("rev-parse", "HEAD"), repository("status", "--porcelain")
    made = night()
    assert made.name.startswith("nightly/2026-02-03-")
    assert made.missing == ""
    assert repository("diff", "--name-only", "HEAD", made.name).split() == ["metrics/evaluate.json", "metrics/plots/new.png"]
    assert repository("rev-parse", f"{made.name}^") == head
    assert (repository("rev-parse", "HEAD"), repository("diff", "--cached", "--name-only")) == (head, "README.md")
    assert status.splitlines()[0] == "A  README.md"


def test_the_same_result_is_committed_once(repository: Callable[..., str]) -> None:
    """A second night with the same result makes no second branch, even after main has moved on."""
    first = night()
    repository("commit", "--quiet", "--allow-empty", "--message", "Something else")
    assert branch.commit_results(date(2026, 2, 4)) is None
    assert repository("branch", "--format=%(refname:short)").split() == ["main", first.name]


def test_a_branch_holds_the_files_that_its_result_was_made_with(repository: Callable[..., str]) -> None:
    """Verdicts and code that nobody had committed, and nothing that was edited after it was read."""
    Path("curation/overrides.csv").write_text("path,verdict,why\n")
    Path("code.py").write_text("mine")
    record()
    Path("code.py").write_text("edited since")
    made = branch.commit_results()
    assert made is not None
    assert repository("show", f"{made.name}:curation/overrides.csv") == "path,verdict,why"
    assert repository("show", f"{made.name}:code.py") == "code.py: 1"
    assert "than dvc.lock says: code.py." in made.missing


def test_a_branch_names_what_its_result_was_made_with_and_it_does_not_hold(repository: Callable[..., str]) -> None:
    """Knobs turned while it trained, and a file that git did not know; the sentence stands in the commit, too."""
    Path("code/b.py").write_text("never committed")
    record()
    Path("params.yaml").write_text("train:\n  kimg: 2\n  method: {name: gan, gamma: 1}\n")
    made = branch.commit_results()
    assert made is not None
    assert "other in it than dvc.lock says: train.kimg, train.method.gamma, code." in made.missing
    assert made.missing in repository("log", "-1", "--format=%B", made.name).replace("\n", " ")


def test_code_edited_after_it_was_read_is_not_in_the_branch(repository: Callable[..., str]) -> None:
    """The branch holds what was read, and there is nothing to say."""
    record()
    Path("code/a.py").write_text("edited since")
    Path("metrics/evaluate.json").write_text("new")
    made = branch.commit_results()
    assert made is not None
    assert made.missing == ""


def test_what_cannot_be_compared_costs_no_branch(repository: Callable[..., str]) -> None:
    """Parameters that are no YAML any more: said so, and the branch is made."""
    Path("metrics/evaluate.json").write_text("new")
    Path("params.yaml").write_text("train: [")
    made = branch.commit_results()
    assert made is not None
    assert "could not be found out (ParserError" in made.missing
    assert repository("branch", "--list", made.name)


@pytest.mark.parametrize("moved", [False, True])
def test_the_commands_that_are_told_merge_a_branch(repository: Callable[..., str], moved: bool) -> None:
    """Over the tree as the night left it, whether or not main has moved on; other edits stay, and nothing is thrown away."""
    Path("metrics/plots").mkdir()
    Path("metrics/plots/a b.png").write_text("new")
    Path("metrics/bench.json").write_text("faster")
    Path("curation/overrides.csv").write_text("path,verdict,why\n")
    made = night()
    if moved:
        repository("commit", "--quiet", "--allow-empty", "--message", "Something else")
    for name, value in (("user.name", "Test"), ("user.email", "test@localhost")):
        repository("config", name, value)
    done = subprocess.run(["sh", "-c", made.merge], capture_output=True, text=True, env={**os.environ, "GIT_EDITOR": "true"})
    assert done.returncode == 0, done.stderr
    assert Path("metrics/plots/a b.png").read_text() == "new"
    assert repository("diff", made.name, "--name-only") == "metrics/bench.json"
    assert repository("stash", "list")


def test_without_git_there_is_a_sentence(repository: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback: what is missing, what became of the result, what to do."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AtelierError, match=r"found no such program\. The result lies in the working tree.*Install git"):
        branch.commit_results()


def test_a_folder_that_may_not_be_written_to_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a run by another user: no flow begins, and it says where."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".runs/.flow.json.x")

    monkeypatch.setattr("ganlib.alone.write_json", denied)
    told = r"\.runs/\.flow\.json\.x: expected to be allowed to write here, and am not .* Nothing was started"
    with pytest.raises(AtelierError, match=told), turn.turn():
        raise AssertionError  # never begun
