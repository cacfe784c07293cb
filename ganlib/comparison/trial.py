"""One trial of a comparison, as it lies on disk: what was tried, what it cost, what it scored, or why it failed."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.metrics.fingerprint import Score, from_json, to_json
from ganlib.sampling.grid import grid
from ganlib.sampling.png import write_png
from ganlib.training.batches import Pictures

CARD, SCORES, ROW = "trial.json", "evaluate.json", "row.png"


@dataclass(frozen=True)
class Trial:
    """A method tried with a seed.

    seconds: of training, over all resumptions. parameters: numbers that are learnt in all networks; parameters_generator: in
    the one that draws. scores: by name, the distance that decides first; none where it failed. failed: why, in a sentence.
    """

    method: str
    seed: int
    kimg: float
    seconds: float = 0.0
    parameters_generator: int = 0
    parameters: int = 0
    failed: str | None = None
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def pictures_per_second(self) -> float | None:
        """Pictures shown in a second of training; None where nothing was trained."""
        return 1000 * self.kimg / self.seconds if self.seconds and not self.failed else None


def write_trial(trial: Trial, folder: Path) -> None:
    """Write the card and, where it did not fail, the scores."""
    card = asdict(trial)
    del card["scores"]
    if trial.scores:
        write_json(folder / SCORES, to_json(list(trial.scores.values())))
    write_json(folder / CARD, {**card, "pictures_per_second": trial.pictures_per_second})


def read_trial(folder: Path) -> Trial:
    """The trial in `folder`. Raises `AtelierError` where it is damaged, and `FileNotFoundError` where none lies."""
    text = (folder / CARD).read_text(encoding="utf-8")
    try:
        card = json.loads(text)
        del card["pictures_per_second"]
        scores = {} if card["failed"] else from_json(json.loads((folder / SCORES).read_text(encoding="utf-8")), str(folder))
        return Trial(**card, scores=scores)
    except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise AtelierError(f"{folder}: expected a whole trial, found it damaged ({error}). Run it again.") from None


def write_row(pictures: Pictures, folder: Path) -> None:
    """Write the trial's row of the contact sheet: pictures [N, H, W, C] side by side, without gaps."""
    write_png(folder / ROW, grid(pictures, columns=len(pictures), gap=0))


def read_row(folder: Path) -> Pictures:
    """The pictures [N, H, W, 3] of the row that `write_row` wrote."""
    from PIL import Image

    with Image.open(folder / ROW) as strip:
        row = np.asarray(strip.convert("RGB"))
    return np.stack(np.split(row, row.shape[1] // row.shape[0], axis=1))
