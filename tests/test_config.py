"""What params.yaml promises: every mistake is told with its line, and nothing unknown is let in."""

from pathlib import Path

import pytest

from ganlib.config import load
from ganlib.errors import AtelierError

GOOD = Path(__file__).parent.parent / "params.yaml"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """The project's params.yaml with one thing changed."""
    text = GOOD.read_text()
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def line_of(path: Path, beginning: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if line.strip().startswith(beginning))


def test_the_projects_own_parameters_are_good() -> None:
    """params.yaml as shipped loads, with at least 6,000 portraits of 64 px, as promised."""
    params = load(GOOD)
    assert params.collect.source == "portraits"
    assert params.collect.number >= 6000
    assert params.collect.size >= 64


@pytest.mark.parametrize(
    ("old", "new", "knob", "sentence"),
    [
        ("  batch: 16", "  batch: -3", "batch", "train.batch must be > 0 (got -3)"),
        ("  batch: 16", "  batches: 64", "batches", "train.batches is not a known key"),
        ("  size: 32", "  size: 50", "size: 50", "curate.size must be a multiple of 4 from 16 to 256 (got 50)"),
        ("  batch: 16", "  batch: many", "batch", "train.batch must be a valid integer"),
        (
            "    objective: nonsaturating",
            "    objective: nonsaturated",
            "objective",
            "train.method.objective must be one of nonsaturating",
        ),
        ("      r1: 0.2", "      gradiant: 0.1", "gradiant", "train.method.penalties.gradiant must be one of gradient"),
        ("  flip: false", "  flip: false\n  decay_shape: steep", "decay_shape", "train.decay_shape must be 'linear' or 'cosine'"),
        ("      name: dcgan", "      name: dcgam", "network", "train.method.network must be one of dcgan"),
        ("  source: portraits", "  source: portrait", "collect", "collect must be one of portraits, "),
        ("  heldout: 0.15", "  heldout: 1.5", "heldout", "curate.heldout must be <= 1.0 (got 1.5)"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_name(tmp_path: Path, old: str, new: str, knob: str, sentence: str) -> None:
    """A wrong value, an unknown key or name: file, line, column, dotted name, what it must be, what was found."""
    path = edited(tmp_path, old, new)
    with pytest.raises(AtelierError) as caught:
        load(path)
    (message,) = str(caught.value).splitlines()
    place, told = message.split(" ", 1)
    assert told.startswith(sentence)
    assert place.startswith(f"{path}:{line_of(path, knob)}:")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Two mistakes make two lines, so that one run of the command shows both."""
    path = edited(tmp_path, "  batch: 16", "  batch: 0\n  colour: red")
    with pytest.raises(AtelierError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.threat("a key given twice in params.yaml", found="an error with its line")
def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    """YAML readers let the later one win in silence; here it is an error with its line."""
    path = edited(tmp_path, "  batch: 16", "  batch: 16\n  batch: 32")
    with pytest.raises(AtelierError, match=rf"params.yaml:{line_of(path, 'batch: 32')}:\d+ .*batch.*second time"):
        load(path)


def test_small_numbers_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    """1e-4 is a number, not a word (PyYAML disagrees)."""
    path = edited(tmp_path, "lr_generator: 0.0005", "lr_generator: 1e-4")
    assert load(path).train.method.lr_generator == pytest.approx(1e-4)


@pytest.mark.parametrize("text", ["", "- a list", "just words", "collect: [", "\tcollect: 1"])
def test_what_is_no_parameter_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    """Empty, a list, prose, broken YAML: an AtelierError that names the file, and no other exception."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(AtelierError, match=r"params\.yaml"):
        load(path)


def test_brackets_in_remarks_and_texts_are_no_levels(tmp_path: Path) -> None:
    """However many; others are, whatever a remark before them closes."""
    path, own = tmp_path / "params.yaml", GOOD.read_text()
    path.write_text(
        "# in [0, 1)\n" * 200 + f"# {'[' * 200} don't\n" + own.replace("extractor: lite0", "extractor: 'lite0' # [", 1)
    )
    assert load(path) == load(GOOD)
    path.write_text(f"# {']' * 200} it's\n{own}more: {'[' * 200}")
    with pytest.raises(AtelierError, match="more levels than anybody can read"):
        load(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('a: #\n\n ?{#,b?!\n\n["!{}*:', "remarks where it cannot tell what they belong to"),
        ("a: 2020-99-99", "a value that is none"),
        ("a: !!float x", "a value that is none"),
        ("a: !!bool x", "a value that is none"),
        (f"a: {'1' * 5000}", "more digits than a number may have"),
    ],
)
def test_what_the_parser_gives_up_at_is_told(tmp_path: Path, text: str, found: str) -> None:
    """In a sentence with the file's name, whatever it raises."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(AtelierError, match=rf"params\.yaml: expected parameters, found {found}"):
        load(path)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    """Started in another folder, the command says so."""
    with pytest.raises(AtelierError, match="Run from the project's folder"):
        load(tmp_path / "params.yaml")
