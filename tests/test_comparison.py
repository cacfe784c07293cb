"""The comparison: what a preset may say, what the table makes of trials, what a person is shown, and the chain under DVC."""

import csv
import io
import json
import math
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, Workspace, copy_project
from recording import files, picture, project, runs
from ruamel.yaml import YAML
from test_dvc import DRIFT, undeclared
from test_evaluate import pictures, store
from test_record import here

import tasks.trial
from ganlib.comparison.config import load_preset
from ganlib.comparison.costs import parameters
from ganlib.comparison.formats import to_csv, to_json, to_text
from ganlib.comparison.plots import box_plot
from ganlib.comparison.sheet import contact_sheet
from ganlib.comparison.table import Table, tabulate
from ganlib.comparison.trial import Trial, read_row, read_trial, write_row, write_trial
from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import Fingerprint, Score
from ganlib.metrics.plots import save as save_plot
from ganlib.pictures.store import INFO, MANIFEST, PICTURES, Store
from ganlib.training.guard import Diverged
from ganlib.training.history import seconds
from ganlib.training.keeper import Keeper
from tasks import compare as step
from tasks.presets import parent_of, results, trial_folder
from tasks.record import Record, publish

__all__ = ["here", "project"]

PRESETS = sorted(path.parent.name for path in (PROJECT / "compare").glob("*/params.yaml"))
MADE = Fingerprint("lite0", "d", 64, "bilinear", "uint8", "mean", 100, 100, "r", "heldout", 0, 5)

#: Two methods, two seeds, on 16 pixels: seconds.
TINY = """
seeds: [0, 1]
columns: 4
codes: 0
train: {kimg: 0.1, batch: 10, log_kimg: 0.02, sample_kimg: 0.1, checkpoint_kimg: 0.03, device: cpu, precision: float32,
  threads: 1}
evaluate: {extractor: pixels, number: 30, size: 4}
methods:
  first: &game
    name: gan
    network: {name: dcgan, latent: 4, width: 2}
    penalties: {r1: 0.2}
  second:
    <<: *game
    objective: hinge
"""


def a_trial(method: str, seed: int, distance: float, share: float = 0.5, **more: object) -> Trial:
    """A trial by hand, whose floors are 10 for the distance and 0.9 for shares."""
    scores = {"fd_lite0": Score("fd_lite0", distance, 1.0, 10.0, 100, MADE)}
    scores |= {name: Score(name, share, 0.1, 0.9, 100, MADE) for name in ("precision", "recall", "density", "coverage")}
    given = {"seconds": 20.0, "parameters_generator": 1000, "parameters": 3000, "scores": scores}
    return Trial(method, seed, 2.0, **{**given, **more})  # type: ignore[arg-type]


def hand_made() -> Table:
    """Three methods: one of two good trials, one of a good and a failed one, one that failed."""
    return tabulate(
        [
            a_trial("slow", 0, 400.0, 0.2),
            a_trial("slow", 1, 500.0, 0.4, seconds=40.0),
            a_trial("lucky", 0, 300.0),
            Trial("lucky", 1, 2.0, failed="not finite"),
            Trial("broken", 0, 2.0, parameters=7, failed="not finite"),
            Trial("broken", 1, 2.0, failed="it has not run to its end"),
        ]
    )


