"""Two processes that train as one come to where one alone comes, and either goes on from what the other has left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import pixels
from safetensors.torch import load_file
from test_evaluate import store
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
    """Weights, averages and running statistics move alike, but for rounding; so do the numbers of history and looks."""
    assert max(_apart(runs, ("one", name), (run, name)).values()) < ALIKE
    ours, theirs = (without_clock(read(runs / folder / name / "history.jsonl")) for folder in (run, "one"))
    halfway = 48 if run != "two" else None  # a run that ended at 40 wrote a line there, and began its next mean anew
    assert ours[-1]["images"] == theirs[-1]["images"] == 80
    by_images = {line["images"]: line for line in ours}
    for line in theirs:
        if line["images"] != halfway:
            assert by_images[line["images"]] == pytest.approx(line, rel=1e-2, abs=1e-3)
    looks = [read(path) if (path := runs / folder / name / "watch.jsonl").exists() else [] for folder in (run, "one")]
    last = [[line for line in lines if line["images"] in (0, 80)] for lines in looks]
    assert [line["images"] for line in last[0]] == [line["images"] for line in last[1]]
    for line, other in zip(*last, strict=True):
        assert line == pytest.approx(other, rel=1e-2, abs=1e-2)


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
    rolled = ranks.rolled(torch.rand, (4, 3), torch.Generator().manual_seed(0), torch.device("cpu"))
    assert torch.equal(rolled, torch.rand(4, 3, generator=torch.Generator().manual_seed(0)))


PROGRAM = """
import sys
from pathlib import Path
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store
from ganlib.ranks import leads
from ganlib.training.config import TrainConfig
from ganlib.training.publish import train

config = TrainConfig(Gan(network=Dcgan(width=4, latent=8)), kimg=1, batch=10, checkpoint_kimg=0.1)
done = train(Store.open(Path(sys.argv[1])), config, Path(sys.argv[2], "model"), Path(sys.argv[2], "runs"))
if leads():
    print(f"images {done.images}, stopped by {done.stopped_by}")
"""


@pytest.mark.slow
def test_a_signal_to_one_stops_all_with_a_checkpoint(tmp_path: Path) -> None:
    """The run's holder, told to stop, takes the other with it; the same command goes on, ends, and then has nothing to do.

    One process talks and writes; the lock is held once.
    """
    pictures = np.stack([pixels(seed, 16) for seed in range(45)])
    dataset, program, out = store(tmp_path / "dataset", pictures[:40], pictures[40:]), tmp_path / "program.py", tmp_path / "out"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, *TORCHRUN, str(program), str(dataset), str(out)]
    first = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(out.glob("runs/*/checkpoints/0*100")) and time.monotonic() < deadline:
        time.sleep(0.01)
    (holder,) = out.glob("runs/*/lock.json")
    os.kill(json.loads(holder.read_text())["pid"], signal.SIGTERM)
    said, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
    (stopped,) = [line for line in said.splitlines() if line.startswith("images")]
    assert stopped.endswith("stopped by 15")
    images = int(stopped.removeprefix("images ").split(",")[0])
    assert 100 <= images < 1000
    assert [int(path.name) for path in sorted(out.glob("runs/*/checkpoints/0*"))][-1] == images
    for _ in range(2):
        again = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)
        assert again.returncode == 0, again.stderr
        assert again.stdout.count("Goes on from the checkpoint") == 1
        assert "images 1000, stopped by None" in again.stdout
        assert (out / "model" / "model.json").exists()
