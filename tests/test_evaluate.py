"""The step evaluate as a plain function, and as a command on any two sets of pictures."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.methods.gan import Gan
from ganlib.metrics.config import EvaluateConfig
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import write_store
from ganlib.sampling.model import write_model
from tasks import evaluate as step
from tasks import places

CONFIG = EvaluateConfig("pixels", size=4, walks=0)


def pictures(count, seed, size=8, channels=3):
    """Smooth coloured pictures."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 2, 2, channels), np.uint8)
    return small.repeat(size // 2, axis=1).repeat(size // 2, axis=2)


def files(folder, array, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(array):
        Image.fromarray(picture.squeeze()).save(folder / f"{number:03d}.{suffix}")
    return folder


def store(folder, train, heldout):
    """A data set as the step curate leaves it."""
    folder.mkdir(parents=True)
    everything = np.concatenate([train, heldout])
    names = [f"{number:04d}" for number in range(len(everything))]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * len(train) + ["heldout"] * len(heldout),
        **{key: ["x"] * len(names) for key in ("source", "licence", "attribution")},
    }
    write_store(folder, everything, range(len(everything)), pa.table(columns), {})
    return folder


def samples(folder, array):
    folder.mkdir(parents=True)
    np.save(folder / "pictures.npy", array)
    return folder


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tasks.evaluate", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


class TestStep:
    def test_it_leaves_scores_and_plots_and_says_them(self, tmp_path):
        """Flat JSON by score, with the fingerprint beside; two plots; a table whose last line says what was compared."""
        real = store(tmp_path / "dataset", pictures(90, 1), pictures(60, 2))
        scores = step.evaluate(
            CONFIG,
            real,
            samples(tmp_path / "samples", pictures(70, 3)),
            tmp_path / "scores.json",
            tmp_path / "plots",
            tmp_path / "cache",
        )
        content = json.loads((tmp_path / "scores.json").read_text())
        assert list(content) == [*(score.name for score in scores), "fingerprint"]
        for score in scores:
            assert set(content[score.name]) - {"p_value"} == {"value", "standard_error", "floor", "n"}
            assert content[score.name]["n"] == 60
        assert 0 < content["copied"]["p_value"] <= 1
        assert content["fingerprint"]["split"] == "heldout"
        assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["frechet.png", "neighbours.png"]
        lines = step.table(scores).splitlines()
        assert lines[1].split()[0] == "fd_pixels"
        assert lines[-1] == "60 generated against 60 real ones (heldout), pixels at 4 px."

    def test_the_same_again_leaves_the_same_bytes(self, tmp_path):
        """With a cache of features or without one, in another folder: no time, no path, no machine in the results."""
        real = store(tmp_path / "dataset", pictures(60, 1), pictures(60, 2))
        fake = samples(tmp_path / "samples", pictures(60, 3))
        for folder, cache in (("a", None), ("b", tmp_path / "cache"), ("c", tmp_path / "cache")):
            step.evaluate(CONFIG, real, fake, tmp_path / folder / "scores.json", tmp_path / folder / "plots", cache)
        first, *others = [sorted((tmp_path / folder).rglob("*.*")) for folder in "abc"]
        for other in others:
            assert [path.read_bytes() for path in first] == [path.read_bytes() for path in other]

    def test_the_reference_is_held_out_and_the_floor_is_train(self, tmp_path):
        """Pictures equal to the held-out ones are at no distance; the floor is that of the training pictures."""
        real = store(tmp_path / "dataset", pictures(60, 1), pictures(60, 2))
        scores = step.evaluate(CONFIG, real, samples(tmp_path / "samples", pictures(60, 2)), tmp_path / "scores.json")
        assert abs(scores[0].value) < 1e-6 < scores[0].floor

    def test_a_damaged_data_set_is_refused_not_taken_for_an_array(self, tmp_path):
        """Without its dataset.json it would have no held-out pictures."""
        real = store(tmp_path / "dataset", pictures(60, 1), pictures(60, 2))
        (real / "dataset.json").unlink()
        with pytest.raises(AtelierError, match=r"dataset.json: expected a data set"):
            step.evaluate(CONFIG, real, samples(tmp_path / "samples", pictures(60, 3)), tmp_path / "scores.json")
        assert not (tmp_path / "scores.json").exists()

    def test_run_in_a_project_it_follows_params_and_tells_the_tracker(self, tmp_path, monkeypatch, capsys):
        """With no arguments: the places of the project, features kept, and a record with value, error and floor of each score."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["tasks.evaluate"])
        monkeypatch.setattr("ganlib.config.load", lambda: SimpleNamespace(evaluate=CONFIG))
        published = []
        monkeypatch.setattr(step, "publish", published.append)
        store(places.DATASET, pictures(60, 1), pictures(60, 2))
        samples(places.SAMPLES, pictures(60, 3))
        step.main()
        assert places.SCORES.exists()
        assert len(list(step.places.FEATURES.glob("*.npy"))) == 2
        assert "fd_pixels" in capsys.readouterr().out
        (record,) = published
        assert record.step == "evaluate"
        assert {"fd_pixels", "fd_pixels_standard_error", "fd_pixels_floor", "coverage"} <= set(record.metrics)
        assert [path.name for path in record.files] == ["evaluate.json", "frechet.png", "neighbours.png", "evaluation.json"]

    def test_a_label_that_the_data_set_lacks_is_said_and_costs_only_the_classes(self, tmp_path, capsys):
        """In the pipeline, where it may be left from other pictures; asked for by name, it is an error."""
        real = store(tmp_path / "dataset", pictures(60, 1), pictures(60, 2))
        given = (replace(CONFIG, label="hair"), real, samples(tmp_path / "samples", pictures(60, 3)), tmp_path / "scores.json")
        assert "copied" in {score.name for score in step.evaluate(*given, strict=False)}
        assert "Classes are not scored. evaluate.label hair: expected" in capsys.readouterr().err
        with pytest.raises(AtelierError, match=r"evaluate.label hair: expected real pictures with that label"):
            step.evaluate(*given)

    def test_the_model_is_walked_where_it_is_named(self, tmp_path):
        """The path length stands among the scores, without a floor, in JSON and in the table."""
        method = Gan(network=Dcgan(latent=4, width=4))
        (tmp_path / "model").mkdir()
        write_model(tmp_path / "model", {"generator": method.generator(16, 3)}, method, {"size": 16, "channels": 3, "latent": 4})
        real = store(tmp_path / "dataset", pictures(60, 1, 16), pictures(60, 2, 16))
        fake = samples(tmp_path / "samples", pictures(60, 3, 16))
        scores = step.evaluate(replace(CONFIG, walks=20), real, fake, tmp_path / "scores.json", model=tmp_path / "model")
        content = json.loads((tmp_path / "scores.json").read_text())["path_length"]
        assert (content["floor"], content["n"]) == (None, 20)
        assert content["value"] > 0
        assert "path_length" in step.table(scores)


class TestAnyTwo:
    def test_a_folder_and_an_array(self, tmp_path):
        """Picture files in sub-folders against an .npy; what is no picture is left out; half of the real ones are the floor."""
        real = files(tmp_path / "real" / "one", pictures(50, 1)).parent
        files(real / "two", pictures(30, 2))
        (real / "readme.txt").write_text("not a picture")
        np.save(tmp_path / "fake.npy", pictures(50, 3))
        scores = step.evaluate(CONFIG, real, tmp_path / "fake.npy", tmp_path / "scores.json")
        assert scores[0].n == 40
        assert scores[0].fingerprint.split == "half of real"

    def test_copies_are_found_in_a_set_with_nothing_held_out(self, tmp_path):
        """Real pictures are compared with the others, wherever they lie among them; thirty of 150 are copies."""
        rng = np.random.default_rng(0)
        real = rng.integers(0, 256, (300, 4, 4, 3), np.uint8).repeat(4, axis=1).repeat(4, axis=2)
        fake = rng.integers(0, 256, (150, 4, 4, 3), np.uint8).repeat(4, axis=1).repeat(4, axis=2)
        fake[:30] = real[100:130]
        np.save(tmp_path / "real.npy", real)
        np.save(tmp_path / "fake.npy", fake)
        scores = step.evaluate(CONFIG, tmp_path / "real.npy", tmp_path / "fake.npy", tmp_path / "scores.json")
        copied = next(score for score in scores if score.name == "copied")
        assert copied.value == pytest.approx(0.2, abs=0.02)
        assert copied.p < 1e-6

    def test_a_file_has_the_features_of_its_pixels(self, tmp_path):
        """The same pictures from files and from an array are at no distance from each other's scores."""
        np.save(tmp_path / "real.npy", pictures(60, 1))
        np.save(tmp_path / "fake.npy", pictures(60, 2))
        arrays = step.evaluate(CONFIG, tmp_path / "real.npy", tmp_path / "fake.npy", tmp_path / "a.json")
        folders = step.evaluate(
            CONFIG, files(tmp_path / "real", pictures(60, 1)), files(tmp_path / "fake", pictures(60, 2)), tmp_path / "b.json"
        )
        assert [score.value for score in folders] == [score.value for score in arrays]

    def test_grey_arrays_compare_with_grey_files(self, tmp_path):
        """One channel or three equal ones are the same picture."""
        np.save(tmp_path / "fake.npy", pictures(60, 1, channels=1))
        scores = step.evaluate(
            CONFIG, files(tmp_path / "real", pictures(60, 2, channels=1)), tmp_path / "fake.npy", tmp_path / "a.json"
        )
        assert scores[0].n == 30

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda path: None, r"fake: expected pictures .* found nothing there"),
            (lambda path: path.mkdir(), r"fake: expected pictures in this folder, found no file"),
            (lambda path: [path.mkdir(), (path / "a.png").write_text("text")], r"found 1 files of which none .* can be read"),
            (
                lambda path: [files(path, pictures(30, 1)), files(path, pictures(1, 1, 16), "bmp")],
                r"one size, .* 16 × 16 .* and 8 × 8",
            ),
            (lambda path: files(path, pictures(40, 1, 16)), r"height, width and channels 8 × 8 × 3, found 16 × 16 × 3"),
            (lambda path: files(path, pictures(7, 1)), r"at least 20 are needed, found 7"),
            (lambda path: path.write_bytes(b"\x93NUMPY broken"), r"damaged or no .npy file"),
            (lambda path: _save(path, np.array([{"a": 1}])), r"damaged or no .npy file"),
            (lambda path: zipfile.ZipFile(path, "w").close(), r"damaged or no .npy file"),
            (lambda path: _save(path, np.float64(3)), r"expected pictures \[N, H, W, C\] .* found an array float64 \[\]"),
            (lambda path: _save(path, np.full((30, 8, 8, 3), np.nan)), r"found float64, 5760 of its numbers NaN"),
        ],
        ids=["nothing", "empty", "no picture", "sizes", "other size", "few", "broken", "pickled", "zip", "number", "NaN"],
    )
    def test_bad_input_is_refused_in_a_sentence(self, tmp_path, make, message):
        """And nothing is written."""
        make(tmp_path / "fake")
        np.save(tmp_path / "real.npy", pictures(80, 1))
        with pytest.raises(AtelierError, match=message):
            step.evaluate(CONFIG, tmp_path / "real.npy", tmp_path / "fake", tmp_path / "scores.json")
        assert not (tmp_path / "scores.json").exists()

    def test_the_command_needs_no_project(self, tmp_path, monkeypatch):
        """Any two sets, from any folder, with knobs as options and no params.yaml; a mistake exits with 2 and no traceback."""
        np.save(tmp_path / "real.npy", pictures(60, 1))
        np.save(tmp_path / "fake.npy", pictures(60, 2))
        monkeypatch.setenv("PYTHONPATH", str(Path(step.__file__).parents[1]))
        monkeypatch.chdir(tmp_path)
        given = ["--real", "real.npy", "--fake", "fake.npy", "--out", "scores.json", "--extractor", "pixels", "--size", "4"]
        done = command(*given)
        assert done.returncode == 0, done.stderr
        assert "fd_pixels" in done.stdout
        assert json.loads((tmp_path / "scores.json").read_text())["fingerprint"]["size"] == 4
        (tmp_path / "letters").mkdir()
        (tmp_path / "letters" / "one").write_text("dear")
        for wrong, message in (
            (["--number", "0"], "--number must be greater than 0 (got 0)"),
            (["--extractor", "vgg"], "must be one of"),
            (["--out", "letters"], "letters: expected the name of a JSON file to write, found a folder. Nothing was scored."),
            (["--plots", "letters"], "letters: expected no folder, an empty one, or one written by this step before"),
        ):
            failed = command(*given, *wrong)
            assert failed.returncode == 2
            assert message in failed.stderr
            assert "Traceback" not in failed.stderr


def _save(path, array):
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=True)


@pytest.mark.slow
def test_dvc_shows_the_scores_without_a_warning(tmp_path, monkeypatch):
    """`dvc metrics show` and `diff` read the file; no key in it means something else to DVC."""
    real = store(tmp_path / "dataset", pictures(60, 1), pictures(60, 2))
    step.evaluate(CONFIG, real, samples(tmp_path / "samples", pictures(60, 3)), tmp_path / "scores.json")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("metrics:\n  - scores.json\n")
    for arguments in (["init", "--no-scm", "--quiet"], ["metrics", "show", "--json"]):
        done = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, timeout=120, check=True)
        assert "failed" not in done.stderr
    shown = json.loads(done.stdout)[""]["data"]["scores.json"]["data"]
    assert shown == json.loads((tmp_path / "scores.json").read_text())
