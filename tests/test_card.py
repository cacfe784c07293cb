"""The model's card: read by model hubs, true to the scores, kind to those whose pictures were learnt from; its code works."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from published import DIAGNOSIS, EVALUATION, SCORES, data_set, publish_tiny, without_optional
from ruamel.yaml import YAML

from ganlib.pictures.store import Store
from ganlib.sampling.card import Facts, card, facts_of
from ganlib.sampling.config import SampleConfig
from ganlib.sampling.front_matter import printable, to_yaml
from ganlib.sampling.grid import grid
from ganlib.sampling.licences import hub_licence
from tasks.page.inputs import Places
from tasks.report import report
from tasks.sample import sample

MODEL = {"method": {"name": "gan", "network": {"name": "dcgan"}}, "size": 16, "channels": 3, "latent": 8, "kimg": 0.1}
DATASET = {"digest": "d" * 32, "size": 16, "channels": 3, "train": 40, "heldout": 5, "attributions": []}


#: Smaller ones than these are zero to a process in which a training has run.
FINITE = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return publish_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def folder(tiny: Places, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder to be published."""
    return report(tiny, tmp_path_factory.mktemp("report") / "out").parent / "model"


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "README.md").read_text()


def head(text: str) -> dict[str, Any]:
    """The front matter, as readers of YAML 1.1 and of YAML 1.2 both understand it."""
    _, front, _ = text.split("---\n", 2)
    old, new = yaml.safe_load(front), YAML(typ="safe").load(front)
    assert old == new
    return dict(new)


class TestForHubs:
    def test_the_front_matter_says_what_a_hub_asks_for(self, text: str) -> None:
        """Licence, library, task, tags, data set, metrics."""
        found = head(text)
        assert found["license"] == "cc-by-4.0"
        assert found["library_name"] == "atelier"
        assert found["pipeline_tag"] == "unconditional-image-generation"
        assert {"gan", "dcgan", "safetensors"} < set(found["tags"])
        assert found["datasets"] == ["faces-more"]
        assert found["metrics"] == ["fd_lite0", "precision", "copied", "path_length"]

    def test_results_are_the_numbers_of_the_evaluation(self, text: str, tiny: Places) -> None:
        """Value, error, floor, p-value, to the last digit, 1e-05 among them; with the digest of the data set."""
        (index,) = head(text)["model-index"]
        (result,) = index["results"]
        assert index["name"] == "atelier-gan-dcgan-16"
        assert result["dataset"]["revision"] == Store.open(tiny.dataset).digest
        found = {metric["type"]: {"value": metric["value"], **metric["args"]} for metric in result["metrics"]}
        assert found == {name: score for name, score in SCORES.items() if name != "fingerprint"}

    @given(st.dictionaries(st.text(), st.text() | st.integers() | FINITE | st.none()))
    def test_whatever_is_said_is_read_as_it_was_said(self, content: dict[str, Any]) -> None:
        """Any text, on one line and printable; any number; whichever version of YAML."""
        said = {printable(key): printable(value) if isinstance(value, str) else value for key, value in content.items()}
        form = to_yaml(said)
        assert (yaml.safe_load(form) or {}) == said
        assert (YAML(typ="safe").load(form) or {}) == said

    @pytest.mark.parametrize(
        ("licences", "identifier"),
        [
            (["CC0 1.0"], "cc0-1.0"),
            (["CC0-1.0"], "cc0-1.0"),
            (["CC BY 4.0"], "cc-by-4.0"),
            (["cc-by-4.0", "CC BY 4.0"], "cc-by-4.0"),
            (["https://creativecommons.org/licenses/by-sa/4.0/"], "cc-by-sa-4.0"),
            (["https://creativecommons.org/publicdomain/zero/1.0/"], "cc0-1.0"),
            (["Creative Commons Attribution-NonCommercial 4.0 International"], "cc-by-nc-4.0"),
            (["MIT License"], "mit"),
            (["Apache License, Version 2.0"], "apache-2.0"),
            (["CC BY"], "other"),
            (["CC BY 9.0"], "other"),
            (["all rights reserved"], "other"),
            (["CC0 1.0", "CC BY 4.0"], "other"),
            (["CC0 1.0", ""], "other"),
            ([""], "other"),
            ([], "other"),
        ],
    )
    def test_licences_become_identifiers_of_the_hub(self, licences: list[str], identifier: str) -> None:
        """One that all pictures are under; "other" where they differ, where some have none, and for what no hub knows."""
        assert hub_licence(licences) == identifier

    def test_another_licence_has_its_name(self) -> None:
        """As the hub asks for beside "other"; no licence at all is called unknown."""
        mixed = head(card(Facts(MODEL, DATASET, licences=("CC BY 4.0", "CC0 1.0"))))
        assert (mixed["license"], mixed["license_name"]) == ("other", "cc-by-4.0-and-cc0-1.0")
        assert head(card(Facts(MODEL, DATASET)))["license_name"] == "unknown"

    def test_pictures_without_a_licence_are_not_passed_over(self, tmp_path: Path) -> None:
        """dataset.json names only licences that there are; a card that went by it would give away what nobody gave."""
        store = Store.open(data_set(tmp_path / "dataset", licences=("CC0 1.0", "")))
        assert store.info["licences"] == ["CC0 1.0"]
        written = card(facts_of(MODEL, store))
        assert head(written)["license"] == "other"
        assert "none named for some of them, CC0 1.0" in written


