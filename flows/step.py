"""One step of the pipeline as a Prefect task: run through DVC, watched, ended in good order."""

import tempfile
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from types import TracebackType

from prefect import task
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows import repro
from flows.gauge import Gauge
from flows.repro import StepFailed, StepKilled, Version
from ganlib.progress import PROGRESS_FILE
from tasks.places import STEPS
from tasks.record import close_parent, open_parent

#: Names the MLflow run under which the steps put theirs.
PARENT_RUN = "ATELIER_PARENT_RUN"


def _was_killed(_task: object, _run: object, state: State) -> bool:
    return state.name == "Killed"


@task(persist_result=False, retries=1, retry_delay_seconds=5, retry_condition_fn=_was_killed)
def _run_step(name: str, force: bool, environment: dict[str, str]) -> State:
    """Bring the step `name` up to date; its version, or a state that says in the step's own words why not."""
    command = ["repro", "--single-item", *(["--force"] if force else []), repro.target(name)]
    with tempfile.TemporaryDirectory() as folder, Gauge(name, Path(folder) / "progress.json") as gauge:
        environment = {**environment, PROGRESS_FILE: str(gauge.file)}
        try:
            heard = _follow(repro.dvc(*command, environment=environment), gauge)
            if any("is cached - skipping run" in line for line in heard):  # then no step has told MLflow
                _follow(repro.record(name, environment), gauge)
        except StepFailed as failure:
            return Failed(name="Killed" if isinstance(failure, StepKilled) else "Failed", message=str(failure))
    return Completed(data=repro.version(name))


def _follow(output: Generator[str, None, None], gauge: Gauge) -> list[str]:
    """Pass on what a command prints to terminal and log, as it comes; all of it."""
    log, heard = get_run_logger(), []
    with closing(output):
        for line in output:
            if line:
                print(line, flush=True)
                log.info(line)
                heard.append(line)
            gauge.read()
    return heard


@task(persist_result=False)
def _nothing_to_do(name: str) -> State:
    """The step `name` is up to date already: its version."""
    return Completed(name="UpToDate", message="Nothing to do.", data=repro.version(name))


class Steps:
    """The steps of one flow run. Calling it with a name runs that step and returns its version.

    Used as a context manager: it opens one MLflow run around the steps, when the first of them has something to do, and
    closes it with how the flow ended.
    """

    def __init__(self) -> None:
        self.versions: dict[str, Version] = {}
        self._stale: set[str] | None = None
        self._parent: str | None = None
        self._opened = False

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._opened:
            interrupted = kind is not None and not issubclass(kind, Exception)
            close_parent(self._parent, "KILLED" if interrupted else "FAILED" if kind else "FINISHED")

    def __call__(self, name: str, force: bool = False, hours: float = 1.0) -> Version:
        """Run the step `name` if it is out of date or `force`d, for at most `hours`. Raises `StepFailed`."""
        if force or self._is_stale(name):
            limited = _run_step.with_options(name=name, task_run_name=name, timeout_seconds=hours * 3600)
            state = limited(name, force, self._environment(), return_state=True)
        else:
            state = _nothing_to_do.with_options(name=name, task_run_name=name)(name, return_state=True)
        if not state.is_completed():
            raise StepFailed(f"{name}: {state.message}")
        self.versions[name] = repro.version(name)
        return self.versions[name]

    def _is_stale(self, name: str) -> bool:
        """Whether DVC finds `name` out of date. Asked once: from the first such step on, DVC decides step by step."""
        if self._stale is None:
            try:
                self._stale = repro.stale(STEPS)
            except StepFailed:
                _check_params()  # says where the mistake is, if it is there; DVC says less
                raise
        return name in self._stale

    def _environment(self) -> dict[str, str]:
        if not self._opened:
            self._parent = open_parent(str(flow_run.name), {"prefect.flow_run": str(flow_run.id)})
            self._opened = True
        return {PARENT_RUN: self._parent} if self._parent else {}


def _check_params() -> None:
    from ganlib import config  # imports torch, which a flow has no other use for

    config.load()