def a_preset(folder: Path, text: str = TINY) -> Path:
    """A preset's folder with this text in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(text)
    return folder


# What a preset may say


@pytest.mark.parametrize("name", PRESETS)
def test_the_projects_own_presets_are_good(name: str) -> None:
    """Each loads, tries several methods with several seeds, and its evaluation is the one that the project itself uses."""
    preset = load_preset(PROJECT / "compare" / name)
    assert len(preset.trials) == len(preset.methods) * len(preset.seeds) >= 16
    assert preset.evaluate.extractor == "lite0"
    assert preset.at_once() >= 1


def test_the_preset_lucic_has_the_papers_eight_models_on_its_networks() -> None:
    """Infogan's pair, batches of 64, 28 pixels, grey; codes are uniform but for the VAE's; nothing is averaged."""
    preset = load_preset(PROJECT / "compare" / "lucic")
    names = ["minimax", "nonsaturating", "leastsquares", "wasserstein", "wasserstein_gp", "dragan", "began", "vae"]
    assert list(preset.methods) == names
    assert {method.network.name for method in preset.methods.values()} == {"infogan"}
    assert {method.codes for name, method in preset.methods.items() if name != "vae"} == {"uniform"}
    assert {method.ema_kimg for method in preset.methods.values()} == {0}
    assert preset.curate is not None
    assert (preset.train.batch, preset.curate.size, preset.curate.mode) == (64, 28, "L")


@pytest.mark.parametrize(
    ("old", "new", "place", "sentence"),
    [
        ("objective: hinge", "objective: hinged", "15:5", "methods.second.objective must be one of hinge, "),
        ("latent: 4, width: 2", "latent: 4, width: 0", "11:39", "methods.first.network.width must be > 0 (got 0)"),
        ("columns: 4", "columns: 4\nkimg: 3", "4:1", "kimg is not a known key"),
        ("kimg: 0.1, batch", "kimg: 0.1, seed: 1, batch", "5:20", "train.seed is not a known key"),
        ("  second:", "  Second-1:", "13:3", "methods.Second-1 must be of small letters, digits and underscores"),
        ("seeds: [0, 1]", "seeds: [0, -1]", "2:12", "seeds.1 must be >= 0 (got -1)"),
        ("{name: dcgan, latent: 4, width: 2}", "{name: r3gan, width: 3}", "11:5", "methods.first.network must have width"),
        ("seeds: [0, 1]", "seeds: []", "1:1", "must name methods and seeds"),
        ("seeds: [0, 1]", "seeds: [1, 1]", "1:1", "must name each of the seeds once"),
        ("    objective: hinge", "    ema_kimg: 2", "1:1", "must not have the same knobs for two methods, first and second"),
        ("batch: 10,", "batch: 10, flip: true,", "1:1", "methods.alone must not have `flip: true` with the method glo"),
        ("columns: 4", "columns: 4\ncurate: {size: 28}", "1:1", "must have both of collect and curate"),
    ],
)
def test_a_mistake_in_a_preset_is_told_with_its_place(tmp_path: Path, old: str, new: str, place: str, sentence: str) -> None:
    """File, line and column, name, what it must be: as in the project's own parameters, also for what is merged in."""
    text = TINY + ("  alone: {name: glo, network: {name: dcgan, width: 2}}\n" if "glo" in sentence else "")
    assert text.count(old) == 1
    folder = a_preset(tmp_path / "mine", text.replace(old, new))
    with pytest.raises(AtelierError) as caught:
        load_preset(folder)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{folder}/params.yaml:{place} {sentence}"), first


def test_what_is_merged_in_counts_and_is_blamed_where_it_is_written(tmp_path: Path) -> None:
    """`<<: *game` gives the second method the first one's knobs; a mistake in them is told once a method, at one place."""
    assert load_preset(a_preset(tmp_path / "good")).methods["second"].penalties == {"r1": 0.2}
    with pytest.raises(AtelierError) as caught:
        load_preset(a_preset(tmp_path / "bad", TINY.replace("{r1: 0.2}", "{r1: -1}")))
    lines = str(caught.value).splitlines()
    assert [line.split(" ")[0].split("params.yaml")[1] for line in lines] == [":12:17", ":12:17"]
    assert [line.split(" ")[1] for line in lines] == ["methods.first.penalties.r1", "methods.second.penalties.r1"]


