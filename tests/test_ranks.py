"""Two processes that train as one come to where one alone comes, and either goes on from what the other has left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from together import METHODS
from torch import Tensor

from ganlib import ranks
from ganlib.errors import AtelierError
from ganlib.training.history import read, without_clock

TOGETHER = Path(__file__).with_name("together.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{TOGETHER.parent}{os.pathsep}{TOGETHER.parents[1]}", "OMP_NUM_THREADS": "1"}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

#: Of what ten steps move: float32 rounds to 6e-8, and sums over thousands of terms in another order. Found were 2e-6.
ALIKE = 1e-5

#: Those with a state beside weights, moments of Adam and running statistics.
MIXED = ["began", "vae"]
CASES = [(name, "two") for name in METHODS] + [(name, run) for name in MIXED for run in ("two-one", "one-two")]


def _train(folder: Path, kimg: float, names: list[str], processes: int) -> None:
    launcher = TORCHRUN if processes > 1 else []
    command = [sys.executable, *launcher, str(TOGETHER), str(folder), str(kimg), *names]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All methods that split, 0.08 kimg: alone and by two; some begun by two and ended alone, and the other way round."""
    folder, names = tmp_path_factory.mktemp("runs"), list(METHODS)
    _train(folder / "start", 0.008, names, 1)
    _train(folder / "one", 0.08, names, 1)
    _train(folder / "two", 0.08, names, 2)
    _train(folder / "two-one", 0.04, MIXED, 2)
    _train(folder / "two-one", 0.08, MIXED, 1)
    _train(folder / "one-two", 0.04, MIXED, 1)
    _train(folder / "one-two", 0.08, MIXED, 2)
    return folder


def _apart(runs: Path, one: tuple[str, str], other: tuple[str, str]) -> dict[str, float]:
    """By kind of tensor, how far two runs (run, method) came apart since the first step, as a share of how far the first came."""
    start, mine, theirs = (load_file(runs / run / name / "state.safetensors") for run, name in (("start", one[1]), one, other))
    kinds: dict[str, list[str]] = {"weights": [], "statistics": []}
    for key in start:
        if key.endswith(("weight", "bias")):
            kinds["weights"].append(key)
        elif key.endswith(("running_mean", "running_var")):
            kinds["statistics"].append(key)
    return {kind: _share(start, mine, theirs, keys) for kind, keys in kinds.items() if keys}


def _share(start: dict[str, Tensor], mine: dict[str, Tensor], theirs: dict[str, Tensor], keys: list[str]) -> float:
    moved, off = (
        [(ours[key] - other[key]).double().flatten() for key in keys] for ours, other in ((mine, start), (mine, theirs))
    )
    return float(torch.cat(off).norm() / torch.cat(moved).norm())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "run"), CASES)
def test_it_does_not_matter_how_many_train(runs: Path, name: str, run: str) -> None:
    """Weights, averages and running statistics move alike, but for rounding; so do the numbers of the history."""
    assert max(_apart(runs, ("one", name), (run, name)).values()) < ALIKE
    ours, theirs = (without_clock(read(runs / folder / name / "history.jsonl")) for folder in (run, "one"))
    halfway = 48 if run != "two" else None  # a run that ended at 40 wrote a line there, and began its next mean anew
    assert ours[-1]["images"] == theirs[-1]["images"] == 80
    by_images = {line["images"]: line for line in ours}
    for line in theirs:
        if line["images"] != halfway:
            assert by_images[line["images"]] == pytest.approx(line, rel=1e-2, abs=1e-3)


@pytest.mark.slow
def test_what_is_not_rounding_would_be_seen(runs: Path) -> None:
    """The measure above tells two objectives apart, that begin with the same weights and see the same pictures."""
    assert min(_apart(runs, ("one", "nonsaturating"), ("one", "leastsquares")).values()) > 10 * ALIKE


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what would do; a batch of fewer pictures than processes, too."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    ranks.check_batch(8)
    with pytest.raises(AtelierError, match=r"found a batch of 6 for 4 that torchrun started; nothing was started. Start 3, or"):
        ranks.check_batch(6)
    with pytest.raises(AtelierError, match=r"found a batch of 2 for 4 .* Start 2, or set train.batch to a multiple of 4"):
        ranks.check_batch(2)


def test_one_process_pays_for_nothing() -> None:
    """Alone, everything is what it was: the same tensors, the same rolls."""
    values = torch.randn(4, 3)
    assert ranks.mean(values) is values
    assert ranks.shared(values) is values
    assert ranks.gathered(values) is values
    assert (ranks.world(), ranks.rank(), ranks.leads(), ranks.any_of(None), ranks.any_of(15)) == (1, 0, True, None, 15)
    rolled = ranks.rolled(torch.rand, (4, 3), torch.Generator().manual_seed(0))
    assert torch.equal(rolled, torch.rand(4, 3, generator=torch.Generator().manual_seed(0)))
