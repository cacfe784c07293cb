"""The benchmarks: they refuse to compare what is not the same, and their ratios mean what they say."""

import importlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import PROJECT
from test_evaluate import store
from torch import nn

import bench.__main__ as whole
import bench.metrics
import bench.report
from bench import gpu
from bench.ceiling import Ceiling, gflop
from bench.claim import Claim, Contest, NotTheSame
from bench.claims import reading, scores
from bench.peers import frechet, sngan
from bench.quality import Pair
from bench.race import Lap, race
from bench.registry import CLAIMS
from bench.report import keep, kept_ratios
from bench.row import Row, table
from bench.same import Twins
from ganlib.methods.gan import Gan
from ganlib.metrics.frechet import frechet_distance
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.neighbours import neighbour_scores
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.resnet import Resnet
from ganlib.pictures.store import Store

NETWORK = Resnet(latent=sngan.LATENT, width=8, max_width=16, smallest=4, flat=0)
IDLE = (".shortcut.bias", ".first.bias", ".second.bias")


def _busy(seconds: float) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_a_race_is_run_in_turns_after_a_warm_up() -> None:
    """A B first, untimed, then A B A B; the ratio is the peer's time over ours, of processor time and not by the clock."""
    calls: list[str] = []

    def peer() -> None:
        calls.append("peer")
        _busy(0.04)

    def ours() -> None:
        calls.append("ours")
        _busy(0.02)
        time.sleep(0.05)  # what waits takes no processor

    lap = race(peer, ours, rounds=3)
    assert calls == ["peer", "ours"] * 4
    assert lap.ratio == pytest.approx(2, rel=0.3)


def test_ratios_are_of_medians() -> None:
    """One slow lap changes the spread, not the ratio."""
    lap = Lap(peer=[4.0, 4.0, 100.0], ours=[2.0, 2.0, 1.0])
    assert (lap.ratio, lap.spread, lap.seconds) == (2.0, (2.0, 100.0), 2.0)


def _twins() -> Twins:
    torch.manual_seed(0)
    return Twins(sngan.Generator([16, 16, 8]), NETWORK.generator(16, 3), peer_only=IDLE)


def test_twins_agree_once_they_have_the_same_weights() -> None:
    """G and D of a small residual pair, ours with its layers joined; before they are made equal they are told apart."""
    g, codes = _twins(), torch.randn(3, sngan.LATENT).double()
    with pytest.raises(NotTheSame, match="G, outputs: expected a difference of at most 1e-12, found"):
        g.check("G", lambda module: module(codes), lambda module: module(codes))
    g.equalise()
    g.check("G", lambda module: module(codes), lambda module: module(codes))
    d = Twins(sngan.Discriminator([8, 16], 0), NETWORK.discriminator(16, 3), peer_only=(".shortcut.bias",))
    d.equalise()
    pictures = torch.rand(3, 3, 16, 16).double()
    d.check("D", lambda module: module.eval()(pictures), lambda module: module.eval()(pictures))


