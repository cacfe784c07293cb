"""The report: one page with everything in it and nothing outside of it, and the same bytes every time."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import pixels
from numpy.typing import NDArray
from PIL import Image
from published import DIAGNOSIS, EVALUATION, HOSTILE, SCORES, publish_tiny, without_optional

from ganlib.errors import AtelierError
from ganlib.pictures.store import Store
from ganlib.sampling.words import error, number
from tasks import places
from tasks import report as step
from tasks.page.champion import with_decision
from tasks.page.chart import chart, thinned, ticks
from tasks.page.curves import curves
from tasks.page.inputs import Places
from tasks.page.pictures import show
from tasks.report import report, rows

DECISION: dict[str, Any] = {
    "model": "",
    "promoted": False,
    "reasons": ["The gain is within the error.", HOSTILE],
    "candidate": "generator 4",
    "champion": "generator 3",
    "score": {"name": "fd_lite0", "new": 123.457, "old": 120.0, "gain": -3.4568, "error": 3.5},
}
ADDRESSES = ("src", "href", "srcset", "data", "action", "poster", "background", "xlink:href")


class Page(HTMLParser):
    """Everything of a page that a test asks for. tags: each with its attributes. ids, text: of all of it, and by section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.sections: dict[str, list[str]] = {}
        self.pictures: dict[str, list[dict[str, str]]] = {}
        self._section = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.tags.append((tag, found))
        if tag in ("section", "header", "footer"):
            self._section = found.get("id", tag)
        if tag == "img":
            self.pictures.setdefault(self._section, []).append(found)

    def handle_data(self, data: str) -> None:
        self.sections.setdefault(self._section, []).append(data)

    def text(self, section: str) -> str:
        return " ".join(" ".join(self.sections[section]).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def decoded(picture: dict[str, str]) -> NDArray[np.uint8]:
    head, data = picture["src"].split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True))))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return publish_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def html(tiny: Places, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(tiny, tmp_path_factory.mktemp("report") / "out").read_text()


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


class TestSelfContained:
    def test_nothing_is_fetched(self, html: str, page: Page) -> None:
        """Every address is a picture's own bytes or a place on the page; no script, no frame, nothing imported by a style."""
        found = [attributes[name] for _, attributes in page.tags for name in ADDRESSES if name in attributes]
        assert len(found) > 80
        assert not [address for address in found if not address.startswith(("data:", "#"))]
        assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "embed", "audio", "video", "form", "base"}
        assert not [link for link in page.all("link") if link["href"] != "data:,"]
        assert not re.findall(r"url\(|@import", html)

    def test_a_browser_is_told_to_fetch_nothing(self, page: Page) -> None:
        """Should a mistake slip in, the page's own policy stops it."""
        policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
        assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]

    def test_the_same_inputs_give_the_same_bytes(self, tiny: Places, tmp_path: Path) -> None:
        """Page and publishable folder, twice: every file is equal."""
        for name in "ab":
            report(tiny, tmp_path / name)
        names = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
        assert {str(name) for name in names} >= {"report.html", "model/README.md", "model/generator.safetensors"}
        for name in names:
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