def test_an_unknown_preset_method_or_seed_lists_those_there_are(tmp_path: Path) -> None:
    """The nearest name comes first."""
    preset = load_preset(a_preset(tmp_path / "quick"))
    with pytest.raises(AtelierError, match="quack: expected a preset here, found none; it must be one of quick"):
        load_preset(tmp_path / "quack")
    with pytest.raises(AtelierError, match="fist: the preset has no such method; it must be one of first, second"):
        preset.training("fist", 0)
    with pytest.raises(AtelierError, match="7: the preset has no such seed; it must be one of 0, 1"):
        preset.training("first", 7)


# What a trial costs


def test_seconds_are_counted_over_resumptions() -> None:
    """Each line's pictures at its own rate; the published history has no rates, and none are needed of it."""
    lines = [{"images": 100, "time/images_per_second": 50.0}, {"images": 400, "time/images_per_second": 100.0}]
    assert seconds(lines) == pytest.approx(100 / 50 + 300 / 100)
    assert seconds([]) == 0


def test_parameters_are_those_that_are_learnt(tmp_path: Path) -> None:
    """Of the generator that draws, and of all networks, codes included; averages and optimisers do not count."""
    data = Store.open(store(tmp_path / "data", pictures(12, 1, size=16), pictures(4, 2, size=16)))
    preset = load_preset(a_preset(tmp_path / "x", TINY + "  alone: {name: glo, network: {name: dcgan, latent: 4, width: 2}}\n"))
    widths = [4, 2]  # of the maps of 4 and 8 pixels
    generator = 4 * widths[0] * 16 + 2 * widths[0] + widths[0] * widths[1] * 16 + 2 * widths[1] + widths[1] * 3 * 16 + 3
    judge = 3 * widths[1] * 16 + widths[1] + widths[1] * widths[0] * 16 + widths[0] + (widths[0] + 1) * 16 + 1
    assert parameters(preset.training("first", 0), data) == (generator, generator + judge)
    assert parameters(preset.training("alone", 0), data) == (generator, generator + 12 * 4)


# What the table makes of trials


def test_mean_deviation_and_best_are_over_the_seeds() -> None:
    """Of 400 and 500: 450, the sample's deviation 50 √2, and the lower one; of shares the higher one is best."""
    row = next(row for row in hand_made().rows if row.method == "slow")
    distance, precision = row.scores["fd_lite0"], row.scores["precision"]
    assert (distance.mean, distance.best, precision.best) == (450, 400, 0.4)
    assert distance.deviation == pytest.approx(50 * math.sqrt(2))
    assert (row.values, row.seconds, row.pictures_per_second) == ([400, 500], 30, (100 + 50) / 2)


def test_the_best_method_comes_first_and_a_failed_one_last() -> None:
    """Sorted by mean distance; a failed trial costs its method a point, a failed method its place, and nobody else anything."""
    table = hand_made()
    assert [row.method for row in table.rows] == ["lucky", "slow", "broken"]
    lucky, _, broken = table.rows
    assert (lucky.scores["fd_lite0"].deviation, lucky.failed) == (None, {1: "not finite"})
    assert (broken.scores, broken.seconds, broken.parameters) == ({}, None, 7)
    assert table.floors == {"fd_lite0": 10.0, "precision": 0.9, "recall": 0.9, "coverage": 0.9}


def test_trials_that_were_scored_otherwise_are_not_compared() -> None:
    """The error names the trial and what differs."""
    other = {"fd_lite0": Score("fd_lite0", 1.0, 1.0, 1.0, 100, replace(MADE, reference_digest="other", seed=1))}
    with pytest.raises(AtelierError, match=r"b, seed 3: .* as those of a, seed 0, .* differ in reference_digest, seed;"):
        tabulate([a_trial("a", 0, 1.0), a_trial("b", 3, 1.0, scores=other)])


