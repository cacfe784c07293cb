"""Classes: a classifier that learns them, and the scores that need it."""

import numpy as np
import pytest
from test_metrics_evaluate import shapes

from ganlib.errors import AtelierError
from ganlib.metrics import classifier
from ganlib.metrics.classes import Judged, class_distance, class_scores, places_of
from ganlib.metrics.classifier import classifier_for, read_classifier
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.details import details
from ganlib.metrics.evaluate import examine
from ganlib.metrics.inputs import Real

CLASSES = ("blue", "green", "red")


def colours(pictures):
    """What `shapes` drew: the colour of the disc."""
    darkest = [picture.reshape(-1, 3).astype(int) for picture in pictures]
    return [("red", "green", "blue")[pixels[(pixels.max(1) - pixels.min(1)).argmax()].argmax()] for pixels in darkest]


def heights(pictures):
    """The mean row of what is coloured."""
    coloured = (pictures.max(axis=3).astype(int) - pictures.min(axis=3)) > 60
    rows = np.arange(pictures.shape[1])[None, :, None]
    return ((coloured * rows).sum(axis=(1, 2)) / coloured.sum(axis=(1, 2)).clip(min=1)).tolist()


@pytest.fixture
def brief(monkeypatch):
    """Some hundred lessons are enough for discs."""
    monkeypatch.setattr(classifier, "SHOWN", 6400)


@pytest.fixture
def learnt(brief, tmp_path):
    pictures = shapes(300, 1)
    return classifier_for(pictures, {"colour": colours(pictures)}, tmp_path)


class TestClassifier:
    def test_it_learns_what_it_is_shown(self, learnt):
        """Discs that it has never seen: 19 of 20 told rightly."""
        fresh = shapes(200, 2)
        [attribute] = learnt.conditions.attributes
        taken = [attribute.values[int(place)] for place in learnt.predict(fresh)["colour"]]
        assert attribute.values == CLASSES
        assert np.mean([one == other for one, other in zip(taken, colours(fresh), strict=True)]) > 0.95

    def test_the_same_pictures_give_the_same_bits_whatever_came_before(self, brief, tmp_path):
        """Random numbers of its own: two trainings, two files, one digest."""
        pictures = shapes(120, 1)
        digests = set()
        for folder in ("a", "b"):
            np.random.default_rng().normal()
            digests.add(classifier_for(pictures, {"colour": colours(pictures)}, tmp_path / folder).digest)
        assert len(digests) == 1

    def test_few_pictures_make_few_lessons(self, tmp_path, capsys):
        """Of 32 pictures each is shown 200 times, on average, 64 in a lesson."""
        pictures = shapes(32, 1)
        classifier_for(pictures, {"colour": colours(pictures)}, tmp_path)
        assert "100 of 100 lessons" in capsys.readouterr().err

    def test_whatever_decides_its_weights_is_part_of_its_name(self, learnt, tmp_path, monkeypatch):
        """Another optimiser trains another one."""
        monkeypatch.setattr(classifier.adam, "__file__", classifier.resize.__file__)
        pictures = shapes(300, 1)
        classifier_for(pictures, {"colour": colours(pictures)}, tmp_path)
        assert len([*tmp_path.glob("classifier-*.safetensors")]) == 2

    def test_it_is_trained_once(self, learnt, tmp_path, monkeypatch):
        """The second time it is read; with other labels it is another one."""
        monkeypatch.setattr(classifier, "_train", lambda *_: pytest.fail("trained again"))
        pictures = shapes(300, 1)
        assert classifier_for(pictures, {"colour": colours(pictures)}, tmp_path).digest == learnt.digest
        with pytest.raises(pytest.fail.Exception, match="trained again"):
            classifier_for(pictures, {"colour": colours(pictures)[::-1]}, tmp_path)

    def test_a_damaged_file_is_named(self, learnt, tmp_path):
        """With what to do about it."""
        (path,) = tmp_path.glob("classifier-*.safetensors")
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(AtelierError, match=r"expected a classifier .* Remove the file"):
            read_classifier(path)

    def test_a_label_with_one_value_is_refused(self, tmp_path):
        """There is nothing to tell apart."""
        with pytest.raises(AtelierError, match=r"evaluate.label letter: expected a label with 2 to 200 values"):
            classifier_for(shapes(30, 1), {"letter": ["a"] * 30}, tmp_path)

    def test_numbers_are_told_too(self, brief, tmp_path):
        """The height at which a disc lies, told of discs that it has never seen, correlates with where they lie."""
        pictures, fresh = shapes(600, 1), shapes(200, 2)
        told = classifier_for(pictures, {"height": heights(pictures)}, tmp_path).predict(fresh)["height"]
        assert np.corrcoef(told, heights(fresh))[0, 1] > 0.9


