"""What a check finds, and how checks are made so that none of them keeps a person from the others."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ganlib.errors import AtelierError

State = Literal["ok", "warn", "bad"]
_ORDER: tuple[State, ...] = ("ok", "warn", "bad")


@dataclass(frozen=True)
class Finding:
    """name: of the check. found: what is so. advice: what to do about it, empty where nothing is. fixed: what was done."""

    name: str
    state: State
    found: str
    advice: str = ""
    fixed: tuple[str, ...] = ()


def examine(modules: Sequence[str], fix: bool) -> Iterator[Finding]:
    """The findings of the modules' `check`s, in turn. Never raises: what cannot be checked is said to be so."""
    for module in modules:
        name = module.rpartition(".")[2]
        try:
            yield importlib.import_module(module).check(fix)
        except AtelierError as error:
            first, *_ = str(error).splitlines()
            yield Finding(name, "bad", first, "Do what it says, then ask again.")
        except ImportError as error:
            yield Finding(name, "bad", f"Could not be checked: {error}.", "make install")
        except Exception as error:
            yield Finding(name, "warn", f"Could not be checked ({type(error).__name__}: {_short(error)}).", "See what it names.")


def exit_code(findings: Sequence[Finding]) -> int:
    """0 where all is well, 1 where something is to be looked at, 2 where something is broken."""
    return max((_ORDER.index(finding.state) for finding in findings), default=0)


def listed(things: Sequence[object], most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return ", ".join(str(thing) for thing in things[:most]) + more


def _short(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:200]
