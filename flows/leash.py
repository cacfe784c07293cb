"""Run a command that cannot outlive whoever asked for it: `python flows/leash.py COMMAND...`.

The caller holds the other end of this process's standard input. When the caller ends, however it ends (kill -9 included), the
system closes that end; the command and everything that it started are then interrupted as by Ctrl-C, and killed if they
will not go. Standard library only, and run by path: it must start at once.
"""

import os
import signal
import subprocess
import sys
import threading

#: Seconds between the polite signal and the one that cannot be refused: enough to write a checkpoint.
GRACE = 20.0


def main(command: list[str]) -> int:
    """Run `command` in this process's group until it ends or the caller is gone; its exit code, as a shell gives it."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # a group of its own: what ends it must end nobody else
    for number in (signal.SIGINT, signal.SIGTERM):
        # Signals to the group are meant for the command. Caught, not ignored: what is ignored stays ignored in a child.
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    alone, ended = threading.Event(), threading.Event()
    end = threading.Thread(target=_end_group, args=(alone, ended), daemon=True)
    end.start()
    code = child.wait()
    ended.set()
    if alone.is_set():
        end.join()
    return code if code >= 0 else 128 - code


def _end_group(alone: threading.Event, ended: threading.Event) -> None:
    os.read(0, 1)  # returns when nobody holds the other end any more: nothing is ever written to it
    alone.set()
    os.killpg(0, signal.SIGINT)
    ended.wait(GRACE)
    os.killpg(0, signal.SIGKILL)  # whatever is left, and this process, which is one of the group


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
