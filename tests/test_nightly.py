"""One night on the real steps, at 16 pixels, through server and worker; then what the pages show of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import STEPS, Workspace
from test_up import get

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def night(served: Workspace) -> str:
    """The id of a run of `train-gan/nightly` that has ended; it is started as a user starts it."""
    output = served.python("-m", "prefect", "deployment", "run", "train-gan/nightly", "--watch")
    assert "finished successfully in 'Completed'" in output.replace("\n", " ")
    found = re.search(r"runs/flow-run/([0-9a-f-]+)", output.replace("\n", ""))
    assert found
    return found.group(1)


def test_a_night_through_the_worker_completes(served: Workspace, night: str) -> None:
    """Every step is a task of the run; scores, grid, verdicts and report are among its artifacts; the result is in a branch."""
    api = served.variables["PREFECT_API_URL"]
    assert get(f"{api}/flow_runs/{night}")["state"]["type"] == "COMPLETED"
    tasks = get(f"{api}/task_runs/filter", {"flow_runs": {"id": {"any_": [night]}}, "sort": "EXPECTED_START_TIME_ASC"})
    assert [task["name"] for task in tasks] == ["collect", "data", *STEPS[1:], "promote", "tidy"]
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}
    artifacts = get(f"{api}/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [night]}}})
    shown = {"verdicts", "samples", "scores", "report", "diagnosis", "progress-train", "champion"}
    assert shown <= {artifact["key"] for artifact in artifacts}
    assert served.git("branch", "--list", "nightly/*")


def test_repro_finds_nothing_to_do_after_a_night(served: Workspace, night: str) -> None:
    """With the real steps, too, both doors agree."""
    assert "Running stage" not in served.dvc("repro")


def test_mlflow_holds_the_night(served: Workspace, night: str) -> None:
    """One run for the flow, with a child for every step."""
    runs = mlflow_runs(served)
    assert set(STEPS) <= set(runs)
    parents = {run["data"]["mlflow.parentRunId"] for name, run in runs.items() if name in STEPS}
    assert parents == {run["info"]["run_id"] for name, run in runs.items() if name not in STEPS}


def test_the_first_night_has_a_champion(served: Workspace, night: str) -> None:
    """The registry's alias names the night's model, whose version points at the run of its training; the flow's run says why."""
    url, runs = served.variables["MLFLOW_TRACKING_URI"], mlflow_runs(served)
    found = get(f"{url}/api/2.0/mlflow/registered-models/alias?name=generator&alias=champion")["model_version"]
    assert (found["version"], found["run_id"]) == ("1", runs["train"]["info"]["run_id"])
    (flow,) = [run for name, run in runs.items() if name not in STEPS]
    assert flow["data"]["atelier.promotion"].startswith("Version 1 is the champion.")


def mlflow_runs(served: Workspace) -> dict[str, dict[str, dict[str, str]]]:
    """The runs in MLflow by their names, tags in `data`."""
    url = served.variables["MLFLOW_TRACKING_URI"]
    experiment = get(f"{url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=atelier")["experiment"]["experiment_id"]
    found = get(f"{url}/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment]})["runs"]
    return {
        run["info"]["run_name"]: {"info": run["info"], "data": {tag["key"]: tag["value"] for tag in run["data"]["tags"]}}
        for run in found
    }


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Any]:
    """A page in Chromium."""
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.mark.browser
def test_prefects_pages_show_the_night(served: Workspace, night: str, browser: Any, tmp_path: Path) -> None:
    """The run with its tasks, its log with what the steps said, the grid of pictures itself, the scores."""
    page, url = browser, served.variables["PREFECT_API_URL"].removesuffix("/api")
    page.goto(f"{url}/runs/flow-run/{night}")
    for words in ("Completed", "train-gan", "nightly", "9 Task runs", "Running stage 'collect':"):
        page.get_by_text(words).first.wait_for()
    page.screenshot(path=str(tmp_path / "run.png"))
    page.get_by_text("Task Runs", exact=True).first.click()
    for step in STEPS:
        page.get_by_role("link", name=step, exact=True).first.wait_for()
    artifacts = get(f"{url}/api/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [night]}}})
    ids = {artifact["key"]: artifact["id"] for artifact in artifacts}
    page.goto(f"{url}/artifacts/artifact/{ids['samples']}")
    page.wait_for_function(
        "[...document.images].some(image => image.src.startsWith('data:image/png') && image.naturalWidth > 16)"
    )
    page.screenshot(path=str(tmp_path / "samples.png"))
    page.goto(f"{url}/artifacts/artifact/{ids['scores']}")
    page.get_by_text("fd_lite0", exact=True).wait_for()
    page.screenshot(path=str(tmp_path / "scores.png"))


@pytest.mark.browser
def test_mlflows_pages_show_the_training(served: Workspace, night: str, browser: Any, tmp_path: Path) -> None:
    """The parameters, the curves of the losses, and the pictures that were drawn on the way."""
    page, url = browser, served.variables["MLFLOW_TRACKING_URI"]
    run = mlflow_runs(served)["train"]["info"]
    base = f"{url}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}"
    page.goto(base)
    for words in ("Finished", "checkpoint_kimg", "Parent run"):
        page.get_by_text(words).first.wait_for()
    page.screenshot(path=str(tmp_path / "train.png"))
    page.set_viewport_size({"width": 1400, "height": 8000})  # what is out of sight is not drawn
    page.goto(f"{base}/model-metrics")
    page.get_by_text("loss_d").first.wait_for()
    page.locator(".main-svg").first.wait_for()
    page.wait_for_function("[...document.images].some(image => image.src.includes('get-artifact') && image.naturalWidth > 16)")
    page.screenshot(path=str(tmp_path / "curves.png"))
