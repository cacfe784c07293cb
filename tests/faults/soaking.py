"""Many nights in few seconds: a warm process forks a child a night, which calls the steps' own functions on a tiny data set.

`python soaking.py FOLDER NIGHTS SEED` runs the nights in FOLDER, an empty one, harms them as dice of that seed say, and prints as
JSON what was done and what is left at the end. What a night does not do, for it would take the time: Prefect and DVC (the other
tests of faults harm those), cleaning pictures, tracing the generator for MLflow.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import torch
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from ruamel.yaml import YAML

import tasks.promote
import tasks.record
import tasks.tidy
import tasks.tracking.judge
from flows.turn import turn
from ganlib.config import Params, load
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file, new_folder
from ganlib.keep import KeepConfig
from ganlib.methods.gan import Gan
from ganlib.metrics.config import EvaluateConfig
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store, write_store
from ganlib.sampling.config import SampleConfig
from ganlib.sampling.model import Model, load_model
from ganlib.training.config import TrainConfig
from ganlib.training.history import read
from ganlib.training.publish import run_for, train
from tasks import places
from tasks.doctor import checkpoints, litter, locks, orphans, runs, shelves, spool
from tasks.doctor.base import Finding
from tasks.evaluate import evaluate
from tasks.record import Record, publish
from tasks.sample import sample
from tasks.tracking import store, worker
from tasks.tracking.generator import NAME
from tasks.tracking.registry import ALIAS, GENERATOR, Registry

TRAIN = TrainConfig(
    Gan(network=Dcgan(width=4, latent=4)),
    kimg=0.4,
    batch=10,
    log_kimg=0.05,
    sample_kimg=0.2,
    checkpoint_kimg=0.05,
    threads=1,
    device="cpu",
)
SAMPLE = SampleConfig(number=24, rows=2, columns=2, strips=2, steps=3)
EVALUATE = EvaluateConfig(extractor="pixels", size=4, number=24, walks=0)
KEEP = KeepConfig(runs=3, days=1e-5)
CHECKS = (locks, orphans, litter, checkpoints, shelves, runs, spool)
AWAY = "http://127.0.0.1:9"
NIGHT = 2.0  # seconds within which a signal falls
ROOM = 3_000  # bytes that a full disk has left
DISK = "64m"

FAULTS = (
    *("none", "kill -9", "kill -9", "SIGTERM", "damaged checkpoint", "MLflow away", "two at once", "clock jump"),
    *(("disk full",) if os.environ.get("SOAK_DISK") else ()),
)


@dataclass
class Told:
    """What is printed at the end. Sizes and memory: one number a night."""

    nights: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    disk: list[int] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    left_processes: int = 0
    open_files: list[int] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    versions: int = 0
    champions: int = 0
    trainings: int = 0


def night(params: Params) -> None:
    """What a night does, with the steps' own functions; the world may have other pictures than yesterday."""
    with turn():
        world = int(Path("world").read_text())
        if _digest() != f"world {world}":
            _collect(world)
        data = Store.open(places.DATASET)
        folder, _ = run_for(data, params.train, places.RUNS)
        done = train(data, params.train, places.MODEL, places.RUNS)
        if done.stopped_by is not None:
            os._exit(128 + done.stopped_by)
        history = places.MODEL / "history.jsonl"
        written = [places.MODEL / "model.json"]
        publish(
            Record(
                "train",
                asdict(params.train),
                {},
                written,
                [places.DATASET],
                [places.MODEL],
                history,
                run_folder=folder,
            )
        )
        sample(places.MODEL, params.sample, places.SAMPLES)
        evaluate(params.evaluate, places.DATASET, places.SAMPLES, places.SCORES, cache=places.FEATURES)
        tasks.promote.promote()
        tasks.tidy.tidy(params)


def _open_gates() -> None:
    """Noise on squares of one colour is no generator to be proud of: only the score decides who is champion."""
    path, yaml = Path("params.yaml"), YAML()
    tree = yaml.load(path)
    tree["promote"] |= {"most_copied": None, "least_coverage": None, "least_diversity": None}
    yaml.dump(tree, path)


def _digest() -> str:
    with suppress(OSError, ValueError):
        return str(json.loads((places.DATASET / "dataset.json").read_text())["set_aside"] and Path("artifacts/world").read_text())
    return ""


