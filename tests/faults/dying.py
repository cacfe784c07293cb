"""Processes that really die: children of this one, which has imported everything already, and what they are killed at."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest


def death_of(work: Callable[[], None], patience: float = 60.0) -> int:
    """Do the work in a child; the signal that it died of, 0 if it came to its end. Fails the test if it takes longer."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
            return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail(f"the child was still alive after {patience:g} s")


def die() -> None:
    """kill -9, by its own hand: nothing gets to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(place: Any, name: str, call: int, first: Callable[..., None] | None = None) -> None:
    """From now on this process dies at the `call`-th call (from 1 on) of `place.name`, before anything of it is done.

    first: what is still done then, given the call's arguments, such as half of it.
    """
    whole, calls = getattr(place, name), [0]

    def struck(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            if first:
                first(*args, **kwargs)
            die()
        return whole(*args, **kwargs)

    setattr(place, name, struck)
