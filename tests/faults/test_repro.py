"""`dvc repro` of the whole chain, killed again and again wherever it stands, ends with the versions of one left in peace."""

import random
import sys
import time
from contextlib import suppress

import psutil
import pytest
from conftest import STEPS, Workspace, copy_project
from ledger import Ledger
from ruamel.yaml import YAML
from test_flow import ACTIVE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The chain, done once without a disturbance."""
    workspace = copy_project(tmp_path_factory.mktemp("whole") / "atelier")
    workspace.dvc("repro")
    return workspace


def versions(workspace: Workspace) -> dict[str, object]:
    """What every step read and wrote, by digest."""
    stages = YAML(typ="safe").load(workspace.read("dvc.lock"))["stages"]
    return {name: [stage.get("deps"), stage.get("outs"), stage.get("params")] for name, stage in stages.items()}


def at_work(repro: psutil.Process) -> str:
    """The step that runs now; empty between two."""
    with suppress(psutil.Error):  # one that ends as it is looked at
        for process in repro.children(recursive=True):
            command = process.cmdline()
            if command[1:2] == ["-m"] and command[2].startswith("tasks."):
                return command[2].removeprefix("tasks.")
    return ""


@pytest.mark.drill
def test_a_repro_killed_in_every_step(workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """kill -9 of DVC and of all under it, once in every step; the same command goes on, no lock is in its way."""
    dice, struck = random.Random(0), list[str]()
    for step in STEPS:
        workspace.run("rm", "-rf", ".dvc/cache/runs")  # or what a killed one had done already would be taken from there
        process = workspace.start(sys.executable, "-m", "dvc", "repro", **ACTIVE)
        repro, delay = psutil.Process(process.pid), dice.uniform(0, 2)
        deadline = time.monotonic() + 120
        while process.poll() is None and at_work(repro) != step:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(delay)
        if process.poll() is None:
            struck.append(at_work(repro))
            family = [repro, *repro.children(recursive=True)]
            for one in family:
                one.kill()
            psutil.wait_procs(family, timeout=20)
        process.communicate()
    assert len(struck) >= len(STEPS) - 1
    output = workspace.dvc("repro")
    assert "Traceback" not in output
    assert versions(workspace) == versions(whole)
    ledger.add(
        "kill -9 of `dvc repro` and the step under it, in every step",
        times=len(struck),
        found="the same command goes on; all digests as if never stopped",
    )