def _collect(world: int) -> None:
    """The pictures that the world has tonight."""
    dice = np.random.default_rng(world)
    pictures = dice.integers(0, 256, (1, 16, 16, 3)) // 2 + dice.integers(0, 128, (60, 16, 16, 3))
    names = [f"{world}-{number}" for number in range(60)]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * 30 + ["heldout"] * 30,
        **{key: ["x"] * 60 for key in ("source", "licence", "attribution")},
    }
    with new_folder(places.DATASET, "dataset.json") as folder:
        write_store(folder, pictures.astype(np.uint8), range(60), pa.table(columns), {"unreadable": 1})
    Path("artifacts/world").write_text(f"world {world}")


def ask(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
    """The worker's answer, without starting a process for it."""
    if not store.answers(0.5):
        return None, "nothing answers"
    orders: dict[str, Callable[..., Any]] = {"promote": worker.promote, "send": worker.send, "versions": worker.versions}
    try:
        return json.loads(json.dumps(orders[order](*arguments))), ""
    except Exception as error:
        return None, store.redact(f"{type(error).__name__}: {error}")


def log_untraced(run_id: str, model: Model, folder: Path, step: int) -> str:
    """What the registry sees of a generator that was logged with a run; tracing one takes seconds."""
    client = MlflowClient(store.uri())
    logged = client.create_logged_model(client.get_run(run_id).info.experiment_id, name=NAME, source_run_id=run_id)
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step)])
    return f"models:/{logged.model_id}"


def fork(params: Params, fault: str, dice: random.Random) -> int:
    """Start a night; its process."""
    jump = dice.uniform(-40, 40) * 86400
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = (
            os.open("night.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            if fault != "disk full"
            else os.open("/dev/null", 1)
        )
        os.dup2(log, 1)
        os.dup2(log, 2)
        if fault == "MLflow away":
            os.environ[store.URI] = AWAY
        if fault == "clock jump":
            clock = time.time
            time.time = lambda: clock() + jump
        night(params)
        code = 0
    except AtelierError as error:
        print(error)
        code = 2
    except OSError as error:
        print(repr(error))
        code = 3
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def harm(fault: str, child: int, dice: random.Random) -> None:
    """Do it, to the process of the night or beside it."""
    if fault in ("kill -9", "SIGTERM"):
        time.sleep(dice.uniform(0, NIGHT))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL if fault == "kill -9" else signal.SIGTERM)


