"""The installed packages: those that pyproject.toml asks for, without the pairs known to break, and as they were locked."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from tasks.doctor.base import Finding, listed

NAME = "versions"
LOCKS = (Path("requirements.lock"), Path("torch.lock"))
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def check(fix: bool) -> Finding:
    """A version that is asked for and not there is bad; one that only differs from the lock is to be looked at."""
    python = f"Python {sys.version.split()[0]}"
    if broken := [sentence for line in asked() if (sentence := _broken(Requirement(line)))]:
        return Finding(NAME, "bad", f"{listed(broken)}.", "make clean install")
    pins = locked()
    differ = [f"{name} {found} (locked: {pin})" for name, pin in pins.items() if (found := installed(name)) not in (pin, None)]
    missing = [name for name in pins if installed(name) is None]
    if differ or missing:
        what = listed([*differ, *(f"{name} is not installed" for name in missing)])
        return Finding(NAME, "warn", f"Other than requirements.lock says: {what}.", "make clean install")
    return Finding(NAME, "ok", f"{python}; {len(pins)} packages as they were locked.")


def asked() -> list[str]:
    """The requirements of pyproject.toml; its bounds leave out what is known to break (fastapi and Prefect, sqlalchemy)."""
    return list(tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])


def locked() -> dict[str, str]:
    """The version of every locked package."""
    return {name: pin for path in LOCKS if path.exists() for name, pin in _PIN.findall(path.read_text(encoding="utf-8"))}


def installed(name: str) -> str | None:
    """The version of a package that is installed, without what names its build (+cpu); None where it is not."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return None


def _broken(wanted: Requirement) -> str:
    found = installed(wanted.name)
    if found is None:
        return f"{wanted.name} is not installed"
    fits = wanted.specifier.contains(found, prereleases=True)
    return "" if fits else f"{wanted.name} {found} is known not to work here (needed: {wanted.specifier})"