class TestWhatItShows:
    def test_the_verdict_comes_first_with_its_remedies(self, page: Page) -> None:
        """The verdict is the title; each finding says its sentence, its numbers and what to change; the plot is there."""
        assert DIAGNOSIS["verdict"] in page.text("header")
        assert "1 finding " in page.text("header")
        assert [one["class"] for one in page.all("article")] == ["finding harmful", "finding"]
        for text in (
            "Mode collapse",
            "Its pictures are alike.",
            "raise train.method.penalties.r1 to 1",
            "diversity 0.4321",
            "It still gets better.",
        ):
            assert text in page.text("diagnosis")
        assert len(page.pictures["diagnosis"]) == 1

    def test_scores_have_errors_and_floors_and_say_what_is_better(self, page: Page) -> None:
        """A missing floor is a dash; the words for what a score means stand below its name."""
        text = page.text("scores")
        assert re.search(r"fd_lite0 ↓ lower is better Fréchet distance of features 123\.5 2\.5 61\.7 2 × 1,500", text)
        assert re.search(r"precision ↑ higher is better share of .* 0\.5 1e-05 0\.98 51\.0% 1,500", text)
        assert re.search(r"path_length ↓ lower is better .* 12\.25 0\.5 – – 1,500", text)
        assert f"1,500 generated pictures against 1,500 real ones ({HOSTILE}), seen by lite0, 5 nearest neighbours." in text
        assert len(page.pictures["scores"]) == 1

    def test_suspects_stand_beside_the_pictures_they_are_like(self, tiny: Places, page: Page) -> None:
        """Twelve, each with three: the very rows that the evaluation names; those below the threshold are called copies."""
        drawn, train = np.load(tiny.samples / "pictures.npy"), Store.open(tiny.dataset).train
        shown = page.pictures["copies"]
        assert len(shown) == 48
        for place, entry in enumerate(EVALUATION["nearest"]):
            expected = [drawn[entry["generated"]], *train[entry["train"]]]
            for picture, array in zip(shown[4 * place : 4 * place + 4], expected, strict=True):
                assert np.array_equal(decoded(picture), array)
        text = page.text("copies")
        assert "1.25 % (± 0.40 %) above that of held-out pictures" in text
        assert "is to be expected with a probability of 0.0371." in text
        assert text.count("taken for a copy") - text.count("is taken for a copy") == 6  # ratios 0.65 to 0.70

    def test_best_and_worst_are_the_evaluations(self, tiny: Places, page: Page) -> None:
        """Sixteen each, in their order."""
        drawn = np.load(tiny.samples / "pictures.npy")
        shown = [decoded(picture) for picture in page.pictures["extremes"]]
        assert np.array_equal(shown, drawn[EVALUATION["best"] + EVALUATION["worst"]])

    def test_classes_have_a_table(self, page: Page) -> None:
        """Number, distance, error and floor of each."""
        assert f"{HOSTILE} 210.5 8.1 90.25 70 40" in page.text("classes")
        assert "By the label hair" in page.text("classes")

    def test_curves_say_themselves_in_words(self, page: Page) -> None:
        """Losses, scores, gradients where they are in the history; what was never finite has no curve."""
        charts = [svg["aria-label"] for svg in page.all("svg") if svg.get("role") == "img"]
        assert [label.split(" against")[0] for label in charts][:3] == [
            "Losses",
            "The discriminator's mean scores",
            "Norms of the gradients",
        ]
        assert "gradient_norm_d from 2.5 to 2.5, between 2.5 and 2.5" in charts[2]
        assert "gradient_norm_g" not in charts[2]
        assert charts[-1].endswith(
            "by a quick look against thousands of pictures shown: quick_fd from 90.5 to 88.5, between 88.5 and 90.5"
        )

    def test_it_says_how_it_was_made(self, tiny: Places, page: Page) -> None:
        """Pictures, digest, licence, attribution, parameters."""
        store, text = Store.open(tiny.dataset), page.text("made")
        for expected in (
            "40 pictures of 16 × 16",
            "faces & more",
            store.digest,
            "CC BY 4.0",
            "“Faces” by Ada",
            "near-duplicate 2",
        ):
            assert expected in text
        assert tiny.params.read_text() in text


class TestForEverybody:
    def test_every_picture_has_words(self, page: Page) -> None:
        """An alternative text each, and no two pictures of a gallery the same one."""
        assert all(picture["alt"].strip() for picture in page.all("img"))
        extremes = [picture["alt"] for picture in page.pictures["extremes"][:16]]
        assert len(set(extremes)) == 16

    def test_headings_go_down_by_one_and_tables_have_heads(self, page: Page) -> None:
        """One title; no level left out; every cell of a head says what it is the head of."""
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.all("table")
        assert all(head.get("scope") in ("row", "col") for head in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))

    def test_links_lead_somewhere(self, page: Page) -> None:
        """Every place that the page links to is on it, once."""
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(ids)
        labelled = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
        assert labelled <= set(ids)


