"""The Fréchet distance against closed forms, against independent ways to compute it, and in hard cases."""

import mpmath
import numpy as np
import pytest
import scipy.linalg
import torch

from ganlib.metrics import frechet
from ganlib.metrics.extrapolation import extrapolate
from ganlib.metrics.frechet import _sandwich, distance_by_factors, frechet_distance, frechet_distance_of_moments
from ganlib.metrics.moments import Moments, gram, stream_moments


def gaussian(mean, covariance, count=100):
    return Moments(count, torch.tensor(mean).double(), torch.tensor(covariance).double() * (count - 1))


def samples(count, dimension, seed=0, decay=0.9):
    """Correlated samples whose spectrum falls off, as that of image features does."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(np.random.default_rng(99).normal(size=(dimension, dimension)))[0]
    return rng.normal(size=(count, dimension)) * decay ** np.arange(dimension) @ rotation + 1


@pytest.fixture(params=["eigenvalues", "singular values"])
def way(request, monkeypatch):
    """Both ways of taking the root must keep every promise: a tolerance of 0 forces singular values."""
    if request.param == "singular values":
        monkeypatch.setattr(frechet, "TOLERANCE", 0.0)


@pytest.mark.usefixtures("way")
class TestClosedForms:
    def test_gaussians_with_the_same_axes(self):
        """|m1 - m2|² + the sum of (s1 - s2)² over the axes' deviations."""
        found = frechet_distance_of_moments(gaussian([0, 1, 2], np.diag([1, 4, 9])), gaussian([1, 1, 4], np.diag([4, 4, 1])))
        assert found == pytest.approx((1 + 0 + 4) + (1 + 0 + 4), rel=1e-12)

    def test_gaussians_in_the_plane(self):
        """In two dimensions tr((S1 S2)^½) = sqrt(tr(S1 S2) + 2 sqrt(det(S1 S2))), whatever their axes."""
        a, b = np.array([[2, 0.7], [0.7, 1]]), np.array([[1, -0.4], [-0.4, 3]])
        root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
        found = frechet_distance_of_moments(gaussian([0, 0], a), gaussian([0, 0], b))
        assert found == pytest.approx(np.trace(a) + np.trace(b) - 2 * root, rel=1e-12)

    @pytest.mark.parametrize("count", [10, 200], ids=["N < D", "N > D"])
    def test_a_shift_costs_its_squared_length(self, count):
        """Moved samples differ in the mean alone."""
        x = samples(count, 30)
        step = np.linspace(-1, 1, 30)
        assert frechet_distance(x, x + step) == pytest.approx(step @ step, rel=1e-6)

    @pytest.mark.parametrize("count", [10, 200], ids=["N < D", "N > D"])
    def test_a_stretch_costs_its_share_of_the_deviations(self, count):
        """FD(X, cX) = (c - 1)² (|m|² + tr S), since the roots of S and c² S are S and c S."""
        x = samples(count, 30)
        mean = x.mean(axis=0)
        assert frechet_distance(x, 1.5 * x) == pytest.approx(0.25 * (mean @ mean + x.var(axis=0, ddof=1).sum()), rel=1e-6)

    @pytest.mark.parametrize("count", [10, 200], ids=["N < D", "N > D"])
    def test_a_set_is_at_no_distance_from_itself(self, count):
        """Zero but for the rounding that the tolerance of the roots allows, as a share of tr S."""
        x = samples(count, 30)
        assert abs(frechet_distance(x, x)) <= 1e-6 * 2 * x.var(axis=0, ddof=1).sum()