def test_csv_and_json_say_the_same() -> None:
    """A line a method and one for real pictures; what is not known is empty, never NaN; the reasons are there."""
    table = hand_made()
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [line["method"] for line in lines] == ["lucky", "slow", "broken", "real pictures"]
    numbers = json.loads(json.dumps(to_json(table), allow_nan=False))
    for line in lines[:3]:
        method = numbers["methods"][line["method"]]
        assert line["parameters"] == str(method["parameters"])
        assert line["fd_lite0_mean"] == (str(method["fd_lite0"]["mean"]) if "fd_lite0" in method else "")
    assert lines[1]["fd_lite0_deviation"] == "70.7107"
    assert (lines[2]["trials"], lines[2]["seconds"]) == ("0", "")
    assert lines[2]["failed"] == "seed 0: not finite; seed 1: it has not run to its end"
    assert (lines[3]["fd_lite0_mean"], lines[3]["coverage_mean"]) == ("10.0", "0.9")
    assert numbers["fingerprint"]["extractor"] == "lite0"


def test_the_text_has_a_line_a_method_the_floor_and_the_reasons() -> None:
    """For a terminal: columns that stand under one another, and every failed trial in words."""
    lines = to_text(hand_made()).splitlines()
    assert [line.split()[0] for line in lines] == ["method", "lucky", "slow", "broken", "real", "lucky,", "broken,", "broken,"]
    assert "450 ± 71" in lines[2]
    assert lines[5] == "lucky, seed 1, failed: not finite"
    assert {
        line.index(word) + len(word) for line, word in zip(lines[:4], ("parameters", "3,000", "3,000", "7"), strict=True)
    } == {len(lines[0])}


def test_a_comparison_of_nothing_but_failures_is_still_a_table() -> None:
    """No floor, no fingerprint, and all three forms can be written."""
    table = tabulate([Trial("broken", 0, 2.0, failed="not finite")])
    assert to_json(table)["fingerprint"] is None
    assert "not finite" in to_text(table)
    assert next(csv.DictReader(io.StringIO(to_csv(table))))["failed"] == "seed 0: not finite"
    assert box_plot(table, ["broken"]).axes[0].lines


# What a person is shown


def test_the_box_plot_shows_every_trial_and_the_floor() -> None:
    """A place a method in the preset's order, a point a trial, a dashed line for real pictures, a word where it failed."""
    (axes,) = box_plot(hand_made(), ["slow", "broken", "lucky"]).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["slow", "broken", "lucky"]
    points = {
        float(line.get_xdata()[0]): list(line.get_ydata())
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    }
    assert points == {1.0: [400, 500], 3.0: [300]}
    floors = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert floors == [10.0]
    assert [text.get_text() for text in axes.texts] == ["failed"]
    assert axes.get_yscale() == "linear"


