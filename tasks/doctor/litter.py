"""Files and folders that a killed process left half written."""

from tasks import litter
from tasks.doctor.base import Finding, listed
from tasks.doctor.living import working

NAME = "litter"


def check(fix: bool) -> Finding:
    """Looked for only while nobody works here: who does writes such files himself."""
    if working():
        return Finding(NAME, "ok", "Not looked for while processes are at work here.")
    found = litter.litter()
    if not found:
        return Finding(NAME, "ok", "None.")
    what = f"Left half written: {listed(found)} ({litter.gigabytes(sum(map(litter.size_of, found)))})."
    if not fix:
        return Finding(NAME, "warn", what, "python -m flows.doctor --fix")
    for path in found:
        litter.remove(path)
    return Finding(NAME, "ok", what, "", tuple(f"{path} removed" for path in found))
