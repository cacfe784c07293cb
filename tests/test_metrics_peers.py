"""The scores against torchmetrics on the same features, and against their definitions written out in plain numpy."""

import numpy as np
import pytest
import torch
from torch import nn

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.features import extract
from ganlib.metrics.frechet import frechet_distance
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.neighbours import neighbour_scores
from ganlib.pictures.decode import decode
from ganlib.pictures.sources.portraits import Portraits

PEER = 1e-5  # of relative differences, as claimed


def gaussians(count, dimension, seed, shift=0.0):
    scale = np.arange(1, dimension + 1) ** -0.5
    return (np.random.default_rng(seed).normal(size=(count, dimension)) * scale + shift).astype(np.float32)


def portraits():
    """Features of drawn portraits at eight pixels: of the first hundred, and of ninety others."""
    pictures = np.stack([decode(raw.data) for raw in Portraits(number=190, size=16).pictures()])
    features = extract(pictures, load_extractor(EvaluateConfig("pixels", size=8)), quiet=True)
    return features[:100], features[100:]


SETS = {
    "more samples than features": lambda: (gaussians(200, 16, 1), gaussians(150, 16, 2, shift=0.2)),
    "fewer samples than features": lambda: (gaussians(40, 64, 1), gaussians(50, 64, 2, shift=0.2)),
    "portraits": portraits,
}


@pytest.fixture(scope="module", params=SETS.values(), ids=SETS)
def sets(request):
    return request.param()


class Whole(nn.Module):
    """Features that torchmetrics takes for pictures, as they are."""

    def __init__(self, count):
        super().__init__()
        self.num_features = count

    def forward(self, x):
        return x.reshape(len(x), -1)


def by_torchmetrics(metric, sets):
    """What a metric of torchmetrics computes of both sets in float64, the first one in two batches."""
    for part, real in ((sets[0][:30], True), (sets[0][30:], True), (sets[1], False)):
        metric.update(torch.from_numpy(part).double(), real=real)
    return metric.compute()


class TestTorchmetrics:
    """Skipped where it is not installed (`pip install '.[bench]'`)."""

    def test_the_frechet_distance_is_theirs(self, sets):
        """Theirs by the eigenvalues of the product, which where samples are few are half rounding: to 1e-5 all the same."""
        image = pytest.importorskip("torchmetrics.image.fid")
        metric = image.FrechetInceptionDistance(feature=Whole(sets[0].shape[1]))
        assert frechet_distance(*sets) == pytest.approx(float(by_torchmetrics(metric, sets)), rel=PEER)

    def test_the_kernel_distance_is_theirs(self, sets):
        """Theirs of one subset that is the whole: all pairs."""
        image = pytest.importorskip("torchmetrics.image.kid")
        least = min(map(len, sets))
        first, second = sets[0][:least], sets[1][:least]
        metric = image.KernelInceptionDistance(feature=Whole(first.shape[1]), subsets=1, subset_size=least)
        theirs = float(by_torchmetrics(metric, (first, second))[0])
        scale = np.mean((first.astype(float) @ second.T / first.shape[1] + 1) ** 3)  # what the value is a difference of
        assert kernel_distance(first, second).value == pytest.approx(theirs, rel=PEER, abs=1e-12 * scale)


class TestPlainNumpy:
    def test_neighbours_are_theirs(self, sets):
        """All distances at once, sorted; both ways round, for two numbers of neighbours."""
        for k in (3, 5):
            for fake, real in (sets, sets[::-1]):
                found = {score.name: score.value for score in neighbour_scores(fake, real, k)}
                assert found == pytest.approx(plain_neighbours(fake.astype(float), real.astype(float), k), rel=1e-12)

    def test_the_frechet_distance_is_the_papers(self, sets):
        """Two roots by eigenvectors: tr of (S1^½ S2 S1^½)^½."""
        x, y = (z.astype(float) for z in sets)
        values, vectors = np.linalg.eigh(np.cov(x.T))
        root = vectors * np.sqrt(values.clip(0)) @ vectors.T
        cross = np.sqrt(np.linalg.eigvalsh(root @ np.cov(y.T) @ root).clip(0)).sum()
        shift = x.mean(axis=0) - y.mean(axis=0)
        expected = shift @ shift + x.var(axis=0, ddof=1).sum() + y.var(axis=0, ddof=1).sum() - 2 * cross
        assert frechet_distance(*sets) == pytest.approx(expected, rel=PEER)

    def test_the_kernel_distance_is_the_papers(self, sets):
        """Sums of whole kernel matrices, without the diagonals of the two within a set."""
        x, y = (z.astype(float) for z in sets)

        def within(z):
            kernels = (z @ z.T / z.shape[1] + 1) ** 3
            return (kernels.sum() - np.trace(kernels)) / (len(z) * (len(z) - 1))

        across = ((x @ y.T / x.shape[1] + 1) ** 3).mean()
        scale = within(x) + within(y)
        assert kernel_distance(x, y).value == pytest.approx(scale - 2 * across, rel=1e-9, abs=1e-13 * scale)


def plain_neighbours(fake, real, k):
    """The four scores by the definitions of Kynkäänniemi et al. 2019 and Naeem et al. 2020."""

    def distances(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))

    def radii(a):
        return np.sort(distances(a, a) + np.diag(np.full(len(a), -1.0)), axis=1)[:, k]

    apart = distances(fake, real)
    in_real, in_fake = apart <= radii(real), apart <= radii(fake)[:, None]
    shares = {"precision": in_real.any(axis=1), "recall": in_fake.any(axis=0), "coverage": in_real.any(axis=0)}
    return {**{name: share.mean() for name, share in shares.items()}, "density": in_real.sum() / (k * len(fake))}


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_blocks_and_order_change_nothing(sets, threads):
    """One thread or three, blocks of any size, samples in any order: the same but for the rounding of sums."""

    def scores(first, second, block):
        neighbours = {score.name: score.value for score in neighbour_scores(first, second, 3, block)}
        return {"fd": frechet_distance(first, second), "kid": kernel_distance(first, second, block).value, **neighbours}

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = scores(*sets, 512)
        torch.set_num_threads(threads)
        assert scores(*sets, 512) == pytest.approx(expected, rel=1e-9)
        assert scores(*sets, 7) == pytest.approx(expected, rel=1e-9)
        shuffled = [np.random.default_rng(5).permutation(z) for z in sets]
        assert scores(*shuffled, 512) == pytest.approx(expected, rel=1e-9)
    finally:
        torch.set_num_threads(before)