def test_distances_that_lie_far_apart_are_on_a_logarithmic_axis() -> None:
    """So that a collapsed method does not press the others into one line."""
    table = tabulate([a_trial("good", 0, 50.0), a_trial("collapsed", 0, 5000.0)])
    assert box_plot(table, ["good", "collapsed"]).axes[0].get_yscale() == "log"


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    """Of the plot, whose PNG bears no date."""
    for name in ("one.png", "two.png"):
        save_plot(box_plot(hand_made(), ["slow", "broken", "lucky"]), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_contact_sheet_has_a_row_a_label_with_its_own_pictures() -> None:
    """Labels at the left, dark on white; to their right the pictures, enlarged without smoothing; a gap for None."""
    rows = {"first\nfd 3": pictures(3, 1), "failed": None, "real": pictures(3, 2)}
    sheet = contact_sheet(rows)
    scale, gap = 6, 2  # 8 pixels become 48
    cell = 8 * scale + gap
    labels = sheet.shape[1] - (3 * cell + gap)
    assert sheet.shape[0] == 3 * cell + gap
    for place, row in enumerate(rows.values()):
        for column in range(3):
            top, left = gap + place * cell, labels + gap + column * cell
            shown = sheet[top : top + 8 * scale, left : left + 8 * scale]
            expected = np.full((8, 8, 3), 255, np.uint8) if row is None else row[column]
            np.testing.assert_array_equal(shown, expected.repeat(scale, axis=0).repeat(scale, axis=1))
        label = sheet[gap + place * cell : (place + 1) * cell, :labels]
        assert label.min() < 64  # there is something to read
        assert (label[0] == 255).all()


def test_a_row_comes_back_as_it_was_drawn(tmp_path: Path) -> None:
    """Colour to the pixel, grey as three equal channels; read by the sheet from the one file that a trial leaves."""
    for channels in (3, 1):
        row = pictures(5, 3, channels=channels)
        write_row(row, tmp_path)
        np.testing.assert_array_equal(read_row(tmp_path), np.broadcast_to(row, (5, 8, 8, 3)))


def test_a_trial_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Good or failed; a damaged one is a sentence, a missing one is missing."""
    for trial in (a_trial("a", 0, 123.4), Trial("a", 1, 2.0, seconds=3.0, failed="not finite")):
        folder = tmp_path / str(trial.seed)
        folder.mkdir()
        write_trial(trial, folder)
        assert read_trial(folder) == trial
    (tmp_path / "0" / "evaluate.json").write_text("{")
    with pytest.raises(AtelierError, match="expected a whole trial, found it damaged"):
        read_trial(tmp_path / "0")
    with pytest.raises(FileNotFoundError):
        read_trial(tmp_path / "2")


# The steps as plain functions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the tiny preset in a project with 40 pictures to learn from and 30 held out; nothing is told to anybody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tasks.trial, "Live", _Silence)
    store(Path("artifacts/dataset"), pictures(40, 1, size=16), pictures(30, 2, size=16))
    return a_preset(Path("compare/quick"))


class _Silence:
    """Stands in for the live record."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_trials_are_compared_in_files(folder: Path) -> None:
    """A trial leaves model, scores, row and card; the comparison table, box plot and sheet; the same bytes when made again."""
    preset = load_preset(folder)
    for method in preset.methods:
        assert tasks.trial.trial(folder, preset, method, 0) is None
        place = trial_folder(folder, method, 0)
        assert {path.name for path in place.iterdir()} == {"evaluate.json", "model", "row.png", "trial.json"}
        assert read_row(place).shape == (4, 16, 16, 3)
        done = read_trial(place)
        assert (done.method, done.seed, done.kimg) == (method, 0, 0.1)
        assert done.seconds > 0
        assert next(iter(done.scores)) == "fd_pixels"
    table = step.compare(folder, preset)
    assert {row.method: row.failed for row in table.rows} == {
        method: {1: "it has not run to its end"} for method in preset.methods
    }
    before = {path.name: path.read_bytes() for path in results(folder).iterdir()}
    assert set(before) == {"table.csv", "table.json", "distances.png", "samples.png"}
    step.compare(folder, preset)
    assert {path.name: path.read_bytes() for path in results(folder).iterdir()} == before
    assert all(method in step.summary(folder) for method in preset.methods)


def test_a_trial_that_diverges_has_that_for_its_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed with the reason, has no row on the sheet, and the rest is compared."""
    preset = load_preset(folder)
    tasks.trial.trial(folder, preset, "first", 0)

    def diverge(*_: object) -> None:
        raise Diverged("Expected finite numbers, found none.")

    with monkeypatch.context() as patch:
        patch.setattr(tasks.trial, "_train", diverge)
        assert tasks.trial.trial(folder, preset, "second", 0) == "Expected finite numbers, found none."
    assert {path.name for path in trial_folder(folder, "second", 0).iterdir()} == {"trial.json"}
    table = step.compare(folder, preset)
    assert table.rows[1].failed[0] == "Expected finite numbers, found none."
    record = tasks.trial.record(folder, preset, "second", 0)
    assert (record.failed, record.title, record.history) == (True, "second-0", None)


def test_a_trial_that_cannot_be_done_leaves_nothing(folder: Path) -> None:
    """What is no result, such as a network that cannot do the size, is an error, and no folder is left behind."""
    shutil.rmtree("artifacts/dataset")
    store(Path("artifacts/dataset"), pictures(40, 1, size=20), pictures(30, 2, size=20))
    with pytest.raises(AtelierError, match=r"network dcgan: expected pictures of 16, .* found 20; nothing was started"):
        tasks.trial.trial(folder, load_preset(folder), "first", 0)
    assert list((folder / "trials").iterdir()) == []


def test_a_trial_that_is_stopped_goes_on_to_the_same_bits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends it with 143 and leaves nothing but its checkpoint; the same call again ends where the other trial did."""
    preset = load_preset(folder)
    tasks.trial.trial(folder, preset, "first", 0)
    place = trial_folder(folder, "first", 0)
    whole = {name: (place / name).read_bytes() for name in ("model/generator.safetensors", "evaluate.json", "row.png")}
    shutil.rmtree(place)
    shutil.rmtree(".runs")

    def stop_after(keeper: Keeper, images: int, best: bool = False) -> None:
        save(keeper, images, best)
        if images and not stopped:
            stopped.append(images)
            os.kill(os.getpid(), signal.SIGTERM)

    save, stopped = Keeper.save, list[int]()
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "save", stop_after)
        with pytest.raises(SystemExit, match="143"):
            tasks.trial.trial(folder, preset, "first", 0)
    assert list((folder / "trials").iterdir()) == []
    tasks.trial.trial(folder, preset, "first", 0)
    assert {name: (place / name).read_bytes() for name in whole} == whole
    assert read_trial(place).seconds > 0


