"""The reader: it reads what it learnt, and says nothing of what it cannot read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganlib.errors import AtelierError
from ganlib.pictures.decode import Pixels
from ganlib.pictures.store import Store
from ganlib.sampling.reader import labels_of, reader_for


@pytest.fixture(scope="module")
def dataset() -> Store:
    """Pictures of 16 pixels whose brightness is a number and whose tint is a class; a coin that no picture shows; labels that
    make no attribute."""
    dice = np.random.default_rng(0)
    number, learnt = 260, 200
    brightness, red = dice.uniform(0, 1, number), dice.random(number) < 0.5
    pictures: Pixels = np.zeros((number, 16, 16, 3), np.uint8)
    pictures[..., :] = (60 + 120 * brightness).astype(np.uint8)[:, None, None, None]
    pictures[red, :, :, 0] += 60
    pictures[~red, :, :, 2] += 60
    labels = {
        "brightness": brightness,
        "tint": np.where(red, "red", "blue"),
        "coin": np.where(dice.random(number) < 0.5, "heads", "tails"),
        "name": [f"picture {place}" for place in range(number)],
        "same": ["yes"] * number,
    }
    manifest = pd.DataFrame({f"label.{name}": values for name, values in labels.items()})
    return Store(pictures, manifest, {"train": learnt, "size": 16, "channels": 3, "digest": "none"})


def test_labels_that_leave_a_choice_are_read(dataset: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of a value for every picture, or of one for all; and of what is read only what held-out pictures bear out: a coin
    that does not show is left out."""
    monkeypatch.setattr("ganlib.metrics.classifier.SHOWN", 6400)
    assert labels_of(dataset) == ["brightness", "tint", "coin"]
    reader = reader_for(dataset, tmp_path)
    assert reader is not None
    assert [attribute.name for attribute in reader.attributes] == ["brightness", "tint"]
    assert set(reader.read(dataset.heldout)) == {"brightness", "tint"}
    assert reader.skills["tint"] > 0.9
    assert reader.skills["coin"] < 0.5


def test_a_label_that_there_is_not_is_refused(dataset: Store, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(AtelierError, match=r"label tintt: expected a label of the data set \(tint, "):
        reader_for(dataset, tmp_path, ["tintt"])


def test_a_data_set_without_labels_has_no_reader(dataset: Store, tmp_path: Path) -> None:
    """That is no mistake."""
    bare = Store(dataset.pictures, dataset.manifest[["label.same"]], dataset.info)
    assert reader_for(bare, tmp_path) is None
