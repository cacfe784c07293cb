"""Tidy up: remove what the policy in params.yaml, section `keep`, no longer keeps (docs/keeping.md says what stays, and why).

Never touched: the run that params.yaml describes, a run at work or not yet told to MLflow, whatever dvc.lock, a commit, a
branch, a tag or an experiment names, and all that the registry knows.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ganlib.errors import AtelierError
from tasks import litter, places
from tasks.cli import run
from tasks.doctor.living import inhabited
from tasks.litter import gigabytes, remove, size_of
from tasks.tracking import spool
from tasks.tracking.ask import ask

if TYPE_CHECKING:
    from ganlib.config import Params

SERVICES = places.RUNS / "services"
_GC = ("gc", "--workspace", "--all-commits", "--all-experiments", "--force", "--quiet")
_FILLED = 600.0  # seconds after which DVC is in the folder that it has made for an experiment
_LOCKS = ("lock", spool.LOCK)
_PATIENCE = 120.0  # seconds for MLflow to remove what was deleted


def tidy(params: "Params") -> list[str]:
    """Remove what is no longer kept; a sentence for each thing that was done, or that could not be."""
    kinds: list[Callable[[Params], Iterator[str]]] = [_runs, _directions, _litter, _logs, _caches, _deleted]
    done: list[str] = []
    for kind in kinds:
        try:
            done += kind(params)
        except (OSError, ValueError, AtelierError) as error:
            done.append(f"Not all could be tidied up ({str(error).splitlines()[0]}); the next flow tries again.")
    return done


def run_folders() -> list[Path]:
    """The folders of trainings, that was touched last first."""
    return sorted((path.parent for path in places.RUNS.glob("*/run.json")), key=_last_use, reverse=True)


def described(params: "Params") -> Path:
    """The folder of the run that params.yaml describes. Raises where there is no data set to know it by."""
    from ganlib.pictures.store import Store
    from ganlib.training.publish import run_for

    return run_for(Store.open(places.DATASET, verify=False), params.train, places.RUNS)[0]


def removed(folder: Path) -> bool:
    """Remove the folder of a run that nobody is at, and say whether that was so: its locks are held meanwhile."""
    with ExitStack() as held, suppress(Timeout):
        for name in _LOCKS:
            held.enter_context(FileLock(folder / name, timeout=0))
        (folder / "run.json").unlink(missing_ok=True)  # first: half a run must not be taken up again
        remove(folder)
        return True
    return False


def _last_use(folder: Path) -> float:
    return max((path.stat().st_mtime for path in (folder, *folder.glob("*.json*"))), default=0.0)


def _runs(params: "Params") -> Iterator[str]:
    spare = run_folders()
    if len(spare) <= params.keep.runs and sum(map(size_of, spare)) <= 1e9 * params.keep.run_gigabytes:
        return
    current, untold = described(params), {path.resolve() for path in spool.unfinished()}
    kept, used = 0, 0
    for folder in spare:
        if folder == current or folder.resolve() in untold:
            continue
        kept, size = kept + 1, size_of(folder)
        used += size
        if kept <= params.keep.runs and used <= 1e9 * params.keep.run_gigabytes:
            continue
        if removed(folder):
            used -= size
            yield f"{folder}: a training that params.yaml no longer describes, removed ({gigabytes(size)})."


def _directions(params: "Params") -> Iterator[str]:
    """Of models that were asked for named directions: as many as runs."""
    folders = [path for path in places.DIRECTIONS.glob("*") if path.is_dir()]
    for old in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[params.keep.runs + 1 :]:
        remove(old)
        yield f"{old}: directions of an older model, removed."


def _litter(params: "Params") -> Iterator[str]:
    for path in litter.litter(86400 * params.keep.days):
        remove(path)
        yield f"{path}: left half written by a process that was killed, removed."


def _logs(params: "Params") -> Iterator[str]:
    """The last megabytes of a log, in the same file: its service goes on writing at the end."""
    most = int(1e6 * params.keep.log_megabytes)
    for path in sorted(SERVICES.glob("*.log")):
        size = path.stat().st_size
        if size <= most:
            continue
        with path.open("r+b") as log:
            log.seek(size - most // 2)
            end = log.read().partition(b"\n")[2]
            log.seek(0)
            log.write(end)
            log.truncate()
        yield f"{path}: cut to its last {gigabytes(len(end))}."


def _caches(params: "Params") -> Iterator[str]:
    """Two DVC projects, each with a cache of its own: the pipeline's and that of comparisons."""
    for project in (Path(), places.COMPARE):
        cache = project / ".dvc/cache"
        if cache.is_dir() and (before := size_of(cache)) > 1e9 * params.keep.cache_gigabytes:
            yield _collected(project, cache, before)


def _collected(project: Path, cache: Path, before: int) -> str:
    if _experiments(project):
        return f"{cache}: {gigabytes(before)}, left alone while an experiment runs."
    if not Path(".git").exists():
        return f"{cache}: {gigabytes(before)}, left alone: without git nobody knows what is still named."
    command = [sys.executable, "-m", "dvc", "--cd", str(project), *_GC]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"{cache}: {gigabytes(before)}, not collected ({last.removeprefix('ERROR: ')}); the next flow tries again."
    return f"{cache}: {gigabytes(before - size_of(cache))} that nothing names removed, {gigabytes(size_of(cache))} stay."


def _experiments(project: Path) -> bool:
    """Whether one runs in a folder of its own. That of one that was killed, and a file of each that ended, stay for ever."""
    made = project / ".dvc/tmp/exps"
    return any(inhabited(folder) or _young(folder) for folder in (*made.glob("tmp*"), *made.glob("standalone/tmp*")))


def _young(folder: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - folder.stat().st_mtime < _FILLED
    return False


def _deleted(params: "Params") -> Iterator[str]:
    """Runs that a person deleted in MLflow long ago, where the store is this folder's own."""
    from tasks.tracking import store

    if not store.holds_deleted():
        return
    answer, why = ask("purge", [params.keep.days], _PATIENCE)
    if why:
        raise AtelierError(f"MLflow at {store.shown()}: {why}")
    if answer["gone"]:
        yield f"{store.shown()}: {answer['gone']} runs removed that were deleted more than {params.keep.days:g} days ago."
    if answer["kept"]:
        yield f"{store.shown()}: {answer['kept']}"


def main() -> None:
    """Read params.yaml, tidy up, say what was done."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.tidy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="what was done as a JSON list")
    args = parser.parse_args()
    from ganlib.config import load

    done = tidy(load())
    if args.json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        print("\n".join(done) or "Nothing to tidy up.")


if __name__ == "__main__":
    run(main)
