"""One process at a time decides about the champion, on whatever machine it runs: the registry itself is the lock.

No registry can compare and set at once, but all can keep a tag. Whoever wants in writes a claim as a tag of the registered
model, then reads all claims: of two that do both, at least one sees the other (Dekker's rule; two claims written and two
readings that miss them cannot be put in any order). One that sees another steps back or waits, by the claims' names.
"""

import itertools
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow import MlflowClient

PREFIX = "atelier.claim."
#: Seconds after which a claim that has stood unchanged before our eyes is one of the dead; and the most that a holder takes.
LEASE = 60.0
HOLD = 30.0
PAUSE = 0.2  # between two looks


class Held:
    """The right to decide, while it lasts."""

    def __init__(self) -> None:
        self._until = time.monotonic() + HOLD

    def check(self) -> None:
        """Raise `TimeoutError` where it took so long that others may soon take the holder for dead."""
        if time.monotonic() > self._until:
            raise TimeoutError(f"deciding took more than {HOLD:.0f} s, and was given up before anything was moved")


@contextmanager
def claimed(client: MlflowClient, name: str) -> Iterator[Held]:
    """Hold the registered model `name` alone for this block, which takes less than `HOLD` seconds."""
    mine = PREFIX + uuid.uuid4().hex[:12]
    try:
        _wait(client, name, mine)
        yield Held()
    finally:
        with suppress(Exception):  # what was decided stands; a claim that stays is found to be dead
            client.delete_registered_model_tag(name, mine)


def _wait(client: MlflowClient, name: str, mine: str) -> None:
    """Write the claim `mine` until it stands alone; of two that see each other, the one of the lower name goes first."""
    seen: dict[tuple[str, str], float] = {}
    for turn in itertools.count():
        client.set_registered_model_tag(name, mine, _holder(turn))  # written anew each time: who waits is alive
        others = _others(client, name, mine, seen)
        if not others:
            return
        if min(others) < mine:
            client.delete_registered_model_tag(name, mine)  # before anything else: the other one waits for it
            while any(other < mine for other in _others(client, name, mine, seen)):
                time.sleep(PAUSE)
        else:
            time.sleep(PAUSE)


def _others(client: MlflowClient, name: str, mine: str, seen: dict[tuple[str, str], float]) -> list[str]:
    """The claims of others that live. `seen`: since when we know of which; clocks of other machines are not asked."""
    living = []
    for key, value in client.get_registered_model(name).tags.items():
        if not key.startswith(PREFIX) or key == mine:
            continue
        if _gone(value) or time.monotonic() - seen.setdefault((key, value), time.monotonic()) > LEASE:
            client.delete_registered_model_tag(name, key)
        else:
            living.append(key)
    return living


def _holder(turn: int) -> str:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "place": _place(), "turn": turn})


def _gone(claim: str) -> bool:
    """Whether the claim is of a process of this very system that has ended; of others nobody here can know."""
    try:
        holder = json.loads(claim)
        if holder["place"] is None or holder["place"] != _place():
            return False
        return not Path(f"/proc/{int(holder['pid'])}").exists()
    except (ValueError, KeyError, TypeError):
        return False


def _place() -> str | None:
    """What names this system's processes, container and reboot included; None where that cannot be known."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None
