"""MLflow's experiment and its runs, with every way of adding to a run such that adding twice changes nothing."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.entities import Run as Stored
from mlflow.exceptions import MlflowException
from PIL import Image

from ganlib.errors import AtelierError
from tasks.tracking import store
from tasks.tracking.history import Point, allowed, kimg_of
from tasks.tracking.spool import NOTE, PARENT

PICTURES = "samples"  # the key of the image slider
KIND = {"mlflow.experimentKind": "custom_model_development"}  # the UI's word for models that are trained, not for chats

T = TypeVar("T")


class Tracker:
    """A connection to the store: makes the experiment, makes runs and finds them again.

    Raises whatever MLflow raises; connecting to a new SQLite store creates it, one process after the other.
    """

    def __init__(self) -> None:
        with _alone():
            self.client = MlflowClient(store.uri())
            self.experiment = self._experiment()

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(store.EXPERIMENT)
        if found:
            return str(found.experiment_id)
        database = store.database()  # else MLflow would put the files into the current folder, which may be a passing one
        place = (database.resolve().parent / "artifacts").as_uri() if database else None
        try:
            return str(self.client.create_experiment(store.EXPERIMENT, artifact_location=place, tags=KIND))
        except MlflowException:  # another process was faster
            return str(self.client.get_experiment_by_name(store.EXPERIMENT).experiment_id)

    def create(self, name: str, tags: Mapping[str, str], started: int | None = None) -> "Run":
        """A new run, RUNNING, with its tags from the first moment, so that a second try finds it."""
        made = self.client.create_run(self.experiment, start_time=started, tags=_shortened(tags), run_name=name)
        return Run(self.client, made.info.run_id)

    def find(self, tag: str, value: str) -> "Run | None":
        """The oldest run that bears the tag, or None."""
        query = f"tags.`{tag}` = '{value}'"
        oldest = {"max_results": 1, "order_by": ["start_time ASC"]}
        found = self.client.search_runs([self.experiment], query, ViewType.ACTIVE_ONLY, **oldest)
        return Run(self.client, found[0].info.run_id) if found else None

    def open(self, run_id: str) -> "Run | None":
        """The run of this id, or None when this store has none or it was deleted."""
        try:
            info = self.client.get_run(run_id).info
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return Run(self.client, run_id) if info.lifecycle_stage == "active" else None


class Run:
    """One run in the store. What it holds already is asked for once and never sent again.

    After a failure, throw the object away and open the run anew: only the store knows what it has taken.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.client, self.id = client, run_id
        self._steps: dict[str, set[int]] | None = None
        self._shown: set[int] | None = None

    def stored(self) -> Stored:
        """The run as the store has it now."""
        return self.client.get_run(self.id)

    def tags(self) -> dict[str, str]:
        return dict(self.stored().data.tags)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        for part in _parts([RunTag(key, value) for key, value in _shortened(tags).items()], 100):
            self.client.log_batch(self.id, tags=part)

    def add_params(self, params: Mapping[str, str]) -> None:
        """Add what is missing; MLflow lets no parameter change, so one with another value stays and is noted."""
        held = self.stored().data.params
        missing = [Param(allowed(key), value[:6000]) for key, value in params.items() if allowed(key) not in held]
        for part in _parts(missing, 100):
            self.client.log_batch(self.id, params=part)
        if other := sorted(key for key, value in params.items() if held.get(allowed(key), value[:6000]) != value[:6000]):
            self.set_tags({NOTE: f"parameters that differ from those noted first: {', '.join(other)}"})

    def add_points(self, points: Sequence[Point]) -> None:
        """Add the points whose (key, step) is not there yet, up to 1,000 a request."""
        if points and self._steps is None:
            self._steps = self._held_steps()
        steps = self._steps or {}
        new = {(point.key, point.step): point for point in points if point.step not in steps.get(point.key, ())}
        for part in _parts(list(new.values()), 1000):
            self.client.log_batch(self.id, metrics=[Metric(point.key, point.value, point.time, point.step) for point in part])
            for point in part:
                steps.setdefault(point.key, set()).add(point.step)

    def _held_steps(self) -> dict[str, set[int]]:
        keys = self.stored().data.metrics
        return {key: {point.step for point in self.client.get_metric_history(self.id, key)} for key in keys}

    def add_pictures(self, pictures: Iterable[Path]) -> None:
        """Add grids named `kimg-000010.png` to the image slider, at their kimg, where the slider has none yet."""
        for picture in pictures:
            kimg = kimg_of(picture)
            if kimg is None or kimg in self._held_pictures() or (image := _decoded(picture)) is None:
                continue
            self.client.log_image(self.id, image, key=PICTURES, step=kimg)
            self._held_pictures().add(kimg)

    def _held_pictures(self) -> set[int]:
        if self._shown is None:
            start = f"images/{PICTURES}+step+"
            names = [item.path for item in self.client.list_artifacts(self.id, "images")]
            self._shown = {int(name.removeprefix(start).split("+")[0]) for name in names if name.startswith(start)}
        return self._shown

    def add_datasets(self, datasets: Sequence[Mapping[str, Any]]) -> None:
        """Add data sets as inputs: `name`, `digest`, `source` (a path), `shape`, `context` ("training") and `profile`."""
        held = {item.dataset.digest for item in self.stored().inputs.dataset_inputs}
        new = [_dataset_input(item) for item in datasets if item["digest"] not in held]
        if new:
            self.client.log_inputs(self.id, datasets=new)

    def add_files(self, folder: Path) -> None:
        """Add what lies in `folder` as artefacts, in place of what was there by the same names."""
        if folder.is_dir():
            self.client.log_artifacts(self.id, str(folder))

    def link(self, parent: "Run", step: str) -> None:
        """Make it a child of `parent` if it is nobody's yet, and note at the parent which run stands for the step."""
        if PARENT not in self.tags() and parent.id != self.id:
            self.set_tags({PARENT: parent.id})
        parent.set_tags({f"atelier.run.{step}": self.id})

    def resume(self) -> None:
        """Mark it as going on."""
        self.client.update_run(self.id, status="RUNNING")

    def end(self, status: str, ended: int | None = None) -> None:
        """Mark it as FINISHED, FAILED or KILLED, at `ended` milliseconds (now, if None)."""
        self.client.set_terminated(self.id, status=status, end_time=ended)


def _decoded(path: Path) -> Image.Image | None:
    """The picture, or None while it cannot be read (being written, say)."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except OSError:
        return None


def _dataset_input(item: Mapping[str, Any]) -> DatasetInput:
    spec = {"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, *item["shape"]]}}
    dataset = Dataset(
        name=item["name"],
        digest=item["digest"][:36],
        source_type="local",
        source=json.dumps({"uri": item["source"]}),
        schema=json.dumps({"mlflow_tensorspec": {"features": [spec], "targets": None}}),
        profile=json.dumps(item["profile"]),
    )
    return DatasetInput(dataset, tags=[InputTag("mlflow.data.context", item["context"])])


def _shortened(tags: Mapping[str, str]) -> dict[str, str]:
    return {allowed(key)[:250]: value[:5000] for key, value in tags.items()}


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))


@contextmanager
def _alone() -> Iterator[None]:
    """Two processes that create a SQLite store at once would both fail: one after the other."""
    if why := store.unfit():
        raise AtelierError(f"{why}.")
    database = store.database()
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=60):
        yield