def damage(dice: random.Random) -> None:
    """Flip a bit, cut off the end, or take away the manifest of the newest checkpoint of the newest run that has two."""
    found = sorted(places.RUNS.glob("*/checkpoints/[0-9]*"), key=lambda path: path.stat().st_mtime)
    if not found or len(list(found[-1].parent.glob("[0-9]*"))) < 2:
        return
    file = found[-1] / "state.safetensors"
    way = dice.choice(["flip", "cut", "manifest"])
    if way == "manifest":
        (found[-1] / "manifest.json").unlink(missing_ok=True)
    elif file.exists():
        data = bytearray(file.read_bytes())
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        file.write_bytes(data if way == "flip" else data[: len(data) // 2])


@contextmanager
def full(fault: str, dice: random.Random) -> Iterator[None]:
    """Fill the disk but for some bytes, for one night."""
    if fault != "disk full":
        yield
        return
    free = shutil.disk_usage(".").free
    left = dice.randrange(ROOM, 400_000)
    with open("ballast", "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, max(4096, free - left))
    try:
        yield
    finally:
        os.unlink("ballast")


def soak(folder: Path, nights: int, seed: int) -> Told:
    """Run the nights in `folder`; what came of them."""
    os.chdir(folder)
    torch.set_num_threads(1)
    dice, told = random.Random(seed), Told()
    _open_gates()
    params = replace(load(), train=TRAIN, sample=SAMPLE, evaluate=EVALUATE, keep=KEEP)
    for module in (tasks.promote, tasks.record):
        module.ask = ask  # type: ignore[attr-defined]
    tasks.tracking.judge.log_generator = log_untraced  # type: ignore[attr-defined]
    world, began = 0, time.monotonic()
    for number in range(nights + 1):
        last = number == nights
        fault = "none" if last else dice.choice(FAULTS)
        if dice.random() < 0.5:
            world += 1
        Path("world").write_text(str(world))
        if fault == "damaged checkpoint":
            damage(dice)
        with full(fault, dice):
            children = [fork(params, fault, dice) for _ in range(2 if fault == "two at once" else 1)]
            harm(fault, children[0], dice)
            for child in children:
                _, status, used = os.wait4(child, 0)
                code = os.waitstatus_to_exitcode(status)
                told.ended[f"{fault}: {ENDS.get(code, code)}"] += 1
                if code == 1:
                    told.wrong.append(f"night {number}, {fault}: {Path('night.log').read_text()[-1500:]}")
                told.memory.append(used.ru_maxrss * 1024)
        told.nights += 1
        told.faults[fault] += 1
        told.left_processes += len(psutil.Process().children(recursive=True))
        told.open_files.append(len(os.listdir("/proc/self/fd")))
        told.parent.append(psutil.Process().memory_info().rss)
        told.disk.append(sum(map(_size, (places.RUNS, Path("artifacts"), places.METRICS))) - _size(places.FEATURES))
        told.features.append(len(list(places.FEATURES.glob("*.npy"))))
        told.record.append(_size(Path(".mlflow")))
        if not last and number % 20 == 19:
            print(f"{number + 1} nights after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"all nights after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    told.findings = [asdict(found) for found in _examined()]
    told.wrong += [*_artefacts(params), *_registry(told), *_history(told)]
    return told


ENDS = {0: "reached its end", 2: "stopped with a sentence", 3: "stopped, for the disk", -9: "killed", 143: "stopped politely"}
ENDS |= {-15: "stopped before it had begun", 1: "ended with a traceback"}


def _size(path: Path) -> int:
    return tasks.tidy.size_of(path)


def _examined() -> Iterator[Finding]:
    """What the doctor mends, then what he still finds."""
    for check in CHECKS:
        check.check(fix=True)
    yield from (check.check(fix=False) for check in CHECKS)


def _artefacts(params: Params) -> Iterator[str]:
    """Everything that lies there, held against the digests that it bears."""
    data = Store.open(places.DATASET)  # verifies
    model = load_model(places.MODEL)  # verifies
    if model.card["dataset"] != data.digest:
        yield "the model is not of the data set that lies there"
    drawn = json.loads((places.SAMPLES / "samples.json").read_text())["model"]
    if drawn != digest_file(places.MODEL / "generator.safetensors"):
        yield "what was drawn is not of the model that lies there"
    folder, _ = run_for(data, params.train, places.RUNS)
    if [line["images"] for line in read(places.MODEL / "history.jsonl")] != [10, *range(50, 401, 50)]:
        yield "the history of the last training has gaps or repetitions"
    if not folder.exists():
        yield "the run that the parameters describe was tidied away"


def _registry(told: Told) -> Iterator[str]:
    """One champion; every version can be loaded, and is what it says it is."""
    client = MlflowClient(store.uri())
    registry = Registry(client)
    found = client.search_model_versions(f"name = '{NAME}'", max_results=1000)
    told.versions = len(found)
    champion = str(client.get_registered_model(NAME).aliases.get(ALIAS))
    told.champions = sum(str(version.version) == champion for version in found)
    if len({version.tags[GENERATOR] for version in found}) != len(found):
        yield "a model was registered twice"
    for one in found:
        version = registry.version(str(one.version))
        assert version is not None
        place = Path("fetched") / str(one.version)
        if why := registry.fetch(version, place):
            yield f"version {one.version}: {why}"
        else:
            load_model(place / "published")
    shutil.rmtree("fetched")


def _history(told: Told) -> Iterator[str]:
    """Every training that was told is told whole: each point of its curve once."""
    client = MlflowClient(store.uri())
    experiment = client.get_experiment_by_name(store.EXPERIMENT)
    assert experiment is not None
    every = [*client.search_runs([experiment.experiment_id], max_results=2000)]
    told.trainings = len(every)
    for run in every:
        if run.info.status != "FINISHED":
            yield f"run {run.info.run_id} is {run.info.status}"
        steps = sorted(point.step for point in client.get_metric_history(run.info.run_id, "loss_d"))
        if steps != [10, *range(50, 401, 50)]:
            yield f"run {run.info.run_id} has the points {steps}"


if __name__ == "__main__":
    print(json.dumps(vars(soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))))
