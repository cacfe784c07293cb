"""Copies of the project to try things in, and the servers of `make up` for those tests that need them."""

import compileall
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ledger import SECTIONS, TITLE, Ledger, as_markdown, lines_of
from ruamel.yaml import YAML

import tasks as _environment  # noqa: F401  sets the environment before the tests import anything big

os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks this small only wait for their second thread

# What a shell starts in the background ignores Ctrl-C, and so would every flow that a test starts from there.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).parents[1]
CODE = ("ganlib", "tasks", "flows", "curation")
FILES = (".dvcignore", ".gitignore", "data.dvc", "dvc.yaml", "params.yaml", "prefect.yaml", "pyproject.toml")
STEPS = ("collect", "curate", "train", "sample", "evaluate", "report")
BROWSER = "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-component-update --disable-sync"
NOWHERE = "http://127.0.0.1:9"  # nothing answers here, and says so at once

#: So small that the whole pipeline takes seconds.
TINY = {
    "collect": {"number": 64, "size": 32},
    "curate": {"size": 16, "heldout": 0.5},
    "train": {
        "kimg": 0.3,
        "batch": 16,
        "log_kimg": 0.1,
        "sample_kimg": 0.1,
        "checkpoint_kimg": 0.1,
        "device": "cpu",
        "threads": 1,
    },
    "sample": {"number": 64},
    "promote": {"least_coverage": None, "least_diversity": None},
}