def test_nothing_to_compare_is_a_sentence(folder: Path) -> None:
    """Which says how to make the trials."""
    with pytest.raises(
        AtelierError, match=r"compare/quick: expected trials, found none. Run `dvc --cd compare repro quick/dvc.yaml`"
    ):
        step.compare(folder, load_preset(folder))


# The record


def test_all_trials_go_under_one_parent_whoever_starts_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a flow: the first record makes the parent, the next ones find it, the table is the parent's, too, and ends it.

    Another budget is another comparison.
    """
    folder = a_preset(Path("compare/quick"))
    first = parent_of(folder)
    assert first is not None
    monkeypatch.setenv("ATELIER_PARENT_RUN", first)
    for seed in (0, 1):
        publish(Record("trial", {"seed": seed}, {"fd": 1.0}, title=f"hinge-{seed}"))
    publish(Record("trial", {"seed": 2}, {}, title="hinge-2", failed=True))
    publish(Record("compare", {}, {}, [picture(Path("results/samples.png"))], shared=True))
    tasks.presets.end_parent()
    (parent,) = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs() if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert (parent.info.run_name, parent.info.status) == ("compare-quick", "FINISHED")
    found = {run.info.run_name: run.info.status for run in children}
    assert found == {"hinge-0": "FINISHED", "hinge-1": "FINISHED", "hinge-2": "FAILED", "compare": "FINISHED"}
    assert files(parent, "results") == ["results/samples.png"]

    assert parent_of(folder) == first
    a_preset(folder, TINY.replace("kimg: 0.1, b", "kimg: 0.2, b"))
    assert parent_of(folder) != first


# Under DVC


@pytest.mark.parametrize("name", PRESETS)
def test_the_code_that_decides_a_trial_is_a_dependency(name: str) -> None:
    """As for the steps of the pipeline: changing what a trial, or the comparison, imports redoes it."""
    reading = {
        f"ganlib.pictures.{module}"
        for module in ("arrays", "decode", "depth", "formats", "guard", "png", "raw", "sources", "split", "tables")
    }
    # how a store is written, how trials came about, what they could have been asked for
    training = {"ganlib.conditions", "ganlib.pictures", "ganlib.ranks", "ganlib.training"}
    no_matter = {"dataset": DRIFT, "trial": reading, "compare": training}
    stages = YAML(typ="safe").load(PROJECT / "compare" / name / "dvc.yaml")["stages"]
    for stage, definition in stages.items():
        names = [dependency.replace("../", "") for dependency in definition["deps"]]
        assert undeclared(f"tasks.{stage}", names, no_matter[stage]) == []


def test_presets_differ_in_names_and_data_alone() -> None:
    """Their dvc.yaml have the same stages, but for the data set that one has of its own; all knobs are parameters of a stage."""
    graphs = {name: YAML(typ="safe").load(PROJECT / "compare" / name / "dvc.yaml")["stages"] for name in PRESETS}
    texts = []
    for name, stages in graphs.items():
        preset = load_preset(PROJECT / "compare" / name)
        assert ("dataset" in stages) == (preset.collect is not None)
        own = "dataset" if preset.collect else "../../artifacts/dataset"
        for stage in ("trial", "compare"):  # what is read of the data set alone: a new page of verdicts is no new data set
            read = {Path(one).name for one in stages[stage]["deps"] if one.startswith(f"{own}/")}
            assert read == {INFO, MANIFEST, PICTURES}
        texts.append(json.dumps([stages["trial"], stages["compare"]]).replace(f"compare/{name}", "").replace(f'"{own}/', '"'))
        known = {field for stage in stages.values() for field in stage.get("params", ())}
        assert known | {"seeds"} == set(YAML(typ="safe").load(PROJECT / "compare" / name / "params.yaml")) - {"methods"} | {
            "methods.${item.method}",
            "seeds",
        }
    assert len(set(texts)) == 1


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A copy of the project whose one preset is the tiny one; its data set lies there."""
    workspace = copy_project(tmp_path / "atelier")
    copy_comparison(workspace)
    store(workspace.folder / "artifacts" / "dataset", pictures(40, 1, size=16), pictures(30, 2, size=16))
    return workspace


