"""How quick and how exact the scores are, beside others' ways: `make bench-metrics`, `python -m bench.metrics`.

Times are of one thread's processor, ours and a peer's in turns, after both were found to compute the same. Beside them stands how
far off each is, as a share of a reference: closed forms and whole numbers at full size, sixty digits in the hard cases.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from bench.claim import Claim, NotTheSame
from bench.peers import frechet as peers
from bench.race import race
from bench.reference import Samples, draw, nearly, sixty_digits
from bench.registry import CLAIMS, UNCLAIMED
from bench.row import processor
from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.metrics.frechet import frechet_distance
from ganlib.progress import Progress
from tasks.cli import run

PATH = Path("metrics/metrics.json")
_SCORES = ("frechet", "moments")


@dataclass(frozen=True)
class Timed:
    """seconds: of one thread's processor. off: a share of the reference, where there is one."""

    name: str
    peer: str
    seconds: float
    peer_seconds: float
    off: float | None
    peer_off: float | None

    @property
    def ratio(self) -> float:
        return self.peer_seconds / self.seconds


@dataclass(frozen=True)
class Hard:
    """How far ours and, by name, the peers' Fréchet distances are off, as shares of that in sixty digits."""

    case: str
    distance: float
    off: float
    peers: dict[str, float]


def timed(claim: Claim) -> Timed:
    """One claim: times of both ways, in turns, and their errors."""
    contest = claim.prepare()
    peer_off, off = contest.errors() if contest.errors else (None, None)
    lap = race(contest.peer, contest.ours, claim.rounds)
    return Timed(claim.name, claim.peer, lap.seconds, lap.ratio * lap.seconds, off, peer_off)


def cases() -> dict[str, tuple[Samples, Samples]]:
    """Pairs of samples of 24 features: well and badly conditioned, more and fewer than features, of lower rank, nearly alike."""
    many, few, rank = draw(60, 24, 1e12, 1), draw(12, 24, 1e4, 1), draw(60, 24, 1e4, 1, rank=5)
    return {
        "well conditioned": (draw(60, 24, 10, 1), draw(60, 24, 10, 2)),
        "condition 1e12": (many, draw(60, 24, 1e12, 2)),
        "N < D": (few, draw(13, 24, 1e4, 2)),
        "rank 5 of 24": (rank, draw(60, 24, 1e4, 2, rank=5)),
        "condition 1e12, nearly alike": (many, nearly(many)),
        "N < D, nearly alike": (few, nearly(few)),
    }


_ROOTS: Mapping[str, Callable[[torch.Tensor, torch.Tensor], float]] = {
    "scipy's sqrtm": peers.schur_root,
    "torchmetrics": peers.eigenvalue_root,
}


def hard(case: str, first: Samples, second: Samples) -> Hard:
    """One pair, by all ways."""
    exact = sixty_digits(first, second)
    (mean_1, one), (mean_2, two) = peers.by_numpy(first), peers.by_numpy(second)
    found = {name: peers.assemble(mean_1 - mean_2, one, two, root(one, two)) for name, root in _ROOTS.items()}
    off = {name: abs(distance - exact) / exact for name, distance in found.items()}
    return Hard(case, exact, abs(frechet_distance(first, second) - exact) / exact, off)


def table(rows: Sequence[Timed], hards: Sequence[Hard]) -> str:
    """Both tables for a person at a terminal."""
    lines = [f"{'':<22}{'ours (s)':>10}{'theirs (s)':>12}{'ratio':>8}{'ours off by':>14}{'theirs off by':>15}  against"]
    for row in rows:
        times = f"{row.seconds:>10.3f}{row.peer_seconds:>12.3f}{row.ratio:>8.2f}"
        lines.append(f"{row.name:<22}{times}{_share(row.off):>14}{_share(row.peer_off):>15}  {row.peer}")
    lines += ["", f"{'24 features':<30}{'distance':>12}{'ours off by':>14}" + "".join(f"{name:>16}" for name in _ROOTS)]
    for one in hards:
        theirs = "".join(f"{_share(one.peers[name]):>16}" for name in _ROOTS)
        lines.append(f"{one.case:<30}{one.distance:>12.3g}{_share(one.off):>14}{theirs}")
    return "\n".join(lines)


def _share(off: float | None) -> str:
    return "" if off is None else f"{off:.0e}"


def main() -> None:
    """Measure, show, keep."""
    argparse.ArgumentParser(
        prog="python -m bench.metrics", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    torch.set_num_threads(1)
    claims = [*(claim for claim in CLAIMS if claim.name.startswith(_SCORES)), *UNCLAIMED]
    rows = []
    with Progress("bench", len(claims), "comparisons") as progress:
        for claim in claims:
            progress.advance(0, note=claim.name)
            try:
                rows.append(timed(claim))
            except NotTheSame as different:
                raise AtelierError(f"{claim.name}: {different}") from None
            progress.advance()
    hards = [hard(case, *pair) for case, pair in cases().items()]
    print(table(rows, hards))
    kept = {"timed": [{**asdict(row), "ratio": row.ratio} for row in rows], "hard": [asdict(one) for one in hards]}
    write_json(PATH, {**kept, "machine": processor(), "torch": torch.__version__})
    print(f"Kept in {PATH}.")


if __name__ == "__main__":
    run(main)