class TestAgreement:
    def test_with_the_classical_matrix_root(self):
        """Where both covariances are well conditioned, the Schur root of scipy gives the same."""
        x, y = samples(400, 12, 1), 1.3 * samples(300, 12, 2) + 0.1
        a, b = np.cov(x.T), np.cov(y.T)
        shift = x.mean(axis=0) - y.mean(axis=0)
        classical = shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(scipy.linalg.sqrtm(a @ b)).real
        assert frechet_distance(x, y) == pytest.approx(classical, rel=1e-9)

    def test_with_fifty_digits_where_the_covariances_are_nearly_singular(self):
        """Axes that differ by six powers of ten: the covariances' condition is 1e12, and ten digits of the root stay right."""
        x, y = samples(40, 7, 1, decay=0.1), samples(30, 7, 2, decay=0.1)
        with mpmath.workdps(50):
            exact = float(_fifty_digits(x, y))
        scale = x.var(axis=0).sum() + y.var(axis=0).sum()
        assert frechet_distance(x, y) == pytest.approx(exact, abs=1e-10 * scale)
        assert distance_by_factors(x, y) == pytest.approx(exact, abs=1e-10 * scale)

    @pytest.mark.parametrize("counts", [(15, 20), (15, 200), (200, 200)], ids=["N, M < D", "N < D < M", "D < N, M"])
    def test_of_all_ways_with_each_other(self, counts):
        """Samples or moments, fewer or more of them than features: one distance."""
        x, y = samples(counts[0], 40, 1), samples(counts[1], 40, 2)
        found = frechet_distance(x, y)
        scale = x.var(axis=0).sum() + y.var(axis=0).sum()
        assert distance_by_factors(x, y) == pytest.approx(found, abs=1e-6 * scale)
        assert frechet_distance_of_moments(Moments.of(x), Moments.of(y)) == pytest.approx(found, abs=1e-6 * scale)

    def test_symmetry_and_order(self):
        """Neither which set comes first nor the order of the samples matters."""
        x, y = samples(60, 20, 1), samples(50, 20, 2)
        found = frechet_distance(x, y)
        assert frechet_distance(y, x) == pytest.approx(found, rel=1e-9)
        assert frechet_distance(x[::-1], np.random.default_rng(0).permutation(y)) == pytest.approx(found, rel=1e-9)

    def test_a_feature_that_never_changes_counts_by_its_mean(self):
        """ReLU networks have dead features; they are singular directions of both covariances."""
        x, y = samples(100, 20, 1), samples(100, 20, 2)
        dead = np.full((100, 1), 3.0)
        wider = frechet_distance(np.hstack([x, dead]), np.hstack([y, dead + 2]))
        assert wider == pytest.approx(frechet_distance(x, y) + 4, rel=1e-9)

    def test_float32_features_are_computed_with_in_float64(self):
        """A mean far from zero, whose square swamps float32's digits, does no harm."""
        x, y = (samples(100, 8, seed).astype(np.float32) + np.float32(1000) for seed in (1, 2))
        assert frechet_distance(x, y) == pytest.approx(frechet_distance(x.astype(float) - 1000, y.astype(float) - 1000), rel=1e-9)


class TestMoments:
    def test_streaming_equals_the_whole(self):
        """Whatever the batches, also batches of one."""
        x = samples(101, 9)
        for size in (1, 7, 101):
            streamed = stream_moments(x[start : start + size] for start in range(0, 101, size))
            assert streamed.count == 101
            np.testing.assert_allclose(streamed.mean, x.mean(axis=0), rtol=1e-12)
            np.testing.assert_allclose(streamed.covariance, np.cov(x.T), rtol=1e-9, atol=1e-13)