def test_a_difference_in_gradients_alone_is_found() -> None:
    """Two modules with the same outputs, one of which stops a gradient halfway."""

    class Halved(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            outputs = super().forward(x)
            return (outputs + outputs.detach()) / 2

    twins = Twins(nn.Linear(3, 2), Halved(3, 2))
    twins.equalise()
    x = torch.randn(4, 3).double()
    with pytest.raises(NotTheSame, match="L, gradients"):
        twins.check("L", lambda module: module(x), lambda module: module(x))


def test_products_are_counted() -> None:
    """A product of 10 × 20 by 20 × 30 matrices is 2 · 6000 operations; a ceiling of 12,000 a second is reached in a second."""
    a, b = torch.ones(10, 20), torch.ones(20, 30)
    assert gflop(lambda: a @ b) == pytest.approx(12e-6)
    assert Ceiling(product=12e-6, convolution=1e-6, copy=1).fraction(6e-6, 1.0) == pytest.approx(0.5)


def test_peers_compute_the_distance_that_we_do() -> None:
    """scipy's root and torchmetrics' eigenvalues, on features with more pictures than dimensions."""
    dice = torch.Generator().manual_seed(0)
    first, second = (torch.randn(200, 8, generator=dice).numpy() + shift for shift in (0, 1))
    for moments, root in ((frechet.by_numpy, frechet.schur_root), (frechet.by_sums, frechet.eigenvalue_root)):
        (mean_1, one), (mean_2, two) = moments(first), moments(second)
        theirs = frechet.assemble(mean_1 - mean_2, one, two, root(one, two))
        assert theirs == pytest.approx(frechet_distance(first, second), rel=1e-6)


def test_every_claim_has_a_name_and_mode_of_its_own() -> None:
    """The table and the file go by them."""
    keys = [(claim.name, claim.mode) for claim in CLAIMS]
    assert len(set(keys)) == len(keys)
    assert all(claim.at_least > 1 for claim in CLAIMS)


def test_a_report_says_what_was_missed_and_keeps_what_was_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run with one claim replaces its row only, and shows what it was before."""
    monkeypatch.setattr(bench.report, "PATH", tmp_path / "bench.json")
    monkeypatch.setattr(bench.report, "RATIOS", tmp_path / "ratios.json")
    monkeypatch.setattr(bench.report, "publish", lambda record: True)
    slow = Row("step", "float32", "peer", 1.5, 1.4, 1.6, 2.0, 0.1, 0.5, "all")
    other = Row("read", "uint8", "peer", 9.0, 8.0, 9.5, 8.0, 0.1, None, "all")
    keep([slow, other], {})
    better = Row("step", "float32", "peer", 2.5, 2.4, 2.6, 2.0, 0.05, 0.9, "all")
    lines = table([better], kept_ratios()).splitlines()
    assert "MISSED" in table([slow], {})
    assert "MISSED" not in table([better], {})
    assert lines[1].split()[:3] == ["step", "float32", "0.050"]
    assert "1.50" in lines[1]
    keep([better], {})
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert [(row["name"], row["ratio"]) for row in kept] == [("read", 9.0), ("step", 2.5)]
    assert {"name", "mode", "ratio", "at_least", "ceiling_fraction"} <= set(kept[0])
    assert json.loads((tmp_path / "ratios.json").read_text()) == {"read uint8": 9.0, "step float32": 2.5}


ALONE = """
import sys
from pathlib import Path

for name in {foreign!r}:
    sys.modules[name] = None
from bench import gpu
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store

gpu._METHOD = Gan(network=Dcgan(width=4, latent=8))
print(gpu.trained(Store.open(Path("dataset")), 0.2, Path("out")))
"""


def test_the_gpu_bench_trains_with_few_packages(tmp_path: Path) -> None:
    """All others that the project depends on hidden: the training ends, with its grid, and says why it is not scored."""
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0].replace("-", "_").lower() for line in declared}
    foreign = sorted(
        names - {"torch", "filelock", "numpy", "pandas", "pyarrow", "safetensors", "pillow"}
    )  # torch brings filelock
    assert {"prefect", "mlflow", "dvc", "albumentations", "pydantic"} <= set(foreign)
    pictures = np.random.default_rng(0).integers(0, 256, (140, 16, 16, 3), np.uint8)
    store(tmp_path / "dataset", pictures[:100], pictures[100:])
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", ALONE.format(foreign=foreign)]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Not scored: The extractor lite0 needs the package" in ended.stdout
    assert "pictures_per_second" in ended.stdout
    assert (tmp_path / "out" / "grid.png").exists()


def test_the_gpu_bench_without_a_gpu_says_so() -> None:
    """A sentence and exit code 2."""
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    ended = subprocess.run([sys.executable, "-m", "bench.gpu"], capture_output=True, text=True, check=False, env=hidden)
    assert ended.returncode == 2
    assert ended.stderr == "error: Expected a GPU, found none; nothing was measured. On the CPU `make bench` measures.\n"


@pytest.mark.parametrize(("fast", "alike"), [(1.0, True), (1.05, True), (1.2, False)])
def test_quality_is_alike_within_what_is_allowed(fast: float, alike: bool) -> None:
    """One number of both trainings, apart by less or by more."""
    assert Pair("fd", fast, 1.0, allowed=0.1).alike == alike


def test_what_the_gpu_bench_does_works_elsewhere_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ratio of times by the clock; a training that leaves its grid, its speed and its scores."""
    contest = Contest(lambda: time.sleep(0.02), lambda: time.sleep(0.01), "sleep", counted=False)
    monkeypatch.setattr(gpu, "_STEPS", 2)
    row = gpu.measured(Claim("sleep", "bf16", "peer", 1.5, lambda: contest), peak=1.0)
    assert row.ratio == pytest.approx(2, rel=0.3)
    pictures = np.random.default_rng(0).integers(0, 256, (140, 16, 16, 3), np.uint8)
    monkeypatch.setattr(gpu, "_METHOD", Gan(network=Dcgan(width=4, latent=8)))
    found = gpu.trained(Store.open(store(tmp_path / "dataset", pictures[:100], pictures[100:])), 0.2, tmp_path)
    assert found["kimg"] == 0.2
    assert found["pictures_per_second"] > 0
    assert found["scores"]["fd_lite0"]["value"] > found["scores"]["fd_lite0"]["floor"]
    assert (tmp_path / "grid.png").exists()


@pytest.mark.parametrize("prepare", [scores.kernel, scores.neighbours], ids=["kernel", "neighbours"])
def test_scores_of_all_pairs_are_compared_with_what_computes_the_same(
    prepare: Callable[[], Contest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few small sets; where ours were something else, no time would be taken."""
    monkeypatch.setattr(scores, "PICTURES", 60)
    monkeypatch.setattr(scores, "DIMENSION", 16)
    contest = prepare()
    assert contest.errors is None or max(contest.errors()) < 1e-12
    wrong = neighbour_scores(*scores._features(60), neighbours=3), kernel_distance(*scores._features(50))
    monkeypatch.setattr(scores, "neighbour_scores", lambda *sets: wrong[0])
    monkeypatch.setattr(scores, "kernel_distance", lambda *sets: wrong[1])
    with pytest.raises(NotTheSame):
        prepare()


def test_what_a_machine_cannot_do_is_left_out_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backend that finds no way to round here: nothing else is timed in its place."""
    cannot = Claim("rounded", "float32", "nobody", 1, lambda: reading.rounded_features(lambda exact: exact))
    can = Claim("nothing", "float32", "nobody", 0, lambda: Contest(lambda: None, lambda: None, "nothing", counted=False))
    monkeypatch.setattr(reading, "features", lambda by, limit: by(SimpleNamespace(rounded=None)))
    rows = whole._measured([cannot, can], {})
    assert [row.name for row in rows] == ["nothing"]
    assert "The claim rounded, float32, is left out: the backend computes in float32" in capsys.readouterr().out


def test_references_at_full_size_are_right_at_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed forms and whole numbers: both ways agree with them, and what is off by a thousandth is seen to be."""
    monkeypatch.setattr(scores, "DIMENSION", 16)
    first, _ = scores._features(200)
    monkeypatch.setattr(scores, "_features", lambda number: (first[:number], first[:number] + np.float32(0.1)))
    for contest in (scores.many(frechet.schur_root), scores.few(frechet.eigenvalue_root), scores.moments()):
        assert contest.errors is not None
        assert max(contest.errors()) < 1e-6
    distance = scores.frechet_distance
    monkeypatch.setattr(scores, "frechet_distance", lambda *sets: 1.001 * distance(*sets))
    monkeypatch.setattr(scores, "_DIGITS", 1)
    off = scores.few(frechet.eigenvalue_root).errors
    assert off is not None
    assert off()[1] == pytest.approx(1e-3, rel=1e-3)


def test_the_bench_of_scores_shows_times_and_errors_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line a comparison with both errors, a line a hard case with all ways, and the same in a file."""
    contest = Contest(lambda: _busy(0.02), lambda: _busy(0.01), "nothing", errors=lambda: (3e-7, 2e-12))
    claim = Claim("frechet-toy", "float64", "a peer", 1.5, lambda: contest, rounds=2)
    monkeypatch.setattr(bench.metrics, "CLAIMS", [claim, Claim("step", "float32", "a peer", 2, lambda: contest)])
    monkeypatch.setattr(bench.metrics, "UNCLAIMED", [])
    monkeypatch.setattr(bench.metrics, "PATH", tmp_path / "metrics.json")
    monkeypatch.setattr(sys, "argv", ["bench.metrics"])
    bench.metrics.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:1] == ["frechet-toy"]
    assert lines[1].split()[4:] == ["2e-12", "3e-07", "a", "peer"]
    assert "step" not in "".join(lines[:2])
    kept = json.loads((tmp_path / "metrics.json").read_text())
    assert kept["timed"][0]["ratio"] == pytest.approx(2, rel=0.3)
    assert all(one["off"] < 1e-6 for one in kept["hard"])
    assert len(kept["hard"]) == len(bench.metrics.cases())
    assert any(max(one["peers"].values()) > 1e-6 for one in kept["hard"])  # so that the cases are hard


BENCHES = [path.stem for path in sorted((PROJECT / "bench").glob("*.py")) if "\ndef main()" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", BENCHES)
def test_every_benchmark_says_what_it_does_without_doing_it(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some take many minutes, and all write over figures that are kept."""
    main = importlib.import_module(f"bench.{name}").main
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "usage: python -m bench" in capsys.readouterr().out
