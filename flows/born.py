"""Which process it was that had a number: numbers come again, and the clock by which its start is told may be set."""

from pathlib import Path

_SYSTEM = Path("/proc/sys/kernel/random/boot_id")
#: Where the start stands in /proc/<pid>/stat, counted from what follows the program's name.
_START = 19


def born(pid: int) -> str | None:
    """The system's start and the ticks from there to the process's; None where the system does not tell (not Linux) or it is
    gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{_SYSTEM.read_text().strip()} {after_name[_START]}"
    except (OSError, IndexError):
        return None