class TestScores:
    def test_a_class_that_is_never_drawn_is_missed(self):
        """Two of three classes, as often as they are real."""
        judged = Judged(CLASSES, np.array([0, 1] * 50), None, np.array([30, 30, 30]))
        (coverage,) = class_scores(judged)
        assert (coverage.name, coverage.value) == ("class_coverage", pytest.approx(2 / 3))

    def test_a_fifth_as_often_is_there_and_less_is_not(self):
        """Of a class that is a third of the real ones, 7 of 100 are enough and 6 are not."""
        real = np.array([30, 30, 30])
        for drawn, expected in ((7, 1.0), (6, 2 / 3)):
            taken = np.array([2] * drawn + [0, 1] * 50)[:100]
            assert class_scores(Judged(CLASSES, taken, None, real))[0].value == pytest.approx(expected)

    def test_agreement_is_the_share_taken_for_what_was_asked(self):
        """Those of whom nothing was asked do not count."""
        asked = places_of(["blue", "green", "red", None, "violet", "red"], CLASSES)
        judged = Judged(CLASSES, np.array([0, 1, 0, 2, 2, 2]), asked, np.array([30, 30, 30]))
        agreement = class_scores(judged)[1]
        assert (agreement.name, agreement.value, agreement.n) == ("label_agreement", 0.75, 4)

    def test_where_no_real_picture_is_of_a_class_that_was_learnt_nothing_is_told(self):
        """Held-out pictures may have none but labels that training ones lack."""
        assert class_scores(Judged(CLASSES, np.array([0, 1] * 50), None, np.array([0, 0, 0]))) == ()

    def test_an_empty_class_has_no_distance_but_is_listed(self):
        """With how many there were."""
        real = np.random.default_rng(0).normal(size=(60, 4))
        found = class_distance("red", real[:0], real, real, 0)
        assert (found.real, found.generated, found.fd) == (60, 0, None)


def test_the_evaluation_of_labelled_pictures_tells_each_class(brief, tmp_path):
    """Generated discs without red ones, one as it was in training: coverage 2/3, distances of the others, the copy named."""
    train, heldout, drawn = shapes(300, 1), shapes(200, 2), shapes(300, 3)
    drawn = drawn[[colour != "red" for colour in colours(drawn)]][:200]
    drawn[5] = train[11]
    real = Real(heldout, train, "heldout", train, False, colours(heldout), colours(train), colours(train))
    evaluation = examine(drawn, real, EvaluateConfig("pixels", size=4, label="colour"), tmp_path)
    scores = {score.name: score for score in evaluation.scores}
    assert scores["class_coverage"].value == pytest.approx(2 / 3)
    assert scores["class_coverage"].floor == 1
    assert scores["class_coverage"].fingerprint.label == "colour"
    found = details(evaluation)
    classes = {entry["class"]: entry for entry in found["classes"]}
    assert list(classes) == list(CLASSES)
    assert classes["red"]["fd"] is None
    assert classes["red"]["generated"] < 20 <= classes["red"]["real"]
    assert classes["blue"]["fd"] - classes["blue"]["floor"] < 4 * classes["blue"]["standard_error"] + classes["blue"]["floor"]
    assert (found["nearest"][0]["generated"], found["nearest"][0]["train"][0], found["nearest"][0]["ratio"]) == (5, 11, 0)
    assert len(found["best"]) == len(found["worst"]) == 16
    assert not set(found["best"]) & set(found["worst"])


def test_the_features_of_the_classifier_can_be_scored_by(brief, tmp_path):
    """The distance then bears its name, and the fingerprint the digest of its weights."""
    train, heldout = shapes(300, 1), shapes(200, 2)
    real = Real(heldout, train, "heldout", train, False, colours(heldout), colours(train), colours(train))
    score = examine(shapes(200, 3), real, EvaluateConfig("classifier", label="colour"), tmp_path).scores[0]
    assert score.name == "fd_classifier"
    assert score.fingerprint.weights == score.fingerprint.classifier != ""