@dataclass
class Workspace:
    """A copy of the project with a git and a DVC of its own; `variables` are added to the environment of what runs there.

    bare: Prefect's server has to make its tables itself, as a user's does the first time.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    bare: bool = False

    def environment(self) -> dict[str, str]:
        """An environment in which nothing is activated, and nothing of the user's or of other tests is seen."""
        others = ("PREFECT_", "MLFLOW_", "DVC_", "ATELIER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        return {
            **kept,
            "PYTHONPATH": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "PREFECT_HOME": str(self.folder / ".prefect"),
            "PREFECT_API_URL": f"{NOWHERE}/api",
            **self.variables,
        }

    def start(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command there, with output and errors in one pipe."""
        if not self.bare and any(part.split(".")[0] in ("flows", "prefect") for part in command):
            self._spare_prefect()
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.folder, env={**self.environment(), **variables}, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *command: str, code: int | None = 0, **variables: str) -> str:
        """Run a command there; what it printed. Fails the test unless it ends with `code` (None: with any)."""
        process = self.start(*command, **variables)
        output, _ = process.communicate(timeout=300)
        assert code is None or process.returncode == code, f"{command} ended with {process.returncode}:\n{output}"
        return output

    def python(self, *arguments: str, code: int | None = 0, **variables: str) -> str:
        """Run this interpreter there."""
        return self.run(sys.executable, *arguments, code=code, **variables)

    def dvc(self, *arguments: str, code: int | None = 0, **variables: str) -> str:
        """Run DVC there, as an activated environment would."""
        variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
        return self.python("-m", "dvc", *arguments, code=code, **variables)

    def git(self, *arguments: str) -> str:
        """Run git there."""
        return self.run("git", "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments).strip()

    def _spare_prefect(self) -> None:
        """Let a server that is started here find its tables made."""
        from recording import empty_prefect

        if not (home := self.folder / ".prefect").exists():
            shutil.copytree(empty_prefect(), home)

    def tell(self) -> "Workspace":
        """Let MLflow be told of what is done here, in the folder's own store: that takes each step seconds."""
        from recording import empty_database

        del self.variables["MLFLOW_TRACKING_URI"]
        (self.folder / ".mlflow").mkdir()
        shutil.copyfile(empty_database(), self.folder / ".mlflow" / "mlflow.db")
        return self

    def commit(self) -> None:
        """Commit all that lies there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "As it lies here")

    def change(self, section: str, **knobs: object) -> None:
        """Change knobs of `params.yaml`."""
        path = self.folder / "params.yaml"
        yaml = YAML()
        tree = yaml.load(path)
        tree[section].update(knobs)
        yaml.dump(tree, path)

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.folder / path).read_text()


def copy_project(folder: Path) -> Workspace:
    """The project's code with tiny parameters, committed, nothing built; it has no `.venv`.

    What Python has made of the code goes along. MLflow's store is away, see `tell`.
    """
    folder.mkdir(parents=True)
    for name in CODE:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))  # half written
    for name in FILES:
        shutil.copy(PROJECT / name, folder / name)
    (folder / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(PROJECT / ".dvc" / name, folder / ".dvc" / name)
    workspace = Workspace(folder, {"MLFLOW_TRACKING_URI": NOWHERE})
    for section, knobs in TINY.items():
        workspace.change(section, **knobs)
    workspace.git("init", "--quiet", "--initial-branch", "main")
    workspace.commit()
    return workspace


def put_stand_ins(workspace: Workspace) -> Workspace:
    """Replace every step by one that takes no time."""
    for step in (*STEPS, "promote"):
        shutil.copy(PROJECT / "tests" / "stand_in.py", workspace.folder / "tasks" / f"{step}.py")
    workspace.commit()
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A copy of the project in which the steps are the real ones, on 64 portraits at 16 pixels."""
    return copy_project(tmp_path / "atelier")


@pytest.fixture
def chain(tmp_path: Path) -> Workspace:
    """A copy of the project in which every step takes no time, to try the chain itself."""
    return put_stand_ins(copy_project(tmp_path / "atelier"))


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy of the project with the real steps, and the servers of `make up` over it, on free ports; once for all tests."""
    workspace = copy_project(tmp_path_factory.mktemp("served") / "atelier").tell()
    workspace.bare = True
    workspace.variables |= addresses()
    workspace.python("-m", "flows.up")
    yield workspace
    workspace.python("-m", "flows.down")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium, of playwright; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=BROWSER.split())
        yield running
        running.close()


def addresses() -> Mapping[str, str]:
    """Free addresses for both servers, in the variables that name them."""
    return {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api", "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture
def ledger(request: pytest.FixtureRequest, record_property: Any) -> Ledger:
    """Where the tests of faults and threats write down what they did and what was lost by it."""
    return Ledger(record_property, kind_of(request.node))


def kind_of(item: pytest.Item) -> str:
    """By which of the ledger's marks it goes."""
    return next(kind for kind in SECTIONS if item.get_closest_marker(kind))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nights", metavar="N", type=int, help="how many nights tests/faults/test_soak.py runs")
    parser.addoption("--soak-seed", metavar="SEED", type=int, default=0, help="what befalls them")
    parser.addoption("--ledger", metavar="FILE", help="write what the tests of faults and threats did to this Markdown file")


def pytest_configure(config: pytest.Config) -> None:
    """Let Python keep what it makes of the code, even where PYTHONDONTWRITEBYTECODE says that it is not to: a thousand processes
    would each take most of a second to make it again."""
    if not hasattr(config, "workerinput"):
        for name in CODE:
            compileall.compile_dir(PROJECT / name, quiet=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in one of the ledger's folders bears its mark; a mark that has words is a line of the ledger by itself.

    Files with slow tests come first: at the end no worker is to be left alone with one.
    """
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in ("slow", "browser"))}
    items.sort(key=lambda item: (item.path.parent.name.removesuffix("s") not in SECTIONS, item.path not in slow))
    for item in items:
        kind = item.path.parent.name.removesuffix("s")
        if kind in SECTIONS:
            item.add_marker(kind)
        for mark in item.iter_markers():
            if mark.name in SECTIONS and mark.args:
                Ledger(lambda *pair, item=item: item.user_properties.append(pair), mark.name).add(*mark.args, **mark.kwargs)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the ledger, and write it where that was asked for."""
    ended = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    here = [one for one in ended if one.when == "call" and any(name == TITLE for name, _ in one.user_properties)]
    if not here:
        return
    page = as_markdown(lines_of((one.passed, one.user_properties) for one in here))
    terminalreporter.section("what was tried, and what was lost")
    terminalreporter.write(page + "\n")
    if path := config.getoption("--ledger"):
        Path(path).write_text(page)
