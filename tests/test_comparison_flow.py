"""The comparison as a chain, with stand-ins for its steps: trials side by side, changed, failing, killed, stopped."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, Workspace, copy_project, put_stand_ins
from test_comparison import copy_comparison, ran
from test_flow import ACTIVE, pid_of
from test_flow_parts import gone
from test_up import get

pytestmark = pytest.mark.slow

FLOW = ("-m", "flows.compare_methods", "quick")
REPRO = ("--cd", "compare", "repro", "quick/dvc.yaml")
TRIALS = ["first-0", "first-1", "second-0", "second-1"]


@pytest.fixture
def chain(tmp_path: Path) -> Workspace:
    """A copy of the project in which every step, trial and comparison takes no time; the data set is made."""
    workspace = put_stand_ins(copy_project(tmp_path / "atelier"))
    copy_comparison(workspace)
    for name in ("trial", "compare"):
        shutil.copy(PROJECT / "tests" / "stand_in_comparison.py", workspace.folder / "tasks" / f"{name}.py")
    workspace.dvc("repro", "curate")
    workspace.commit()
    return workspace


@pytest.fixture
def connected(chain: Workspace, served: Workspace) -> Workspace:
    """The same, whose flows report to a server that runs already."""
    chain.variables["PREFECT_API_URL"] = served.variables["PREFECT_API_URL"]
    return chain


def done(output: str) -> list[str]:
    """The trials that were run, in words of their own."""
    return sorted(line.split()[-4] for line in output.splitlines() if " done under " in line)


@pytest.mark.fault(
    "kill -9 of `dvc repro` and of a trial under it", found="the same command does that trial and those after it, no other"
)
def test_a_trial_that_is_killed_keeps_the_others(chain: Workspace) -> None:
    """kill -9 of DVC and of a trial in the middle; the same command does that one and those after it, and no other again."""
    chain.dvc(*REPRO[:3], "--single-item", "quick/dvc.yaml:trial@first-1")
    repro = chain.start(sys.executable, "-m", "dvc", *REPRO, STAND_IN_LASTS="second-0:300", **ACTIVE)
    trial = pid_of(chain, "second-0")
    repro.kill()
    os.kill(trial, signal.SIGKILL)
    before, _ = repro.communicate()
    again = chain.dvc(*REPRO)
    assert "trial@first-1" not in ran(before) + ran(again)
    assert "trial@second-0" in ran(again)
    assert sorted({*ran(before), *ran(again)}) == ["compare", "trial@first-0", "trial@second-0", "trial@second-1"]
    assert set(ran(before)) & set(ran(again)) == {"trial@second-0"}
    assert chain.read("compare/quick/results/table.csv").splitlines()[1] == f"{' '.join(TRIALS)},4"


@pytest.mark.drill
def test_another_knob_of_a_method_redoes_its_trials_alone(chain: Workspace) -> None:
    """And the table; a further seed adds a trial a method, and touches none that is there."""
    path = chain.folder / "compare/quick/params.yaml"
    chain.dvc(*REPRO)
    path.write_text(path.read_text().replace("objective: hinge", "objective: leastsquares"))
    assert ran(chain.dvc(*REPRO)) == ["compare", "trial@second-0", "trial@second-1"]
    path.write_text(path.read_text().replace("seeds: [0, 1]", "seeds: [0, 1, 2]"))
    assert ran(chain.dvc(*REPRO)) == ["compare", "trial@first-2", "trial@second-2"]


def test_the_flow_runs_trials_side_by_side_and_one_that_fails_costs_itself(connected: Workspace) -> None:
    """The others run, as many at once as there are cores, under one MLflow run, and are compared; the failed one's own sentence
    is the flow's, and the exit code says that something is missing.

    The same command then does what is missing, and no more; table and pictures are artifacts; DVC finds nothing left to do.
    """
    output = connected.python(*FLOW, code=2, STAND_IN_FAILS="first-1", STAND_IN_LASTS="*:2")
    good = [name for name in TRIALS if name != "first-1"]
    assert done(output) == good
    assert f"compared {' '.join(good)}" in output
    assert len({line.split()[-1] for line in output.splitlines() if " done under " in line}) == 1
    assert output.splitlines()[-2:] == [
        "error: Compared without these trials, which did not reach their end:",
        "error: trial@first-1: first-1: expected a cause, found none. Invent one.",
    ]
    times = [json.loads(connected.read(f"compare/quick/trials/{name}/trial.json"))[1:] for name in good]
    most = max(sum(began <= moment < ended for began, ended in times) for moment, _ in times)
    assert min(2, len(os.sched_getaffinity(0))) <= most <= len(os.sched_getaffinity(0))

    output = connected.python(*FLOW)
    assert done(output) == ["first-1"]
    assert f"compared {' '.join(TRIALS)}" in output
    assert output.splitlines()[-1] == "compared in compare/quick/results"
    keys = {artifact["key"] for artifact in get(f"{connected.variables['PREFECT_API_URL']}/artifacts/filter", {})}
    assert {"quick-table", "quick-distances", "quick-samples", "progress-trial-first-0"} <= keys
    assert ran(connected.dvc(*REPRO)) == []


@pytest.mark.fault("Ctrl-C to a comparison with trials side by side", found="exit 130, one sentence; no process left")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.drill)])
def test_ctrl_c_ends_all_trials(number: signal.Signals, chain: Workspace) -> None:
    """One sentence, no traceback, no process left, none tried again; the flow's own server hears of it, and nobody waits."""
    flow = chain.start(sys.executable, *FLOW, STAND_IN_LASTS="*:300")
    running = TRIALS[: min(2, len(os.sched_getaffinity(0)))]
    numbers = [pid_of(chain, name) for name in running]
    flow.send_signal(number)
    output, _ = flow.communicate(timeout=100)
    assert flow.returncode == 130, output
    assert output.splitlines()[-1].startswith("Stopped.")
    assert "Traceback" not in output
    assert gone(*numbers, within=1)
    assert len(list((chain.folder / ".runs").glob("*-?.pid"))) == len(running)


def test_a_mistake_in_a_preset_is_told_before_anything_runs(connected: Workspace) -> None:
    """With file and line, in one sentence."""
    path = connected.folder / "compare/quick/params.yaml"
    path.write_text(path.read_text().replace("objective: hinge", "objective: hinged"))
    output = connected.python(*FLOW, code=2)
    assert output.splitlines()[-1].startswith(
        "error: compare/quick/params.yaml:15:5 methods.second.objective must be one of hinge"
    )


def test_the_deployment_is_registered(served: Workspace) -> None:
    """`make up` knows it; it has no schedule."""
    deployment = get(f"{served.variables['PREFECT_API_URL']}/deployments/name/compare-methods/quick")
    assert deployment["parameters"] == {"preset": "quick"}
    assert deployment["schedules"] == []
