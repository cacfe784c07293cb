"""Checkpoints damaged in every way: found out, the one before is used, and never is anything begun anew in silence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Workspace, copy_project
from drilled import others_drilled
from ledger import Ledger
from trainings import TRAIN, checkpoints, learnt, model_of, resumed_at, run_folder, wait_for_checkpoint, with_pictures


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A training that was killed when it had two checkpoints."""
    workspace = with_pictures(copy_project(tmp_path_factory.mktemp("broken") / "atelier"))
    process = workspace.start(*TRAIN)
    wait_for_checkpoint(workspace, process, 480)
    process.kill()
    process.communicate()
    for path in checkpoints(workspace)[:-2]:  # killed between writing one and removing another
        shutil.rmtree(path)
    return workspace


@pytest.fixture(scope="module")
def whole(broken_off: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same, gone on with, undamaged."""
    workspace = _copied(broken_off, tmp_path_factory.mktemp("whole"))
    workspace.run(*TRAIN)
    return workspace


@pytest.fixture
def copy(broken_off: Workspace, tmp_path: Path) -> Workspace:
    """A copy to be damaged."""
    return _copied(broken_off, tmp_path)


def _copied(workspace: Workspace, place: Path) -> Workspace:
    shutil.copytree(workspace.folder, place / "atelier", symlinks=True)
    return Workspace(place / "atelier", dict(workspace.variables))


def _changed(name: str, change: Callable[[bytearray], bytes | bytearray]) -> Callable[[Path], None]:
    def deed(path: Path) -> None:
        (path / name).write_bytes(change(bytearray((path / name).read_bytes())))

    return deed


def _flipped(place: int) -> Callable[[bytearray], bytearray]:
    def flip(data: bytearray) -> bytearray:
        data[place] ^= 1
        return data

    return flip


def _of_another_run(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "run": "0123456789abcdef"}))


def _of_another_moment(path: Path) -> None:
    before = sorted(path.parent.glob("[0-9]*"))[-2]
    shutil.rmtree(path)
    shutil.copytree(before, path)


def _a_folder_instead(path: Path) -> None:
    (path / "state.safetensors").unlink()
    (path / "state.safetensors").mkdir()


STATE, MANIFEST = "state.safetensors", "manifest.json"
DAMAGES: dict[str, Callable[[Path], None]] = {
    "tensors cut off in the middle": _changed(STATE, lambda data: data[: len(data) // 2]),
    "tensors emptied": _changed(STATE, lambda data: b""),
    "tensors zeroed": _changed(STATE, lambda data: bytes(len(data))),
    "one bit flipped in the tensors": _changed(STATE, _flipped(-7)),
    "one bit flipped in the tensors' header": _changed(STATE, _flipped(20)),
    "one bit flipped in the manifest's digest": _changed(MANIFEST, _flipped(-9)),
    "the manifest missing": lambda path: (path / MANIFEST).unlink(),
    "the manifest no JSON": _changed(MANIFEST, lambda data: data[:-4]),
    "the manifest another JSON": _changed(MANIFEST, lambda data: b"[]"),
    "the tensors missing": lambda path: (path / STATE).unlink(),
    "a folder where a file should be": _a_folder_instead,
    "a checkpoint of another run put there": _of_another_run,
    "a checkpoint of another moment put there": _of_another_moment,
}


PLAIN = ("tensors cut off in the middle", "one bit flipped in the tensors", "the manifest missing", "the manifest no JSON")


@pytest.mark.parametrize("damage", others_drilled(DAMAGES, *PLAIN, "a checkpoint of another run put there"))
def test_a_damaged_checkpoint_costs_some_steps(damage: str, copy: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """It is named, with what is wrong; the one before is gone on from; the end is the same, to the bit."""
    before, last = checkpoints(copy)
    DAMAGES[damage](last)
    output = copy.run(*TRAIN)
    (said,) = (line for line in output.splitlines() if "is damaged" in line)
    assert last.name in said
    assert "passing over it for the one before" in said
    assert resumed_at(output) == round(int(before.name) / 1000, 1)
    assert model_of(copy) == model_of(whole)
    assert learnt(copy) == learnt(whole)
    ledger.add(f"the last checkpoint damaged: {damage}", lost="the steps since the one before", found="its digest; it is named")


@pytest.mark.parametrize("damage", ["tensors zeroed", "the manifest missing", "a checkpoint of another run put there"])
def test_with_no_good_one_left_it_stops(damage: str, copy: Workspace, ledger: Ledger) -> None:
    """One sentence that names the folder; nothing is begun anew, nothing is touched."""
    for path in checkpoints(copy):
        DAMAGES[damage](path)
    before = (run_folder(copy) / "history.jsonl").read_bytes()
    output = copy.run(*TRAIN, code=2)
    assert "expected a whole checkpoint, found 2, all damaged; nothing was started" in output
    assert "Traceback" not in output
    assert (run_folder(copy) / "history.jsonl").read_bytes() == before
    assert model_of(copy) == {}
    ledger.add("all checkpoints damaged", lost="the run, unless a copy is put back", found="a stop: all damaged")


def test_with_none_left_it_stops(copy: Workspace, ledger: Ledger) -> None:
    """A history without checkpoints tells of a run that had learnt something: it is not begun anew."""
    shutil.rmtree(run_folder(copy) / "checkpoints")
    output = copy.run(*TRAIN, code=2)
    assert "expected the checkpoints of the run that" in output
    assert "Traceback" not in output
    ledger.add("all checkpoints removed", lost="the run, unless a copy is put back", found="a stop: none found")


@pytest.mark.parametrize("name", ["run.json", "machine.json"])
def test_a_damaged_description_is_named(name: str, copy: Workspace, ledger: Ledger) -> None:
    """Half of the file that says what the run is, or on what machine it began: a stop that names it."""
    path = run_folder(copy) / name
    path.write_bytes(path.read_bytes()[:9])
    output = copy.run(*TRAIN, code=2)
    assert f"{name}: expected what the training wrote there on its first day" in output
    assert "Traceback" not in output
    ledger.add(f"{name} of a run in progress damaged", found="a stop that names the file")
