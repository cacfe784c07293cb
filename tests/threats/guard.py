"""A guard in every Python process below: what it connects to is written down, and refused if it is not this machine."""

import sys
from pathlib import Path

from conftest import Workspace

SITE = """
import ipaddress, os, sys

def _watch(event, args):
    if event == "socket.connect":
        address = args[1]
    elif event == "socket.getaddrinfo":
        address = (args[0], args[1])
    else:
        return
    if not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    try:
        near = host in (None, "", "localhost") or ipaddress.ip_address(host.split("%")[0]).is_loopback
        near = near or ipaddress.ip_address(host.split("%")[0]).is_unspecified
    except ValueError:
        near = host == __import__("socket").gethostname()
    with open(os.environ["GUARD_LOG"], "a") as log:
        log.write(f"{'near' if near else 'FAR'} {event} {host} {' '.join(sys.argv[:3])}\\n")
    if not near:
        raise PermissionError(f"guard: {event} to {host}")

if "GUARD_LOG" in os.environ:
    sys.addaudithook(_watch)
"""


def guarded(workspace: Workspace, place: Path) -> Path:
    """Let every Python that is started in the workspace be watched; the file in which what it connects to is written down."""
    site = place / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    log = place / "connections.log"
    log.touch()
    workspace.variables |= {"PYTHONPATH": f"{site}:{workspace.folder}", "GUARD_LOG": str(log)}
    return log


def far(log: Path) -> list[str]:
    """What was connected to, or looked up, that is not this machine."""
    return [line for line in log.read_text().splitlines() if line.startswith("FAR")]


def alone(*command: str) -> tuple[str, ...] | None:
    """The command in a network of its own that holds nothing but this machine; None where that cannot be had."""
    import shutil
    import subprocess

    if not (shutil.which("unshare") and shutil.which("ip")):
        return None
    own = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    return (*own, *command) if subprocess.run([*own, sys.executable, "-c", ""], capture_output=True).returncode == 0 else None
