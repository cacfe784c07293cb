"""A step that a GPU replays: all its kernels are launched at once, as one CUDA graph, rather than one by one by Python.

A step of a small network is some hundreds of kernels of a few microseconds each, and Python takes longer to launch one than the
GPU to run it. The graph has the same kernels on the same numbers, so that its results have the same bits.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganlib import ranks
from ganlib.methods.base import Batch, Setting
from ganlib.training.sending import sent
from ganlib.training.tape import Tape

Step = Callable[[Batch], dict[str, Tensor]]

#: Steps of a kind that are taken one kernel at a time: what is made once must have been (libraries' handles, Adam's moments), and
#: of the last of them the rolls are noted.
_FIRST = 3


@dataclass
class _Kind:
    """Steps that launch the same kernels."""

    taken: int = 0
    tape: Tape = field(default_factory=Tape)
    graph: "Graph | None" = None


class Graph:
    """What a step on a batch of its own launches, noted down without being run. seen: what its last replay reported."""

    def __init__(self, step: Step, batch: Batch, tape: Tape, pool: "torch.cuda._POOL_HANDLE | None") -> None:
        self.batch, self.tape, self._graph = batch, tape, torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(self._graph, pool=pool), tape.noting():
                self.seen = step(batch)
        except RuntimeError as error:
            if isinstance(error.__context__, torch.OutOfMemoryError):  # leaving the block fails, too, and would hide it
                raise error.__context__ from None
            raise

    @property
    def pool(self) -> "torch.cuda._POOL_HANDLE":
        """The memory of all that it computes."""
        return self._graph.pool()

    def replay(self, batch: Batch) -> dict[str, Tensor]:
        """Take the step on this batch."""
        self.batch.real.copy_(batch.real)
        self.batch.rows.copy_(sent(batch.rows, self.batch.rows.device))
        self.tape.fill(batch.dice)
        self._launch()
        return self.seen

    def _launch(self) -> None:
        self._graph.replay()


class Replay:
    """Takes steps for a learner, from the fourth of a kind on as a graph.

    A step may depend on what its batch shows and rolls, and not on how many pictures were shown before: whatever else changes
    from step to step must lie on the device, in memory that stays the same. What it reports is overwritten by the next one.
    """

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}
        self._refused = False
        # One for all kinds: of what a graph computes nothing is read once another one runs.
        self._pool: torch.cuda._POOL_HANDLE | None = None

    def __call__(self, step: Step, batch: Batch, kind: Hashable = ()) -> dict[str, Tensor]:
        """Take the step on the batch. kind: the same for steps that launch the same kernels."""
        found = self._kinds.setdefault((kind, batch.real.shape), _Kind())
        found.taken += 1
        if found.taken == _FIRST:
            with found.tape.noting():
                return step(batch)
        if found.taken > _FIRST and found.graph is None and not self._refused:
            found.graph = self._captured(step, batch, found.tape)
        return step(batch) if found.graph is None else found.graph.replay(batch)

    def _captured(self, step: Step, batch: Batch, tape: Tape) -> Graph | None:
        """The graph; None, and said so, where none could be made: nothing has been computed then, and all goes on as before."""
        try:
            return self._made(step, batch, tape)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._refused = True
            reason = (str(error).splitlines() or ["no reason given"])[0]
            print(f"Steps are launched one kernel at a time, for they cannot be replayed as a CUDA graph here ({reason}).")
            return None

    def _made(self, step: Step, batch: Batch, tape: Tape) -> Graph:
        device = batch.real.device
        tape.lay_out(device)
        own = Batch(batch.real.clone(), sent(batch.rows, device).clone(), batch.dice, images=-1, done=float("nan"))
        graph = Graph(step, own, tape, self._pool)
        self._pool = graph.pool
        return graph


def at_once(step: Step, batch: Batch, kind: Hashable = ()) -> dict[str, Tensor]:
    """Take the step as it is written down."""
    return step(batch)


def player(setting: Setting) -> Callable[[Step, Batch, Hashable], dict[str, Tensor]]:
    """What takes a learner's steps in this setting: a graph where there is one GPU for one process, and speed is asked for."""
    return Replay() if setting.device.type == "cuda" and setting.fast and ranks.world() == 1 else at_once
