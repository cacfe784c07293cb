"""What a claim about speed is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Contest:
    """Peer and ours, both ready to run again and again, having been found to compute the same.

    same: how that was found, in words. times: how often the peer's work is to be done for ours to be done once. counted:
    whether the work of ours is products and sums that a ceiling can be set for. check: raises where ours, having run, did not do
    all of it. errors: works out how far off peer and ours are, as shares of a reference, where there is one.
    """

    peer: Callable[[], object]
    ours: Callable[[], object]
    same: str
    times: float = 1.0
    counted: bool = True
    check: Callable[[], None] = lambda: None
    errors: Callable[[], tuple[float, float]] | None = None


@dataclass(frozen=True)
class Claim:
    """`name` in `mode` (float32, bf16, float64) is done `at_least` so many times faster than by `peer`.

    prepare: builds the contest; raises `NotTheSame` where the two do not agree, `NotHere` where this machine cannot do it.
    needs: a package that is not installed everywhere.
    """

    name: str
    mode: str
    peer: str
    at_least: float
    prepare: Callable[[], Contest]
    rounds: int = 5
    needs: str | None = None


class NotTheSame(AssertionError):
    """Peer and ours compute different things: a comparison of their speed would mean nothing."""


class NotHere(Exception):
    """A claim that nothing can be said about on this machine: it says why."""


def expect_close(what: str, difference: float, limit: float) -> None:
    """Raise `NotTheSame` where the difference is above its limit."""
    if not difference <= limit:
        raise NotTheSame(f"{what}: expected a difference of at most {limit:g}, found {difference:g}; no time was taken.")
