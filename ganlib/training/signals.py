"""A polite stop: the first SIGTERM or Ctrl-C lets the step end and a checkpoint be written, the second leaves at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Which signal asked the run to stop, if any."""

    signal: int | None = None


@contextmanager
def politely() -> Iterator[Stop]:
    """Note SIGTERM and SIGINT in the `Stop` that is yielded, instead of dying of them."""
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        for name, handler in before.items():
            signal.signal(name, handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
