"""One step of a pipeline as a Prefect task: run through DVC, watched, ended in good order."""

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import process, repro
from flows.gauge import Gauge
from flows.repro import PRODUCTION, Pipeline, StepFailed, StepKilled, Version
from ganlib.progress import PROGRESS_FILE
from tasks.record import close_parent, open_parent

#: Names the MLflow run under which the steps put theirs.
PARENT_RUN = "ATELIER_PARENT_RUN"


def _was_killed(_task: object, _run: object, state: State) -> bool:
    return state.name == "Killed" and not process.ending()


@task(persist_result=False, cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_condition_fn=_was_killed)
def _run_step(pipeline: Pipeline, name: str, force: bool, environment: dict[str, str], prefix: str) -> State:
    """Bring the step `name` up to date; its version, or a state that says in the step's own words why not."""
    command = ["repro", "--single-item", *(["--force"] if force else []), pipeline.target(name)]
    with tempfile.TemporaryDirectory() as folder, Gauge(name, Path(folder) / "progress.json") as gauge:
        environment = {**environment, PROGRESS_FILE: str(gauge.file)}
        try:
            heard = _follow(repro.dvc(*command, environment=environment, project=pipeline.project), gauge, prefix)
            if any("is cached - skipping run" in line for line in heard):  # then no step has told MLflow
                _follow(repro.record(pipeline.teller(name), environment), gauge, prefix)
        except StepFailed as failure:
            return Failed(name="Killed" if isinstance(failure, StepKilled) else "Failed", message=str(failure))
    return Completed(data=pipeline.version(name))


def _follow(output: Generator[str, None, None], gauge: Gauge, prefix: str) -> list[str]:
    """Pass on what a command prints to terminal and log, as it comes; all of it."""
    log, heard = get_run_logger(), []
    with closing(output):
        for line in output:
            if line:
                print(f"{prefix}{line}\n", end="", flush=True)  # in one piece: trials side by side speak, too
                log.info(line)
                heard.append(line)
            gauge.read()
    return heard


@task(persist_result=False, cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_condition_fn=_was_killed)
def _run_alone(name: str, command: list[str], environment: dict[str, str]) -> State:
    """Run a task that is no stage of DVC; a state that says in its own words how it ended."""
    with tempfile.TemporaryDirectory() as folder, Gauge(name, Path(folder) / "progress.json") as gauge:
        try:
            heard = _follow(repro.alone(command, {**environment, PROGRESS_FILE: str(gauge.file)}), gauge, "")
        except StepFailed as failure:
            return Failed(name="Killed" if isinstance(failure, StepKilled) else "Failed", message=str(failure))
    return Completed(message=heard[-1] if heard else "")


@task(persist_result=False, cache_policy=NO_CACHE)
def _nothing_to_do(pipeline: Pipeline, name: str) -> State:
    """The step `name` is up to date already: its version."""
    return Completed(name="UpToDate", message="Nothing to do.", data=pipeline.version(name))


def _run_of_the_flow() -> str | None:
    return open_parent(str(flow_run.name), {"prefect.flow_run": str(flow_run.id)})


class _Parent:
    """The MLflow run that the steps put theirs under: made when the first of them has something to do."""

    def __init__(self, open_run: Callable[[], str | None]) -> None:
        self._open, self._opened = open_run, False
        self._id: str | None = None

    def environment(self) -> dict[str, str]:
        """What names it to a step."""
        if not self._opened:
            self._id, self._opened = self._open(), True
        return self.known()

    def known(self) -> dict[str, str]:
        """What names it, if a step has had something to do."""
        return {PARENT_RUN: self._id} if self._id else {}

    def close(self, status: str) -> None:
        """End it, if it was made."""
        if self._opened:
            close_parent(self._id, status)


class Steps:
    """The steps of one flow run. Calling it with a name runs that step and returns its version.

    Used as a context manager: it opens one MLflow run around the steps, when the first of them has something to do, and
    closes it with how the flow ended. open_run: makes that run and returns its id; if not given, one of the flow's name.
    """

    def __init__(self, pipeline: Pipeline = PRODUCTION, open_run: Callable[[], str | None] = _run_of_the_flow) -> None:
        self.pipeline = pipeline
        self.versions: dict[str, Version] = {}
        self._stale: set[str] | None = None
        self._parent = _Parent(open_run)

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self._parent.close("KILLED" if interrupted else "FAILED" if kind else "FINISHED")

    def over(self, pipeline: Pipeline) -> "Steps":
        """The steps of another pipeline, under the same MLflow run."""
        other = Steps(pipeline)
        other._parent = self._parent
        return other

    def __call__(self, name: str, force: bool = False, hours: float = 1.0) -> Version:
        """Run the step `name` if it is out of date or `force`d, for at most `hours`. Raises `StepFailed`."""
        step, given = self._task(name, force, hours)
        return self._ended(name, step(**given, return_state=True))

    def alone(self, name: str, hours: float = 1.0) -> None:
        """Run `python -m tasks.<name>`, which DVC knows nothing of: it finds out itself whether there is something to do.

        Raises `StepFailed`.
        """
        limited = _run_alone.with_options(name=name, task_run_name=name, timeout_seconds=hours * 3600)
        given = {"name": name, "command": [f"tasks.{name}"], "environment": self._parent.known()}
        state: State = limited(**given, return_state=True)
        if not state.is_completed():
            raise StepFailed(f"{name}: {state.message}")

    def at_once(self, names: Sequence[str], width: int, force: bool = False, hours: float = 1.0) -> dict[str, str]:
        """Run these steps as `__call__` does, `width` at a time; what went wrong, by name. One that fails stops no other."""
        failures = {}
        runner: ThreadPoolTaskRunner[State] = ThreadPoolTaskRunner(max_workers=width)
        with runner:
            try:
                ready = {name: self._task(name, force, hours, f"{name}: ") for name in names}
                begun = {name: runner.submit(step, given) for name, (step, given) in ready.items()}
                for name, future in begun.items():
                    future.wait()
                    try:
                        self._ended(name, future.state)
                    except StepFailed as failure:
                        failures[name] = str(failure)
            except BaseException:
                process.let_go()  # or the runner would wait for the end of what nobody wants any more
                raise
        return failures

    def _task(self, name: str, force: bool, hours: float, prefix: str = "") -> "tuple[Task[Any, State], dict[str, Any]]":
        """The Prefect task that brings a step up to date, and its arguments."""
        if not force and not self._is_stale(name):
            named = _nothing_to_do.with_options(name=name, task_run_name=name)
            return named, {"pipeline": self.pipeline, "name": name}
        limited = _run_step.with_options(name=name, task_run_name=name, timeout_seconds=hours * 3600)
        environment = self._parent.environment()
        given = {"pipeline": self.pipeline, "name": name, "force": force, "environment": environment, "prefix": prefix}
        return limited, given

    def _ended(self, name: str, state: State) -> Version:
        """The version of a step whose task ended so. Raises `StepFailed`."""
        if not state.is_completed():
            raise StepFailed(f"{name}: {state.message}")
        self.versions[name] = self.pipeline.version(name)
        return self.versions[name]

    def _is_stale(self, name: str) -> bool:
        """Whether DVC finds `name` out of date. Asked once: from the first such step on, DVC decides step by step."""
        if self._stale is None:
            try:
                self._stale = self.pipeline.stale()
            except StepFailed:
                _check_params()  # says where the mistake is, if it is there; DVC says less
                raise
        return name in self._stale


def _check_params() -> None:
    from ganlib import config  # imports torch, which a flow has no other use for

    config.load()
