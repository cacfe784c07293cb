"""Measure all that is claimed about speed, or the claims that are named: `make bench`, `python -m bench dcgan-64`.

Every claim is a ratio of medians, of ours and a peer's way run in turns on one thread, after both were found to compute the same.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import torch

from bench.ceiling import Ceiling, gflop, measure
from bench.claim import Claim, NotHere, NotTheSame
from bench.race import race
from bench.registry import CLAIMS
from bench.report import keep, kept_ratios
from bench.row import Row, processor, table
from ganlib.errors import AtelierError
from ganlib.heap import keep_freed
from ganlib.knobs import unknown
from ganlib.progress import Progress
from ganlib.training.device import bf16_pays
from tasks.cli import run

_DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "float64": torch.float64}


def main() -> None:
    """Measure, show, keep; the exit code is 1 where a claim does not hold."""
    names = sorted({claim.name for claim in CLAIMS})
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="claim", help=f"of {', '.join(names)}; all where none is named")
    args = parser.parse_args()
    for name in args.names:
        if name not in names:
            raise AtelierError(f"claim {name}: {unknown('claim', name, names)}; nothing was measured.")
    claims = [claim for claim in CLAIMS if not args.names or claim.name in args.names]
    if not bf16_pays(torch.device("cpu")):
        claims = [claim for claim in claims if claim.mode != "bf16"]
        print("Claims in bf16 are left out: this processor has no instructions for it.")
    for claim in [claim for claim in claims if claim.needs and find_spec(claim.needs) is None]:
        claims.remove(claim)
        print(f"The claim {claim.name} is left out: {claim.needs} is not installed (.venv/bin/pip install '.[{claim.needs}]').")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed()  # as in a training; peers have it, too
    ceilings = {mode: measure(_DTYPES[mode]) for mode in sorted({claim.mode for claim in claims} & set(_DTYPES))}
    for mode, ceiling in ceilings.items():
        print(
            f"Ceiling on {processor()}, one thread, {mode}: matrix product {ceiling.product:.0f} GFLOP/s, "
            f"convolution {ceiling.convolution:.0f} GFLOP/s, copy {ceiling.copy:.1f} GB/s."
        )
    rows = _measured(claims, ceilings)
    print(table(rows, kept_ratios()))
    keep(rows, ceilings)
    sys.exit(not all(row.holds for row in rows))


def _measured(claims: Sequence[Claim], ceilings: dict[str, Ceiling]) -> list[Row]:
    rows = []
    with Progress("bench", len(claims), "claims") as progress:
        for claim in claims:
            progress.note = f"{claim.name}, {claim.mode}"
            progress.advance(0)
            try:
                rows.append(_row(claim, ceilings.get(claim.mode)))
            except NotHere as why:
                print(f"The claim {claim.name}, {claim.mode}, is left out: {why}.")
            except NotTheSame as different:
                raise AtelierError(f"{claim.name}, {claim.mode}: {different}") from None
            progress.advance(1)
    return rows


def _row(claim: Claim, ceiling: Ceiling | None) -> Row:
    contest = claim.prepare()
    lap = race(contest.peer, contest.ours, claim.rounds)
    fraction = ceiling.fraction(gflop(contest.ours), lap.seconds) if ceiling and contest.counted else None
    ratio, least, most = (contest.times * value for value in (lap.ratio, *lap.spread))
    return Row(claim.name, claim.mode, claim.peer, ratio, least, most, claim.at_least, lap.seconds, fraction, contest.same)


if __name__ == "__main__":
    run(main)
