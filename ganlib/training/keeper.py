"""What keeps a run: its checkpoints, the meter in the middle of its window, and how often it had to go back."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from ganlib import ranks
from ganlib.errors import AtelierError
from ganlib.methods.base import Learner
from ganlib.training import checkpoint
from ganlib.training.guard import Diverged, NotFinite
from ganlib.training.meter import Meter
from ganlib.training.state import from_tensors, to_tensors

_SUM, _COUNT, _ROLLBACKS = "meter/sum/", "meter/count/", "guard/rollbacks"


class Keeper:
    """Saves a learner to `folder` and takes it up again; the next line of the history will be the same, too, but for rounding
    where several processes train.

    Training waits for a copy in memory only: a thread writes it out, one at a time. As a context it waits, in the end, until
    the last one is on the disk. rollbacks: how often the run went back, which decides the seed that it goes on with.
    """

    def __init__(self, learner: Learner, meter: Meter, folder: Path) -> None:
        self.learner, self.meter, self.folder = learner, meter, folder
        self.rollbacks = 0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[Path] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.shutdown(wait=True)
        if error is None:
            self.wait()

    def save(self, images: int, best: bool = False) -> None:
        """Copy the state after `images` pictures, and have it written. Raises what writing the one before raised.

        best: no earlier one was as good, and it is kept until one is better.
        """
        self.wait()
        self.meter.agree()
        if ranks.rank():
            return  # all have the same
        sums = {f"{_SUM}{name}": value.to("cpu", copy=True) for name, value in self.meter.sums.items()}
        counts = {f"{_COUNT}{name}": torch.tensor(count) for name, count in self.meter.counts.items()}
        rollbacks = {_ROLLBACKS: torch.tensor(self.rollbacks)}
        tensors = {**to_tensors(self.learner.parts()), **sums, **counts, **rollbacks}
        self._writing = self._writer.submit(checkpoint.save, self.folder, images, tensors, best=best)

    def wait(self) -> None:
        """Until the last save is on the disk. Raises `AtelierError` where it could not be written."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def check(self) -> None:
        """Raise at once what `wait` would, where it is known already."""
        if self._writing is not None and self._writing.done():
            self.wait()

    def resume(self) -> int:
        """Take up the last checkpoint, if there is one; return how many pictures had been shown by then."""
        self.wait()
        ranks.wait_for_all()
        found = checkpoint.load_latest(self.folder)
        ranks.wait_for_all()
        if found is None:
            self._check_unlearnt()
            return 0
        images, tensors = found
        try:
            self.take(tensors)
        except (KeyError, RuntimeError) as error:
            reason = (str(error).splitlines() or ["no reason given"])[0]
            raise AtelierError(
                f"{self.folder}: expected the state of this run, found another one's ({reason}); nothing was started. Put the "
                f"checkpoints back, or remove {self.folder.parent} to train from the beginning."
            ) from None
        print(f"Goes on from the checkpoint at {images / 1000:.1f} kimg in {self.folder}.")
        return images

    def take_best(self) -> int | None:
        """Put the learner back to where it was best; how many pictures had been shown by then, None where nobody knows."""
        self.wait()
        ranks.wait_for_all()
        found = checkpoint.load_best(self.folder)
        if found is None:
            return None
        self.take(found[1])
        return found[0]

    def _check_unlearnt(self) -> None:
        """Raise `AtelierError` where a history tells of a run whose checkpoints are gone: it must not silently start anew."""
        history = self.folder.with_name("history.jsonl")
        if history.exists() and history.stat().st_size:
            raise AtelierError(
                f"{self.folder}: expected the checkpoints of the run that {history} tells of, found none; nothing was started. "
                f"Put them back, or remove {history.parent} to train from the beginning."
            )

    def take(self, tensors: dict[str, Tensor]) -> None:
        """Put the state that was saved into learner, meter and guard."""
        self.rollbacks = int(tensors.pop(_ROLLBACKS))
        self.meter.clear()
        self.meter.sums = _taken(tensors, _SUM)
        self.meter.counts = {name: int(count) for name, count in _taken(tensors, _COUNT).items()}
        from_tensors(self.learner.parts(), tensors)

    def roll_back(self, broken: NotFinite) -> int:
        """Go back to the last checkpoint and say so; return where it stands. Raises `Diverged` the second time."""
        advice = "Lower the learning rates or raise the penalties in params.yaml, section train"
        if self.rollbacks:
            raise Diverged(
                f"Expected finite numbers, and {broken} is none, for the second time; training was stopped before it reached the "
                f"weights, and the checkpoints in {self.folder} are whole. {advice}."
            ) from None
        print(f"Stopped a number that is not finite before it reached the weights: {broken}. {advice}, if it comes again.")
        images = self.resume()
        self.rollbacks += 1
        print(f"Went back to {images / 1000:.1f} kimg and goes on from there, once, with another seed.")
        return images


def _taken(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    """Take the tensors whose names begin so out of the dictionary."""
    return {name.removeprefix(start): tensors.pop(name) for name in list(tensors) if name.startswith(start)}
