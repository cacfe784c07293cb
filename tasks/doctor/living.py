"""The processes of this folder: which ones are at work, and which ones outlived the one that started them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

#: What the command line of a process of ours contains, one of them.
_OURS = ("tasks.", "flows.", "flows/leash.py", "-m dvc", "/dvc ")
#: Left in the environment by who started it, and in the command line of an ancestor that lives.
_STARTED_BY = {"DVC_STAGE": ("dvc",), "ATELIER_PROGRESS_FILE": ("flows.", "prefect")}


def working() -> list[psutil.Process]:
    """Processes of ours whose current folder is this one, but for this process and those that it belongs to."""
    me = psutil.Process()
    family = {me.pid, *(one.pid for one in me.parents()), *(one.pid for one in me.children(recursive=True))}
    return [process for process in _here() if process.pid not in family]


def orphans() -> list[psutil.Process]:
    """Those of them that a DVC or a flow started which lives no more."""
    return [process for process in working() if _is_orphan(process)]


def command(process: psutil.Process) -> str:
    """Its command line, empty where it is gone or hidden."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def alive(pid: int) -> bool:
    """Whether a process of this number is one of ours."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(sign in f"{command(process)} " for sign in _OURS)
    return False


def inhabited(folder: Path) -> bool:
    """Whether a process has its current folder in this one, as far as this user may know."""
    root = folder.resolve()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(root):
                return True
    return False


def _here() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.uids().real == os.getuid() and Path(process.cwd()) == Path.cwd() and alive(process.pid):
                yield process


def _is_orphan(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        environment = process.environ()
        above = [command(one) for one in process.parents()]
        return any(
            name in environment and not any(sign in line for line in above for sign in signs)
            for name, signs in _STARTED_BY.items()
        )
    return False
