"""A look at a run every now and then: what it draws from the same codes, and how its judge takes pictures that it never saw.

Looking changes nothing: it draws on no random numbers, and leaves networks in the mode in which it finds them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib import ranks
from ganlib.methods.base import Learner
from ganlib.sampling.draw import draw
from ganlib.sampling.grid import grid
from ganlib.sampling.png import write_png
from ganlib.training.batches import Pictures, to_float
from ganlib.training.history import History, read

Lines = Sequence[Mapping[str, Any]]

PREVIEW = 64  # pictures of the sheet that is drawn from the same codes again and again
_JUDGED = 256  # pictures of each kind that the judge is asked about
_BLOCK = 64  # of them at once
_FEWEST = 2  # of which there is a spread

#: What a training must get nearer to, in one of them at least, lest it has stopped getting better.
DISTANCES = ("quick_fd", "coarse_fd")


def named(images: int) -> str:
    """What a look after so many pictures is called: kimg-000010, or kimg-000002_5 between two thousands. They sort by time."""
    whole, tenth = divmod(round(images / 100), 10)
    return f"kimg-{whole:06d}" + (f"_{tenth}" if tenth else "")


class Watch(Protocol):
    """Who looks at a run, handed in by whoever starts it: the loop knows no metrics, and nothing of it depends on the bits of
    what is found.

    number: pictures that are drawn for it at each look, always from the same codes.
    """

    @property
    def number(self) -> int: ...

    def scores(self, drawn: Pictures) -> Mapping[str, float | str]:
        """Numbers, and text, by name of pictures uint8 [number, H, W, C]. Patience goes by those of `DISTANCES` that are there,
        the less the better, and by their standard errors, `quick_fd_error` for one."""
        ...

    def remarks(self, history: Lines, looks: Lines) -> Sequence[str]:
        """What a person is to be told now, a line each, of all the numbers so far."""
        ...


class Lookout:
    """The looks at one run in `folder`: a sheet in samples/, and where pictures are held out a line in watch.jsonl.

    train, heldout: uint8 [N, H, W, C]; the judge is asked about as many of either, the same ones every time. rows: those of
    `train` that are learned from, all where None. Several processes
    look together, for a judge may couple the pictures of all; the first one draws, scores and writes.
    """

    def __init__(
        self,
        learner: Learner,
        train: Pictures,
        heldout: Pictures | None,
        seed: int,
        folder: Path,
        watch: Watch | None = None,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.learner, self.seed, self.folder, self.watch = learner, seed, folder, watch
        self.lines = History(folder / "watch.jsonl")
        self.rows = np.arange(len(train)) if rows is None else rows
        number = 0 if heldout is None else min(_JUDGED, len(self.rows), len(heldout))
        self.train, self.heldout = train, heldout if number >= _FEWEST else None
        self._number = number

    def look(self, images: int, done: float) -> Sequence[str]:
        """Look at the learner after `images` pictures, when the share `done` of the run lies behind; what is to be said of it."""
        number = max(PREVIEW, self.watch.number) if self.watch else PREVIEW
        drawn = draw(self.learner.published()["generator"], self.learner.latent, number, self.seed)
        judged = self._judged(drawn)
        if ranks.rank():
            return []
        write_png(self.folder / "samples" / f"{named(images)}.png", grid(drawn[:PREVIEW], columns=8, scale=2))
        scores = self.watch.scores(drawn[: self.watch.number]) if self.watch else {}
        if not judged and not scores:
            return []
        self.lines.append(images, {"done": done, **judged, **scores})
        history = self.folder / "history.jsonl"
        return self.watch.remarks(read(history) if history.exists() else [], self.seen()) if self.watch else []

    def rewind(self, images: int) -> None:
        """Forget the looks after `images` pictures, those of a run that is to begin anew all."""
        self.lines.rewind(images or -1)

    def seen(self) -> list[dict[str, Any]]:
        """All looks so far."""
        return read(self.lines.path) if self.lines.path.exists() else []

    def _judged(self, drawn: Pictures) -> dict[str, float]:
        """The judge's mean scores, if there is a judge: of pictures that it learns from, of such as it never saw, of generated
        ones; the standard error of the difference of the first two; how often a held-out picture scores above a generated one.
        """
        judge = self.learner.judge()
        if judge is None or self.heldout is None:
            return {}
        train, heldout, generated = (
            judgement(judge, some)
            for some in (self.train[self.rows[_evenly(len(self.rows), self._number)]], chosen(self.heldout, self._number), drawn)
        )
        error = ((train.var() + heldout.var()) / self._number).sqrt()
        return {
            "score_train": float(train.mean()),
            "score_heldout": float(heldout.mean()),
            "score_generated": float(generated.mean()),
            "score_error": float(error),
            "told_apart": told_apart(heldout, generated),
        }


def chosen(pictures: Pictures, number: int) -> Pictures:
    """`number` of the pictures, at even distances; a data set's order has nothing to do with what they show."""
    return np.ascontiguousarray(pictures[_evenly(len(pictures), number)])


def _evenly(count: int, number: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, number).round().astype(np.int64)


@torch.no_grad()
def judgement(judge: nn.Module, pictures: Pictures) -> Tensor:
    """The judge's scores [N], float64 on the CPU, of uint8 pictures [N, H, W, C], in parts as even as can be."""
    device, was_training = next(judge.parameters()).device, judge.training
    judge.eval()
    parts = torch.from_numpy(pictures).tensor_split(-(-len(pictures) // _BLOCK))
    scores = torch.cat([judge(to_float(part.to(device))).double().cpu() for part in parts])
    judge.train(was_training)
    return scores


def told_apart(real: Tensor, generated: Tensor) -> float:
    """The share of pairs of scores [N], [M] in which the real picture's is the higher one; 1/2 where none can be told."""
    above = real[:, None] - generated
    return float((above > 0).double().mean() + (above == 0).double().mean() / 2)


def stalled(looks: Lines, patience_kimg: float) -> bool:
    """Whether no distance has got better by more than its standard error for so many thousand pictures; 0: never.

    It must get better than where it last did, so that many small steps count as one large one.
    """
    last = [best_at(looks, name) for name in DISTANCES]
    seen = [images for images in last if images is not None]
    return bool(patience_kimg and seen and looks[-1]["images"] - max(seen) >= 1000 * patience_kimg)


def best_at(looks: Lines, distance: str) -> int | None:
    """After how many pictures a distance last got better by more than its standard error; None where it has not been taken."""
    mark: Mapping[str, Any] | None = None
    for look in looks:
        if isinstance(look.get(distance), (int, float)) and (
            mark is None or look[distance] < mark[distance] - look[f"{distance}_error"]
        ):
            mark = look
    return None if mark is None else int(mark["images"])


def best_yet(looks: Lines) -> int | None:
    """After how many pictures the first distance that was taken was best, by more than its error; None where none was."""
    return next((images for name in DISTANCES if (images := best_at(looks, name)) is not None), None)
