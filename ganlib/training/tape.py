"""What a step rolls, noted down: a step that is replayed is given the same kind of numbers, rolled anew, in the same places."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

Roll = Callable[..., Tensor]  # torch.rand or torch.randn

_tape: "Tape | None" = None  # what is rolled now is noted on it


class Tape:
    """First it notes what a step rolls, then it stands in for the dice: the step finds every roll in a place of its own on the
    device, which `fill` rolls full for as many steps as there are."""

    def __init__(self) -> None:
        self.rolls: list[tuple[Roll, tuple[int, ...]]] = []
        self.places: Tensor | None = None
        self._next = 0

    @contextmanager
    def noting(self) -> Iterator[None]:
        """What is rolled in the block is noted, or found in its place if there are places by now."""
        global _tape
        before, _tape, self._next = _tape, self, 0
        try:
            yield
        finally:
            _tape = before

    def lay_out(self, device: torch.device) -> None:
        """Give every roll that was noted its place on the device."""
        self.places = torch.empty(sum(_numbers(shape) for _, shape in self.rolls), device=device)

    def fill(self, dice: torch.Generator) -> None:
        """Roll for one more step, on the CPU as a step that is not replayed does, and send it all at once."""
        assert self.places is not None  # noqa: S101
        rolled = torch.empty(len(self.places), pin_memory=self.places.is_cuda)
        start = 0
        for roll, shape in self.rolls:
            end = start + _numbers(shape)
            roll(*shape, generator=dice, out=rolled[start:end].view(shape))
            start = end
        self.places.copy_(rolled, non_blocking=True)

    def place(self, roll: Roll, shape: tuple[int, ...]) -> Tensor | None:
        """Where the roll is found; None while it is only noted. Raises `RuntimeError` where the step rolls otherwise."""
        if self.places is None:
            self.rolls.append((roll, shape))
            return None
        if self._next >= len(self.rolls) or self.rolls[self._next] != (roll, shape):
            raise RuntimeError(f"a step that is to be replayed rolls {shape}, which it did not before")
        start = sum(_numbers(before) for _, before in self.rolls[: self._next])
        self._next += 1
        return self.places[start : start + _numbers(shape)].view(shape)


def noted(roll: Roll, shape: tuple[int, ...]) -> Tensor | None:
    """The place of a roll on the tape that stands in for the dice, if one does."""
    return None if _tape is None else _tape.place(roll, shape)


def _numbers(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()
