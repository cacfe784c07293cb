"""The graph: complete, rebuilt by itself, true to the code."""

import os
import sys
from pathlib import Path

import grimp
import pytest
from conftest import PROJECT, STEPS, Workspace
from ruamel.yaml import YAML

#: What every step uses and no result depends on: reading parameters, writing files, telling people and MLflow.
PLUMBING = {
    *(
        f"ganlib.{name}"
        for name in ("alone", "claimed", "comparison.config", "config", "errors", "files", "heap", "knobs", "outward", "progress")
    ),
    *(f"tasks.{name}" for name in ("cli", "live", "places", "presets", "record")),
}
#: What a step imports without its result depending on it, and why.
DRIFT = {f"ganlib.metrics.{module}" for module in ("kernel", "measure", "moments", "requirements")}  # told besides, to a person
NO_MATTER = {
    "collect": {"ganlib.pictures.codes"},  # by what a shard's reader knows reasons, and nothing is written
    "curate": DRIFT,
    "train": {
        *("ganlib.sampling.grid", "ganlib.sampling.png", "ganlib.pictures"),  # how sheets look; how a store is written
        *("ganlib.metrics.diagnosis", "ganlib.metrics.figures", "tasks.diagnosis"),  # told to a person
        "ganlib.metrics.fingerprint",  # which scores are better when lower, for a model that has none yet
    },
    # only a generator is used; steering, which reads attributes off pictures, is for the command line
    "sample": {"ganlib.metrics", "ganlib.objectives", "ganlib.pictures", "ganlib.ranks", "ganlib.training", "tasks.steer"},
    # how a store is written; folders of pictures, which can be scored too; of the model only its generator is used
    "evaluate": {"ganlib.objectives", "ganlib.pictures", "ganlib.ranks", "ganlib.training"},
    "report": {"ganlib.metrics", "ganlib.pictures", "ganlib.training"},  # reads what the others made
}


def stages() -> dict[str, dict[str, list[str]]]:
    """The stages of dvc.yaml."""
    return dict(YAML(typ="safe").load(PROJECT / "dvc.yaml")["stages"])


@pytest.mark.parametrize("step", STEPS)
def test_the_code_that_decides_a_result_is_a_dependency(step: str) -> None:
    """Every module that a step imports, directly or not, is under a dependency of its stage: changing it redoes the step."""
    assert undeclared(f"tasks.{step}", stages()[step]["deps"], NO_MATTER.get(step, set())) == []


def undeclared(module: str, dependencies: list[str], no_matter: set[str]) -> list[str]:
    """What `module` imports, directly or not, that is under none of the `dependencies`; `no_matter` and plumbing left out."""
    graph = grimp.build_graph("ganlib", "tasks")
    found, todo = set(), [module]
    while todo:
        found.add(todo.pop())
        imported = {other for one in found for other in graph.find_modules_directly_imported_by(one)}
        todo = list(imported - found - PLUMBING)
    declared = {name.removesuffix(".py").replace("/", ".") for name in dependencies}
    return sorted(name for name in found if not _under(name, declared | no_matter))


def _under(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def test_every_section_of_parameters_belongs_to_the_step_of_its_name() -> None:
    """Changing a knob redoes the step whose section it is in; `promote` and `keep` are last tasks of the flow, and `adapt`
    a task for a person: no stages."""
    sections = set(YAML(typ="safe").load(PROJECT / "params.yaml")) - {"promote", "adapt", "keep"}
    assert {step: stage["params"] for step, stage in stages().items() if "params" in stage} == {name: [name] for name in sections}


@pytest.mark.slow
def test_one_command_rebuilds_and_restores(chain: Workspace) -> None:
    """After `dvc repro` in a fresh clone everything is there, and git sees only what records the result.

    A byte too many in data/ does not reach the data set: the pinned pictures are put back, and nothing is redone.
    """
    chain.dvc("repro")
    assert (chain.folder / "artifacts/report/report.html").exists()
    assert "up to date" in chain.dvc("status")
    assert {line[3:] for line in chain.run("git", "status", "--porcelain").splitlines()} == {"data.dvc", "dvc.lock", "metrics/"}
    before = chain.read("data/all.json"), chain.read("dvc.lock")
    with (chain.folder / "data/all.json").open("a") as file:
        file.write("tampered")
    output = chain.dvc("repro")
    assert (chain.read("data/all.json"), chain.read("dvc.lock")) == before
    assert "Running stage" not in output


@pytest.mark.slow
def test_an_experiment_in_a_copy_finds_the_projects_interpreter(chain: Workspace) -> None:
    """`dvc exp run --temp -S train.kimg=...` works with nothing activated, and leaves the workspace as it was."""
    (chain.folder / ".venv").symlink_to(sys.prefix)
    (chain.folder / ".git/info/exclude").write_text("/.venv\n")
    inactive = ":".join(name for name in os.environ["PATH"].split(":") if not Path(name, "python").exists()) or "/usr/bin"
    chain.dvc("repro", PATH=inactive)
    chain.commit()
    output = chain.dvc("exp", "run", "--temp", "-S", "train.kimg=0.2", PATH=inactive)
    assert f"train done by {chain.folder}/.venv/bin/python" in output
    assert "collect done" not in output
    assert chain.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_night_that_sets_too_much_aside_leaves_the_data_set(workspace: Workspace) -> None:
    """DVC takes away what a step is to write, and would leave nothing where the gate stays shut; but not this."""
    workspace.dvc("repro", "curate")
    before = workspace.read("artifacts/dataset/dataset.json")
    workspace.change("curate", gate=0.0)
    (workspace.folder / "curation/overrides.csv").write_text("path,verdict\nlorelei-1-000003.png,drop\n")
    output = workspace.dvc("repro", "curate", code=255)
    assert (
        "error: Expected at most 0% of the pictures to be set aside (curate.gate), found 1 of 64 (dropped-by-hand: 1)." in output
    )
    assert workspace.read("artifacts/dataset/dataset.json") == before