def copy_comparison(workspace: Workspace) -> None:
    """Put the preset `quick` into a copy of the project, with tiny knobs, and commit."""
    target = workspace.folder / "compare"
    target.mkdir()
    for name in (".dvcignore", ".dvc/config", ".dvc/.gitignore", "quick/dvc.yaml"):
        (target / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / "compare" / name, target / name)
    (target / "ganlib").symlink_to("../ganlib")
    a_preset(target / "quick", TINY)
    (workspace.folder / ".venv").symlink_to(sys.prefix)
    (workspace.folder / ".git/info/exclude").write_text("/.venv\n")
    workspace.commit()


def ran(output: str) -> list[str]:
    """The stages that DVC ran, by what it said; their order is its own."""
    return sorted(line.split("'")[1].split(":")[1] for line in output.splitlines() if line.startswith("Running stage"))


@pytest.mark.drill
@pytest.mark.slow
def test_dvc_alone_compares(workspace: Workspace) -> None:
    """Two methods with two seeds, then nothing to do. The pipeline sees nothing of it, and git only what records the result."""
    repro = ("--cd", "compare", "repro", "quick/dvc.yaml")
    output = workspace.dvc(*repro)
    assert ran(output) == ["compare", "trial@first-0", "trial@first-1", "trial@second-0", "trial@second-1"]
    rows = list(csv.DictReader(io.StringIO(workspace.read("compare/quick/results/table.csv"))))
    assert {row["method"]: row["trials"] for row in rows} == {"first": "2", "second": "2", "real pictures": ""}
    changed = {line[3:] for line in workspace.run("git", "status", "--porcelain").splitlines()}
    assert changed == {"compare/quick/dvc.lock", "compare/quick/results/"}
    assert "compare" not in workspace.dvc("status")
    assert ran(workspace.dvc(*repro)) == []