class TestLimit:
    """Gaussians whose true distance is known: deviations 1 against 1.2 on each of 20 axes, so FD = 20 × 0.04."""

    TRUTH = 20 * 0.2**2

    def draw(self, count, seed):
        rng = np.random.default_rng(seed)
        return rng.normal(size=(count, 20)), 1.2 * rng.normal(size=(count, 20))

    def test_the_limit_is_nearer_to_the_truth_than_the_distance(self):
        """Averaged over draws, the bias of 1/N is gone, but for what chance leaves (4 standard errors of the mean)."""
        fits = [extrapolate(*self.draw(150, seed)) for seed in range(16)]
        distances, limits = np.array([fit.distances[0] for fit in fits]), np.array([fit.limit for fit in fits])
        assert distances.mean() - self.TRUTH > 8 * distances.std(ddof=1) / 4
        assert abs(limits.mean() - self.TRUTH) < 4 * limits.std(ddof=1) / 4

    @pytest.mark.parametrize(("shift", "of_distance"), [(2.0, 1.0), (0.0, 1.7)], ids=["apart", "alike"])
    def test_the_errors_are_those_of_repeated_draws(self, shift, of_distance):
        """Mean stated error over the true spread of 40 draws, which is known to 1/sqrt(78) = 11 %; 3 of those are allowed.

        Sets that are alike have no first-order term: there six groups state sqrt(2) 6/5 = 1.7 times the distance's spread.
        """
        fits = [extrapolate(x, y + shift) for x, y in (self.draw(100, seed) for seed in range(40))]
        distances, limits = [fit.distances[0] for fit in fits], [fit.limit for fit in fits]
        assert np.mean([fit.error for fit in fits]) / np.std(distances, ddof=1) == pytest.approx(of_distance, rel=0.34)
        assert np.mean([fit.limit_error for fit in fits]) / np.std(limits, ddof=1) == pytest.approx(1, rel=0.34)

    def test_what_a_fit_holds(self):
        """Sizes from all pictures to half of them, distances that grow as sizes fall, and the same again for the same seed."""
        x, y = self.draw(96, 0)
        fit = extrapolate(x, y, seed=5)
        assert fit.sizes == (96, 80, 64, 48)
        assert list(fit.distances) == sorted(fit.distances)
        assert fit.distances[0] == pytest.approx(frechet_distance(x, y), rel=1e-12)
        assert fit == extrapolate(x, y, seed=5)
        assert fit != extrapolate(x, y, seed=6)

    def test_merged_moments_give_the_distances_of_the_samples_that_are_left(self, monkeypatch):
        """The quick way of the sub-samples changes nothing but time."""
        x, y = self.draw(96, 0)
        quick = extrapolate(x, y)
        monkeypatch.setattr("ganlib.metrics.extrapolation.ENOUGH", 1000)
        np.testing.assert_allclose(extrapolate(x, y).distances, quick.distances, rtol=1e-9)


def _fifty_digits(x, y):
    """The distance in mpmath's arithmetic: eigenvalues of S1^½ S2 S1^½."""

    def moments(z):
        rows = mpmath.matrix(z.tolist())
        mean = [mpmath.fsum(rows[i, j] for i in range(rows.rows)) / rows.rows for j in range(rows.cols)]
        centred = mpmath.matrix(rows.rows, rows.cols)
        for i in range(rows.rows):
            for j in range(rows.cols):
                centred[i, j] = rows[i, j] - mean[j]
        return mpmath.matrix(mean), centred.T * centred / (rows.rows - 1)

    (m1, s1), (m2, s2) = moments(x), moments(y)
    values, vectors = mpmath.eigsy(s1)
    root = vectors * mpmath.diag([mpmath.sqrt(value) for value in values]) * vectors.T
    squares = mpmath.eigsy(root * s2 * root, eigvals_only=True)
    shift = m1 - m2
    trace = mpmath.fsum(s1[i, i] + s2[i, i] for i in range(s1.rows))
    return (shift.T * shift)[0] + trace - 2 * mpmath.fsum(mpmath.sqrt(value) for value in squares)


@pytest.mark.parametrize("size", [1, 7, 255, 256, 257, 600])
def test_products_that_leave_out_what_is_known_are_the_same(size: int) -> None:
    """LᵀSL and XᵀX, block by block, at sizes on either side of a block, to float64's rounding of sums of so many terms."""
    dice = torch.Generator().manual_seed(0)
    lower = torch.randn(size, size, generator=dice, dtype=torch.float64).tril()
    middle = torch.randn(size, size, generator=dice, dtype=torch.float64)
    middle = middle + middle.T
    torch.testing.assert_close(_sandwich(lower, middle), lower.T @ middle @ lower, rtol=1e-11, atol=1e-11 * size)
    features = torch.randn(50, size, generator=dice, dtype=torch.float64)
    torch.testing.assert_close(gram(features), features.T @ features, rtol=1e-12, atol=1e-12)
