"""DVC, as a flow uses it: what is out of date, bring one step up to date, what a step's version is."""

import json
import re
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.process import leashed, lines
from tasks.places import STEPS

#: What `dvc.lock` holds about a step: command, digests of what it read and wrote, parameters.
Version = dict[str, Any]

#: Seconds to wait, one try after the other, while another DVC command holds what this one needs.
WAITS = (1.0, 2.0, 4.0, 8.0)

_BUSY = ("is busy", "Unable to acquire lock")
_NOISE = ("Updating lock file", "To track the changes", "\tgit add", "To enable auto staging", "\tdvc config core.autostage",
          "Generating lock file", "Use `dvc push`", "Data and pipelines are up to date", "> ")  # fmt: skip


class StepFailed(Exception):
    """A step did not reach its end. Its message is the step's own sentence."""


class StepKilled(StepFailed):
    """A step was killed from outside (no memory, say): trying again may help, and training goes on where it was."""


@dataclass(frozen=True)
class Pipeline:
    """Steps that DVC knows.

    groups: the steps in their order; those of one group wait for the groups before it, and not for each other.
    project: the folder of the DVC project that they belong to. folder: where their `dvc.yaml` lies in it.
    tellers: by step, the task that tells MLflow what lies there; `tasks.record`, if none is named.
    """

    groups: Sequence[Sequence[str]]
    project: Path = Path()
    folder: Path = Path()
    tellers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def target(self, step: str) -> str:
        """The name under which DVC knows a step: the import of `data` is a file beside `dvc.yaml`, not a stage in it."""
        if self._file(f"{step}.dvc").exists():
            return str(self.folder / f"{step}.dvc")
        return step if self.folder == Path() else f"{self.folder}/dvc.yaml:{step}"

    def stale(self) -> set[str]:
        """Steps that DVC finds out of date, and all in the groups after the first of them."""
        text = ""
        for line in dvc("status", "--json", *self._scope(), project=self.project):
            if line.startswith("{"):
                text = line
            elif line:
                print(line, flush=True)
        known = json.loads(text or "{}")
        changed = [[step for step in group if self.target(step) in known] for group in self.groups]
        first = next((place for place, group in enumerate(changed) if group), len(self.groups))
        after = [step for group in self.groups[first + 1 :] for step in group]
        return {*(changed[first] if changed[first:] else ()), *after}

    def version(self, step: str) -> Version:
        """What DVC has recorded about `step`; empty if it never ran."""
        single = self._file(f"{step}.dvc")
        if single.exists():
            return dict(YAML(typ="safe").load(single))
        lock = self._file("dvc.lock")
        stages = YAML(typ="safe").load(lock)["stages"] if lock.exists() else {}
        return dict(stages.get(step, {}))

    def teller(self, step: str) -> Sequence[str]:
        """The module, and its arguments, that tells MLflow of the result of `step` that lies there."""
        return self.tellers.get(step, ["tasks.record", step])

    def _file(self, name: str) -> Path:
        return self.project / self.folder / name

    def _scope(self) -> list[str]:
        return [] if self.folder == Path() else [f"{self.folder}/dvc.yaml"]


#: From sources to scores.
PRODUCTION = Pipeline([[step] for step in STEPS])


def dvc(*arguments: str, environment: Mapping[str, str] | None = None, project: Path = Path()) -> Generator[str, None, None]:
    """Run a DVC command in a project; yield what it prints, and "" in every second of silence.

    Raises `StepFailed` when it fails; while another DVC command is in its way it waits and tries again.
    """
    for wait in (*WAITS, None):
        heard: list[str] = []
        with leashed([sys.executable, "-m", "dvc", "--cd", str(project), *arguments], environment or {}) as process:
            for line in lines(process):
                worth = line.strip() and not line.startswith(_NOISE)
                heard += [line] if worth else []
                yield line if worth else ""
        if process.returncode == 0:
            return
        if wait is None or not _busy(heard):
            raise failure(heard, process.returncode)
        yield f"Another DVC command is at work in this folder; trying again in {wait:.0f} s."
        time.sleep(wait)


def record(command: Sequence[str], environment: Mapping[str, str]) -> Generator[str, None, None]:
    """Have a task (`tasks.record train`) tell MLflow from the files that lie there: DVC took them from its cache, and no step
    ran to tell."""
    with leashed([sys.executable, "-m", *command], environment) as process:
        yield from lines(process)


def alone(command: Sequence[str], environment: Mapping[str, str]) -> Generator[str, None, None]:
    """Run a task that is no stage of DVC; yield what it prints as `dvc` does. Raises `StepFailed` when it fails."""
    heard = []
    with leashed([sys.executable, "-m", *command], environment) as process:
        for line in lines(process):
            heard += [line] if line.strip() else []
            yield line
    if process.returncode:
        raise failure(heard, process.returncode)


def _busy(heard: list[str]) -> bool:
    return any(sign in line for line in heard for sign in _BUSY)


def failure(heard: list[str], code: int) -> StepFailed:
    """The error that says what the step said: its own sentence where it has one."""
    sentences = [line.removeprefix("error: ") for line in heard if line.startswith("error: ")]
    if sentences:
        return StepFailed("\n".join(sentences))
    if _busy(heard):
        holder = next((line.strip() for line in heard if line.strip().startswith("(PID")), "which one, it does not say")
        return StepFailed(
            f"Another DVC command is at work in this folder: {holder}. Nothing was changed. "
            "Wait until it has ended, or stop it, then run this again."
        )
    ending = re.search(r"exited with (-?\d+)", "\n".join(heard))
    number = int(ending.group(1)) if ending else code
    killed = -number if number < 0 else number - 128
    if 0 < killed < 65:
        return StepKilled(f"The step was killed (signal {killed}). What it had saved is kept.")
    if ending is None:
        return StepFailed(
            " ".join(line.removeprefix("ERROR: ") for line in heard[-3:]) or f"DVC ended with {code} and said nothing."
        )
    last = next((line for line in reversed(heard) if not line.startswith("ERROR: ")), "It said nothing")
    return StepFailed(f"{last} (exit code {number}; all that it said is above)")
