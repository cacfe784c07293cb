"""The explorer's view of the registry: the versions that were registered, their files, and nothing made or changed by looking."""

from pathlib import Path
from typing import Any

import pytest
from promoting import made, project, studio

from ganlib.errors import AtelierError
from ganlib.sampling.model import load_model
from tasks import places
from tasks.explore.shelf import Shelf
from tasks.promote import promote
from tasks.tracking import store, worker

__all__ = ["project", "studio"]


def answer(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
    """The worker, in this process."""
    return {"versions": worker.versions, "fetch": worker.fetch}[order](*arguments), ""


@pytest.mark.slow
def test_registered_models_can_be_explored(studio: Path) -> None:
    """Each as it was registered, the champion by its name; what lies in the project's folder by now does not matter."""
    digests = []
    for number, score in ((1, 100.0), (2, 50.0), (3, 70.0)):
        made(number, score)
        (places.MODEL / "conditions.parquet").write_bytes(b"what goes together")
        digests.append(load_model(places.MODEL).digest)
        promote()
    shelf = Shelf(places.MODEL, studio / "cache", answer)
    assert [(one.number, one.champion) for one in shelf.listed().versions] == [("3", False), ("2", True), ("1", False)]
    assert [shelf.open(name).digest for name in ("1", "2", "3", "champion")] == [*digests, digests[1]]
    assert shelf.names() == dict(zip(digests, "123", strict=True))
    asked = Shelf(places.MODEL, studio / "another cache")  # as `make explore` asks: the worker is a process of its own
    assert asked.open("champion").digest == digests[1]
    assert [path.name for path in asked.cache.iterdir()] == [digests[1]]
    assert (asked.cache / digests[1] / "conditions.parquet").read_bytes() == b"what goes together"


def test_looking_makes_nothing(project: Path) -> None:
    """A store without a registered model stays so, and a project without a store gets none."""
    from promoting import client

    assert worker.versions() == []
    assert list(client().search_registered_models()) == []
    (project / ".mlflow" / "mlflow.db").unlink()
    shelf = Shelf(places.MODEL, project / "cache")
    assert (shelf.listed().versions, shelf.listed().trouble) == ((), "")
    assert worker.versions() == []
    assert not (store.HOME / "mlflow.db").exists()


@pytest.mark.threat("a registered version whose digest is a path", found="refused; nothing is removed")
@pytest.mark.parametrize("digest", ["../../victim", "/victim", "A" * 64, "f" * 63])
def test_a_digest_that_is_a_path_is_refused_and_nothing_is_removed(tmp_path: Path, digest: str) -> None:
    """Whoever may write to a registry could set it so: no folder outside of the cache is read, or taken away."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "model.json").write_text("{}")
    listed = [{"number": "1", "digest": digest, "champion": True}]
    shelf = Shelf(places.MODEL, tmp_path / "a" / "cache", lambda order, *_: (listed, "") if order == "versions" else ("", ""))
    with pytest.raises(AtelierError, match="expected a digest of its weights"):
        shelf.open("champion")
    assert (victim / "model.json").exists()
