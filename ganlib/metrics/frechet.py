"""The Fréchet distance between Gaussians fitted to two sets of features, exactly and fast.

FD = |m1 - m2|² + tr(S1) + tr(S2) - 2 tr((S1 S2)^½)  (Dowson and Landau 1982; Heusel et al. 2017, equation 6)

The classical way, a Schur square root of the product S1 S2, costs tens of seconds at D = 2048 and loses half of the digits where
a covariance is nearly singular. But only a trace is wanted, and it is a sum of singular values: if S1 = AᵀA and S2 = BᵀB for
*any* factors, the eigenvalues of S1 S2 are the squares of the singular values of A Bᵀ, so tr((S1 S2)^½) = |A Bᵀ|_*.
"""

import torch
from torch import Tensor

from ganlib.metrics.moments import Features, Moments, double, gram

#: Roots of eigenvalues are kept when they are expected to put the distance off by less than this share, else singular values are
#: taken. Sets that are nearly alike are the hard case: of two large numbers hardly anything is left.
TOLERANCE = 1e-6

#: So many samples a feature, and a covariance may be well conditioned; with fewer its least eigenvalues are next to nothing
#: (Marchenko and Pastur 1967), and Cholesky is not worth the try.
ENOUGH = 2


def frechet_distance(first: Features, second: Features) -> float:
    """The Fréchet distance between [N, D] and [M, D] features, N and M >= 2, in squared units of the features."""
    if min(len(first), len(second)) >= ENOUGH * first.shape[1]:
        quick = distance_by_cholesky(Moments.of(first), Moments.of(second))
        if quick is not None:
            return quick
    return distance_by_factors(first, second)


def frechet_distance_of_moments(first: Moments, second: Moments) -> float:
    """The same where only moments are at hand, published ones say; a singular covariance then costs half of the root's digits."""
    quick = distance_by_cholesky(first, second)
    if quick is not None:
        return quick
    rest = _without_root(first, second)
    return rest - 2 * _nuclear_norm(_root(first), _root(second), rest)


def distance_by_cholesky(first: Moments, second: Moments) -> float | None:
    """With S1 = L Lᵀ the squared singular values are the eigenvalues of Lᵀ S2 L. None where S1 is too nearly singular."""
    live = _live(first.scatter.diagonal(), second.scatter.diagonal())
    lower, failed = torch.linalg.cholesky_ex(_square(first.covariance, live))
    if failed:
        return None
    rest = _without_root(first, second)
    root = _sum_of_roots(_sandwich(lower, _square(second.covariance, live)), rest)
    return None if root is None else rest - 2 * root


def distance_by_factors(first: Features, second: Features) -> float:
    """By the centred features themselves, or their triangular factors where there are more samples than features."""
    (mean_x, x), (mean_y, y) = _centred(first), _centred(second)
    shift, variances = mean_x - mean_y, (x.square().sum(dim=0), y.square().sum(dim=0))
    live = _live(*variances)
    if not live.all():
        x, y = x[:, live], y[:, live]
    rest = float(shift @ shift + variances[0].sum() + variances[1].sum())
    return rest - 2 * _nuclear_norm(_factor(x), _factor(y), rest)


def _centred(features: Features) -> tuple[Tensor, Tensor]:
    """The mean, and a factor A of the covariance, S = AᵀA, of N - 1 rows.

    The N centred features sum to zero. A reflection that turns this direction into the first row's leaves nothing in that row;
    without it A has no row too many, whose singular value, of zero, would come out as the root of the rounding.
    """
    x = double(features)
    mean = x.mean(dim=0)
    centred = x - mean
    return mean, (centred[1:] - centred[0] / (len(x) ** 0.5 + 1)) / (len(x) - 1) ** 0.5


def _live(first: Tensor, second: Tensor) -> Tensor:
    """Which features vary in both sets; one that is constant in either has no part in the root, and would make it singular."""
    return (first > 0) & (second > 0)


def _square(matrix: Tensor, live: Tensor) -> Tensor:
    """The rows and columns of the features that are live."""
    places = live.nonzero().squeeze(1)  # copying by place is three times as fast as by mask
    return matrix if bool(live.all()) else matrix[places][:, places]


def _without_root(first: Moments, second: Moments) -> float:
    """|m1 - m2|² + tr(S1) + tr(S2)."""
    shift = first.mean - second.mean
    return float(shift @ shift + first.covariance.trace() + second.covariance.trace())


def _factor(centred: Tensor) -> Tensor:
    """A factor of the same product with at most D rows."""
    factor: Tensor = centred if len(centred) <= centred.shape[1] else torch.linalg.qr(centred, mode="r").R
    return factor


def _sandwich(lower: Tensor, middle: Tensor, block: int = 256) -> Tensor:
    """LᵀSL of a lower triangular and a symmetric matrix, [D, D] each, with half of the products: the others are 0 or known."""
    size = len(lower)
    outputs = torch.empty_like(lower)
    for left in range(0, size, block):
        columns = slice(left, left + block)
        half = middle[:, left:] @ lower[left:, columns]
        for top in range(0, left + 1, block):
            rows = slice(top, top + block)
            outputs[rows, columns] = lower[top:, rows].T @ half[top:]
            if top < left:
                outputs[columns, rows] = outputs[rows, columns].T
    return outputs


def _root(moments: Moments) -> Tensor:
    """A factor A of any covariance, S = AᵀA; what is negative, or more than N samples can span, is rounding, and dropped."""
    values, vectors = torch.linalg.eigh(moments.covariance)
    factor: Tensor = (values.clamp(min=0).sqrt()[:, None] * vectors.T)[-min(moments.count - 1, len(values)) :]
    return factor


def _nuclear_norm(a: Tensor, b: Tensor, rest: float) -> float:
    """The sum of the singular values of A Bᵀ: as roots of eigenvalues, a third of the work, where that is exact enough."""
    product = a @ b.T
    root = _sum_of_roots(gram(product if len(a) >= len(b) else product.T), rest)
    return float(torch.linalg.svdvals(product).sum()) if root is None else root


def _sum_of_roots(matrix: Tensor, rest: float) -> float | None:
    """The sum of the roots of the eigenvalues of a positive semidefinite matrix; None when rounding could put the distance,
    `rest` less twice the sum, off by more than TOLERANCE.

    An eigenvalue is off by about eps times the largest (Golub and Van Loan 2013, section 8.1), its root by that over itself, one
    way or the other. Of smaller ones nothing may be true: they count with all of their roots, and negative ones, which cannot be,
    with the root of the least.
    """
    if not matrix.numel():
        return 0.0
    values = torch.linalg.eigvalsh(matrix)
    information = torch.finfo(values.dtype)
    rounding = information.eps * values[-1].clamp(min=information.tiny)
    roots, sure = values.clamp(min=0).sqrt(), values > rounding
    impossible = (-values[0]).clamp(min=0).sqrt() * (values < 0).sum()
    off = float(rounding * values[sure].reciprocal().sum().sqrt() + roots[~sure].sum() + impossible)
    root = float(roots.sum())
    return root if 2 * off <= TOLERANCE * (rest - 2 * root) else None