class TestForPeople:
    def test_those_who_are_to_be_named_are_named(self, text: str) -> None:
        """Attribution and licence, whatever is in them, on one line of the list, as text."""
        (line,) = [line for line in text.splitlines() if "“Faces” by Ada" in line]
        assert line.startswith("- ")
        assert r"\| Söhne \<b\>, CC BY 4.0 (https://example.org/a_b) --- \# not a heading" in line
        assert "| licence | CC BY 4.0 |" in text

    def test_scores_stand_with_errors_and_floors(self, text: str) -> None:
        """And with the way in which they were made; what a floor is not given for is left empty."""
        assert "| `fd_lite0` | 123.5 | 2.5 | 61.7 | 1,500 | lower |" in text
        assert "| `path_length` | 12.25 | 0.5 |  | 1,500 | lower |" in text
        assert "1,500 generated pictures against 1,500 real ones" in text

    def test_limits_are_those_that_were_measured(self, text: str) -> None:
        """Copies with their p-value, the diagnosis with its findings, the class that is drawn worst."""
        limits = text.split("## Limits")[1]
        assert "copies of ones that it learnt from is 1.25 % (± 0.40 %) above that of held-out pictures" in limits
        assert "as much or more is to be expected with a probability of 0.0371." in limits
        assert "It draws few kinds of pictures" in limits
        assert "Its pictures are alike." in limits
        assert "Of the classes of its label hair, it draws none worst (Fréchet distance 310.5 ± 9.1)." in limits

    def test_what_was_not_measured_is_not_claimed(self, tiny: Places, tmp_path: Path) -> None:
        """Scored by an older pipeline: no word of a diagnosis or classes; copies have not been looked for."""
        scores = tmp_path / "scores.json"
        scores.write_text(json.dumps({"fd_lite0": SCORES["fd_lite0"], "fingerprint": {}}))
        out = report(replace(without_optional(tiny), scores=scores), tmp_path / "out").parent
        limits = (out / "model" / "README.md").read_text().split("## Limits")[1]
        assert "has not been looked at whether it draws copies" in limits
        assert "diagnosis" not in limits
        assert "classes" not in limits

    def test_training_leaves_a_card_without_scores(self, tiny: Places) -> None:
        """It says where the one with scores will be; no metric, no result is claimed."""
        written = (tiny.model / "README.md").read_text()
        assert "metrics" not in head(written)
        assert "model-index" not in head(written)
        assert "`artifacts/report/model`" in written
        assert "“Faces” by Ada" in written

    def test_strangers_cannot_write_into_it(self, text: str) -> None:
        """Names that look like HTML are text, and no heading is theirs."""
        body = text.split("---\n", 2)[2]
        assert r"\<script\>" in body
        assert "<script" not in body.replace(r"\<", "")
        headings = re.findall(r"^#+ .*", re.sub(r"```.*?```", "", body, flags=re.DOTALL), flags=re.MULTILINE)
        assert headings == [
            "# atelier-gan-dcgan-16",
            "## How to draw",
            "## What it learnt from",
            "## How it was trained",
            "## How good it is",
            "## Limits",
        ]

    def test_the_same_facts_give_the_same_card(self, tiny: Places, text: str) -> None:
        """A pure function: nothing of the clock or the machine is in it."""
        model = json.loads((tiny.model / "model.json").read_text())
        more = {"scores": SCORES, "evaluation": EVALUATION, "diagnosis": DIAGNOSIS, "sheet": "samples.png"}
        assert card(facts_of(model, Store.open(tiny.dataset), **more)) == text


class TestItsCode:
    def test_it_draws_the_pictures_that_the_step_draws(self, folder: Path, tmp_path: Path) -> None:
        """Run as it stands in the published folder, by a fresh process: the very pictures of the step sample."""
        self.run(folder, tmp_path, "")
        sample(folder, SampleConfig(number=16, seed=0, rows=1, columns=1, strips=1, steps=2), tmp_path / "samples")
        expected = grid(np.load(tmp_path / "samples" / "pictures.npy"), columns=4, scale=16)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "published" / "drawn.png")), expected)

    def test_it_needs_no_more_than_it_says(self, folder: Path, tmp_path: Path) -> None:
        """torch, numpy, safetensors and pillow: with nothing else of what is installed here it runs."""
        needed = re.findall(r"`(\w+)`", (folder / "README.md").read_text().split("## How to draw")[1].split("the folder")[0])
        assert needed == ["torch", "numpy", "safetensors", "pillow"]
        without = (
            "pandas",
            "pyarrow",
            "pydantic",
            "ruamel",
            "scipy",
            "matplotlib",
            "jinja2",
            "mlflow",
            "dvc",
            "prefect",
            "filelock",
        )
        self.run(folder, tmp_path, f"import sys; sys.modules.update(dict.fromkeys({without!r}))\n")
        assert (tmp_path / "published" / "drawn.png").exists()

    def run(self, folder: Path, tmp_path: Path, before: str) -> None:
        """Copy the published folder, and run the card's code in it."""
        copy = tmp_path / "published"
        copy.mkdir()
        for name in ("model.json", "generator.safetensors"):
            (copy / name).write_bytes((folder / name).read_bytes())
        (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), flags=re.DOTALL)
        environment = {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "PATH": ""}
        command = [sys.executable, "-c", before + code]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    def test_all_that_the_card_shows_is_beside_it(self, folder: Path, text: str) -> None:
        """Weights, what they belong to, the sheet; no pickle, and every file readable by all."""
        assert {path.name for path in folder.iterdir()} == {
            "README.md",
            "model.json",
            "generator.safetensors",
            "discriminator.safetensors",
            "samples.png",
        }
        assert re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text) == ["samples.png"]
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
