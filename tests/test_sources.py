"""The registry of sources, and the step that lays their pictures down."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import png, put

from ganlib.config import load
from ganlib.pictures.shards import read_shards, read_summary
from ganlib.pictures.sources import SOURCES
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.sources.portraits import Portraits
from ganlib.pictures.sources.table import read_labels
from tasks.cli import run
from tasks.collect import collect, main, record

PARAMS = Path(__file__).parents[1] / "params.yaml"


def _digests(folder: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]


def _params(folder: Path, collect_section: str) -> None:
    """The project's parameters, but for the section collect."""
    rest = PARAMS.read_text(encoding="utf-8").partition("\ncurate:")[2]
    put(folder / "params.yaml", f"collect:\n  {collect_section}\ncurate:{rest}".encode())


def _command(folder: Path, collect_section: str) -> subprocess.CompletedProcess[str]:
    """Run the step in `folder`, in a process of its own."""
    _params(folder, collect_section)
    command = [sys.executable, "-m", "tasks.collect"]
    environment = {"PYTHONPATH": str(PARAMS.parent), "PATH": "", "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_every_source_is_a_dataclass_named_by_its_key() -> None:
    """What `params.yaml` calls a source is the default of the knob `source` of the class registered under that name."""
    assert set(SOURCES) >= {"portraits", "folder", "archive", "parquet", "idx"}
    for name, source in SOURCES.items():
        defaults = {field.name: field.default for field in dataclasses.fields(source)}
        assert defaults["source"] == name


def test_collect_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    """Two collections with the same parameters are equal, file by file."""
    for name in ("one", "two"):
        collect(Portraits(number=20, size=16), tmp_path / name)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")
    assert read_summary(tmp_path / "one").pictures == 20


def test_collect_that_fails_leaves_the_last_result(tmp_path: Path) -> None:
    """A second collection from a folder that has gone away raises, and what was collected before is still there."""
    source = put(tmp_path / "in" / "a.png", png()).parent
    collect(Folder(str(source)), tmp_path / "raw")
    put(source / "a.png", b"no picture any more")
    with pytest.raises(Exception, match="not-a-picture: 1"):
        collect(Folder(str(source)), tmp_path / "raw")
    assert [picture.data for picture in read_shards(tmp_path / "raw")] == [png()]


def test_the_command_reads_params_and_shows_progress(tmp_path: Path) -> None:
    """`python -m tasks.collect` needs no argument, says how far it is, and where the pictures lie."""
    put(tmp_path / "in" / "a.png", png())
    done = _command(tmp_path, "source: folder\n  path: in")
    assert (done.returncode, done.stdout) == (0, "1 raw pictures in build/raw, 0 of them refused.\n"), done.stderr
    assert "1 of 1 pictures" in done.stderr
    assert [picture.name for picture in read_shards(tmp_path / "build" / "raw")] == ["a.png"]


def test_the_command_answers_a_mistake_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is not there: one line, exit code 2, no traceback."""
    _params(tmp_path, "source: folder\n  path: nowhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tasks.collect"])
    with pytest.raises(SystemExit, match="2"):
        run(main)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: nowhere: expected a folder of pictures, found nothing there.")
    assert not (tmp_path / "build" / "raw").exists()


def test_the_record_holds_the_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What MLflow is to hold can be built from the files alone: counts, refusals by reason, the knobs, what was written."""
    put(tmp_path / "in" / "a.png", png())
    put(tmp_path / "in" / "b.png", b"text")
    _params(tmp_path, "source: folder\n  path: in")
    monkeypatch.chdir(tmp_path)
    params = load()
    collect(params.collect, Path("build/raw"))
    told = record(params)
    assert (told.step, told.metrics) == ("collect", {"pictures": 2, "refused": 1, "refused.not-a-picture": 1})
    assert told.params["path"] == "in"
    assert all(path.exists() for path in [*told.files, *told.writes])


def test_numbers_in_a_table_are_those_that_people_write(tmp_path: Path) -> None:
    """An underscore makes a name, not Python's 10.0, and so do more digits than a float keeps; leading zeros are a number's."""
    rows = b"name,a,b,c,d\n1.png,1_0,9007199254740993,007,-1.5e3\n"
    (labels,) = read_labels(put(tmp_path / "t.csv", rows)).values()
    assert labels == {"a": "1_0", "b": "9007199254740993", "c": 7.0, "d": -1500.0}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_end_of_a_line_in_a_name_is_kept(tmp_path: Path, end: str) -> None:
    """As it is, whatever ends the lines of the table."""
    rows = end.join(["name;hair", '"a\rb.png";red', '"c\r\nd.png";long', ""])
    labels = read_labels(put(tmp_path / "t.csv", rows.encode()))
    assert labels == {"a\rb.png": {"hair": "red"}, "c\r\nd.png": {"hair": "long"}}
