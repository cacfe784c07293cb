"""A step that a GPU replays: all its kernels are launched at once, as one CUDA graph, rather than one by one by Python.

A step of a small network is some hundreds of kernels of a few microseconds each, and Python takes longer to launch one than the
GPU to run it. The graph has the same kernels on the same numbers, so that its results have the same bits.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
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
        # Where a capture fails torch leaves its stream in place, and its allocator waiting for the end.
        with torch.cuda.stream(torch.cuda.current_stream()):
            try:
                with torch.cuda.graph(self._graph, pool=pool), tape.noting():
                    self.seen = step(batch)
            except RuntimeError:
                if pool is not None:
                    with suppress(RuntimeError):
                        torch._C._cuda_endAllocateToPool(batch.real.device.index or 0, (pool[0], pool[1]))
                raise

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
        """The graph; None, and said so, where none could be made: for lack of memory, say. Nothing has been computed then."""
        try:
            return self._made(step, batch, tape)
        except RuntimeError as error:
            self._refused = True
            reason = (str(_first(error)).splitlines() or ["no reason given"])[0]
            print(f"A step is launched one kernel at a time, for it cannot be replayed as a CUDA graph ({reason}).")
            return None

    def _made(self, step: Step, batch: Batch, tape: Tape) -> Graph:
        device = batch.real.device
        if self._pool is None and device.type == "cuda":
            self._pool = torch.cuda.graph_pool_handle()
        tape.lay_out(device)
        own = Batch(batch.real.clone(), sent(batch.rows, device).clone(), batch.dice, images=-1, done=float("nan"))
        return Graph(step, own, tape, self._pool)


def _first(error: BaseException) -> BaseException:
    """What went wrong first: leaving a block that captures fails as well, and hides it."""
    return error if error.__context__ is None else _first(error.__context__)


def at_once(step: Step, batch: Batch, kind: Hashable = ()) -> dict[str, Tensor]:
    """Take the step as it is written down."""
    return step(batch)


def player(setting: Setting) -> Callable[[Step, Batch, Hashable], dict[str, Tensor]]:
    """What takes a learner's steps in this setting: a graph where there is one GPU for one process, and speed is asked for."""
    return Replay() if setting.device.type == "cuda" and setting.fast and ranks.world() == 1 else at_once
