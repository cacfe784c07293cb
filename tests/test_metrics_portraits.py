"""The scores on drawn portraits: nothing between a set and itself, the same both ways, worse with every step of damage."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.features import extract
from ganlib.metrics.frechet import frechet_distance
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.neighbours import neighbour_scores
from ganlib.pictures.decode import decode
from ganlib.pictures.sources.portraits import FEW, Portraits

COUNT = FEW - 6  # so many are drawn without a second process

#: How the features come about; the default extractor takes seconds.
EXTRACTORS = [
    pytest.param(EvaluateConfig("pixels", size=8), id="pixels"),
    pytest.param(EvaluateConfig(), id="lite0", marks=pytest.mark.slow),
]


def drawn(seed):
    """COUNT portraits at 32 pixels and the colour of their hair."""
    raws = list(Portraits(number=COUNT, size=32, seed=seed).pictures())
    return np.stack([decode(raw.data) for raw in raws]), [raw.labels["hair_colour"] for raw in raws]


def blurred(pictures, radius):
    if not radius:
        return pictures
    return np.stack([np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius))) for picture in pictures])


def noisy(pictures, level):
    return (pictures + np.random.default_rng(0).normal(0, level, pictures.shape)).clip(0, 255).astype(np.uint8)


class Gallery:
    """Two sets of portraits, and scores of what is made of the second against the first."""

    def __init__(self, config):
        self.extractor = load_extractor(config)
        (self.real, _), (self.drawn, self.hair) = drawn(1), drawn(2)
        self.reference, self.others = self.features(self.real), self.features(self.drawn)

    def features(self, pictures):
        return extract(np.ascontiguousarray(pictures), self.extractor, quiet=True)

    def dropped(self, classes):
        """Portraits of all hair colours but the first so many, as often as needed to fill the number."""
        gone = sorted(set(self.hair))[:classes]
        kept = [place for place, colour in enumerate(self.hair) if colour not in gone]
        return self.drawn[np.resize(kept, COUNT)]

    def memorised(self, share):
        """Real pictures in the place of a share of those drawn: ten of them, again and again."""
        copies = round(share * COUNT)
        return np.concatenate([np.resize(self.real[:10], (copies, *self.real.shape[1:])), self.drawn[copies:]])


@pytest.fixture(scope="module", params=EXTRACTORS)
def gallery(request):
    return Gallery(request.param)


def scores(fake, real):
    neighbours = {score.name: score.value for score in neighbour_scores(fake, real)}
    return {"fd": frechet_distance(fake, real), "kid": kernel_distance(fake, real).value, **neighbours}


def test_a_set_is_at_no_distance_from_itself(gallery):
    """To what float64 leaves of the variances' sum; every picture lies in a ball, and every ball holds one."""
    found = scores(gallery.reference, gallery.reference)
    assert abs(found["fd"]) < 1e-9 * gallery.reference.var(axis=0).sum()
    assert found["kid"] < 0  # unbiased, and closer than another set of the same kind could be
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)


def test_both_ways_are_the_same(gallery):
    """Distances; and the precision of one against the other is the recall of the other against the one."""
    there, back = scores(gallery.others, gallery.reference), scores(gallery.reference, gallery.others)
    assert there["fd"] == pytest.approx(back["fd"], rel=1e-9)
    assert there["kid"] == pytest.approx(back["kid"], rel=1e-6)
    assert (there["precision"], there["recall"]) == pytest.approx((back["recall"], back["precision"]), rel=1e-12)


def test_another_draw_of_the_same_kind_is_near(gallery):
    """Nearly all lie in each other's manifold, and the kernel distance is zero within four errors."""
    distance = kernel_distance(gallery.others, gallery.reference)
    assert abs(distance.value) < 4 * distance.error
    assert min(value for name, value in scores(gallery.others, gallery.reference).items() if name not in ("fd", "kid")) > 0.8


DAMAGE = {
    "blur": lambda gallery: [blurred(gallery.drawn, radius) for radius in (0, 1, 2, 4)],
    "noise": lambda gallery: [noisy(gallery.drawn, level) for level in (0, 40, 80, 120)],
    "dropped classes": lambda gallery: [gallery.dropped(classes) for classes in (0, 3, 6, 8)],
    "memorised": lambda gallery: [gallery.memorised(share) for share in (0, 0.3, 0.6, 1)],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_every_step_of_damage_makes_the_scores_worse(gallery, damage):
    """The Fréchet distance rises from each level to the next; at the end the kernel distance is larger, and a tenth or more of
    coverage is lost."""
    found = [scores(gallery.features(pictures), gallery.reference) for pictures in damage(gallery)]
    assert all(low["fd"] < high["fd"] for low, high in pairwise(found))
    assert found[-1]["kid"] > found[0]["kid"]
    assert found[-1]["coverage"] < 0.9 * found[0]["coverage"]


def test_memorised_pictures_are_precise_and_few(gallery):
    """Ten pictures of the reference, again and again: each is perfect, and hardly anything is recalled."""
    found = scores(gallery.features(gallery.memorised(1)), gallery.reference)
    assert found["precision"] == 1
    assert found["recall"] < 0.1
