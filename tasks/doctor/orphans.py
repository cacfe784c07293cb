"""Processes that outlived the DVC or the flow that started them: they work for nobody, and hold locks and memory."""

import psutil

from tasks.doctor.base import Finding, listed
from tasks.doctor.living import command, orphans, working

NAME = "orphans"
GRACE = 30.0  # seconds to write a checkpoint


def check(fix: bool) -> Finding:
    """With `fix` they are asked to end (a training writes a checkpoint), then made to."""
    found = orphans()
    if not found:
        others = len(working())
        return Finding(NAME, "ok", f"None; {others} processes are at work here." if others else "None; nothing is at work here.")
    named = listed([f"{process.pid} ({command(process)[-60:]})" for process in found])
    if not fix:
        return Finding(NAME, "bad", f"Whoever started them is dead: {named}.", "python -m flows.doctor --fix")
    numbers = [process.pid for process in found]
    _end(found)
    return Finding(NAME, "ok", f"Whoever started them is dead: {named}.", "", tuple(f"process {pid} ended" for pid in numbers))


def _end(found: list[psutil.Process]) -> None:
    for process in found:
        process.terminate()
    _, left = psutil.wait_procs(found, timeout=GRACE)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)