class TestStrangersAndGaps:
    def test_names_that_look_like_html_are_text(self, html: str, page: Page) -> None:
        """In the verdict, classes, parameters, fingerprint, history and attributions."""
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 5
        assert not [attributes for _, attributes in page.tags for name in attributes if name.startswith("on")]

    def test_what_is_missing_is_said(self, tiny: Places, tmp_path: Path) -> None:
        """No evaluation.json, no diagnosis, no history, scores without error and floor: the page says so where it would be."""
        bare = without_optional(tiny)
        model = tmp_path / "model"
        model.mkdir()
        for name in ("model.json", "generator.safetensors"):
            (model / name).write_bytes((tiny.model / name).read_bytes())
        scores = tmp_path / "scores.json"
        scores.write_text(json.dumps({"fid": {"value": 3.5}, "fingerprint": {}}))
        page = Page(report(replace(bare, model=model, scores=scores), tmp_path / "out").read_text())
        for section, words in {
            "header": "Not diagnosed",
            "diagnosis": "metrics/diagnosis.json was not there",
            "copies": "evaluation.json was not there",
            "extremes": "evaluation.json was not there",
            "classes": "evaluation.json was not there",
            "learning": "history.jsonl of the model is missing",
            "scores": "fid ↓ lower is better Fréchet distance of Inception's features 3.5 – –",
        }.items():
            assert words in page.text(section), section

    def test_an_evaluation_that_finds_nothing_says_so(self, tiny: Places, tmp_path: Path) -> None:
        """No label, no suspects, a healthy model."""
        evaluation, diagnosis = tmp_path / "evaluation.json", tmp_path / "diagnosis.json"
        evaluation.write_text(
            json.dumps({"copied": {"threshold": 0.7, "suspects": 0}, "label": None, "classes": [], "nearest": []})
        )
        diagnosis.write_text(json.dumps({"verdict": "All is well.", "findings": [], "healthy": True}))
        page = Page(report(replace(tiny, evaluation=evaluation, diagnosis=diagnosis), tmp_path / "out").read_text())
        assert "All is well. Healthy" in page.text("header")
        assert "Nothing was found that would have to be changed." in page.text("diagnosis")
        assert "The data set has no label to tell classes by." in page.text("classes")
        assert "names no picture that could be a copy" in page.text("copies")

    def test_the_report_says_which_step_is_missing(self, tiny: Places, tmp_path: Path) -> None:
        """Before anything was scored, and where the scores are damaged: the file, and what makes it."""
        with pytest.raises(AtelierError, match=r"evaluate\.json: expected the result of an earlier step"):
            report(replace(tiny, scores=tmp_path / "evaluate.json"), tmp_path / "out")
        (tmp_path / "evaluate.json").write_text('{"fd')
        with pytest.raises(AtelierError, match=r"evaluate\.json: expected JSON, found it damaged"):
            report(replace(tiny, scores=tmp_path / "evaluate.json"), tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_an_evaluation_of_other_pictures_is_refused(self, tiny: Places, tmp_path: Path) -> None:
        """Rows that are not there: no page with the wrong faces on it."""
        (tmp_path / "evaluation.json").write_text(json.dumps({**EVALUATION, "best": [30]}))
        with pytest.raises(AtelierError, match=r"rows of the 30 generated pictures, found 30"):
            report(replace(tiny, evaluation=tmp_path / "evaluation.json"), tmp_path / "out")


class TestTheDecision:
    def test_the_page_holds_it_and_the_step_does_not(self, html: str) -> None:
        """The step says where it will be; filled in, the page says who is champion and why, as text."""
        before, after = Page(html), Page(with_decision(html, DECISION))
        assert "Not decided here" in before.text("champion")
        assert "Not decided here" not in after.text("champion")
        assert "Not promoted" in after.text("header")
        text = after.text("champion")
        for words in (
            "generator 3 stays the champion",
            "The gain is within the error.",
            "fd_lite0 123.5 120 -3.457 3.5",
            HOSTILE,
        ):
            assert words in text
        assert before.text("scores") == after.text("scores")

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"promoted": True}, "generator 4 is the champion now; before, it was generator 3"),
            ({"promoted": True, "champion": None, "score": None}, "generator 4 is the champion now."),
            ({"champion": None, "score": None, "reasons": []}, "generator 4 was the candidate; there is no champion."),
        ],
    )
    def test_every_outcome_has_its_sentence(self, html: str, changed: dict[str, Any], words: str) -> None:
        """Won, won without anybody to beat, lost without a champion."""
        assert words in Page(with_decision(html, {**DECISION, **changed})).text("champion")

    def test_a_page_without_a_gap_is_refused(self) -> None:
        """As one of an older report."""
        with pytest.raises(AtelierError, match="expected a gap for the decision"):
            with_decision("<p>report</p>", DECISION)

    def test_only_a_decision_about_these_scores_counts(self, html: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """None yet, one about another model, a broken one: the report itself; else a second page beside an unchanged first."""
        monkeypatch.chdir(tmp_path)
        for path, text in ((places.SCORES, json.dumps(SCORES)), (places.REPORT, html)):
            path.parent.mkdir(parents=True)
            path.write_text(text)
        assert step.complete() == places.REPORT
        places.RUNS.mkdir()
        others = ({**DECISION, "score": {**DECISION["score"], "new": 99.0}}, {**DECISION, "model": "f00d", "score": None})
        for text in ("{", *map(json.dumps, others)):
            places.DECISION.write_text(text)
            assert step.complete() == places.REPORT
        places.DECISION.write_text(json.dumps(DECISION))
        assert step.complete() == places.MORNING
        assert "generator 3" in places.MORNING.read_text()
        assert places.REPORT.read_text() == html
        assert f"report          {places.MORNING}" in step.summary()


class TestParts:
    def test_distances_and_copies_are_better_when_lower(self) -> None:
        """And shares when higher."""
        found = {row["name"]: row["better"] for row in rows(SCORES)}
        assert found == {"fd_lite0": "lower", "precision": "higher", "copied": "lower", "path_length": "lower"}

    def test_numbers_are_as_long_as_they_are_worth_reading(self) -> None:
        """Four digits of a value, two of an error, no power of ten where a whole number will do."""
        assert [number(value) for value in (0.00123456, 123.456, 61080.9, 1.2346e9, None)] == [
            *("0.001235", "123.5", "61,081", "1.235e+09", "")
        ]
        assert [error(value) for value in (0.00123456, 145.6, 12345.6, None)] == ["0.0012", "150", "12,000", ""]

    def test_ticks_are_round_numbers_within(self) -> None:
        """Steps of 1, 2 or 5 times a power of ten."""
        assert ticks(0, 80) == [0, 20, 40, 60, 80]
        assert ticks(-0.03, 0.11) == [-0.0, 0.05, 0.1]
        assert ticks(1.0, 1.4) == [1.0, 1.1, 1.2, 1.3, 1.4]

    def test_a_chart_keeps_its_lines_inside(self) -> None:
        """Largest above smallest, all within the drawing; one point alone is seen, too; a wide range has an axis of powers."""
        drawn = chart("t", {"a": [(0, 5.0), (10, 1.0)], "b": [(5, 3.0)]})
        (x0, y0), (x1, y1) = [tuple(map(float, point.split())) for point in drawn.lines[0].path[1:].split("L")]
        assert 0 < x0 < x1 <= 460
        assert 0 < y0 < y1 < 240
        assert drawn.lines[1].path.count("L") == 1
        assert not drawn.logarithmic
        steep = chart("t", {"a": [(0, 1e-3), (1, 1e3)]})
        assert steep.logarithmic
        assert [tick.text for tick in steep.up] == ["0.01", "1", "100"]

    def test_many_points_become_means(self) -> None:
        """A thousand: 250 groups of four, no value lost from the mean."""
        points = [(float(x), float(x % 7)) for x in range(1000)]
        few = thinned(points)
        assert len(few) == 250
        assert np.mean([y for _, y in few]) == pytest.approx(np.mean([y for _, y in points]))

    def test_curves_of_a_history_with_gaps(self) -> None:
        """Numbers that came later, or were not finite for a while, begin and go on where they are."""
        found = curves([{"kimg": 1, "loss_d": "nan"}, {"kimg": 2, "loss_d": 0.5, "odd": 1}, {"kimg": 3, "loss_d": 0.25}])
        assert [one.title for one in found] == ["Losses", "odd"]
        assert found[0].lines[0].summary == "loss_d from 0.5 to 0.25, between 0.25 and 0.5"
        assert curves([]) == []

    def test_large_pictures_are_shown_smaller(self) -> None:
        """256 pixels become 128, each the mean of four; small ones stay as they are, grey ones grey."""
        picture = pixels(0, 256)
        shown = decoded({"src": show(picture[None], [0], "training")[0].source})
        means = picture.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
        assert np.abs(shown - means).max() <= 0.5
        grey = pixels(0, 16, channels=1)
        assert np.array_equal(decoded({"src": show(grey[None], [0], "training")[0].source}), grey[..., 0])
