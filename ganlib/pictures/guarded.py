"""The process that decodes for others: `python -m ganlib.pictures.guarded`, started by `ganlib.pictures.guard`.

What may happen to it happens to nobody else: it may use so much memory and so much time for a picture, and dies of more. It reads
a line of JSON, then the files that the line announces; it answers a line for each, and the pixels, if there are any. Before all
else it says that it is ready.
"""

import json
import os
import resource
import signal
import sys
import traceback
from typing import IO, Any

from ganlib.pictures.decode import Refused, examine


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Decode until there is nothing more to read."""
    free, (_, most) = _used(), resource.getrlimit(resource.RLIMIT_AS)
    answers.write(b"ready\n")
    answers.flush()
    while line := questions.readline():
        asked = json.loads(line)
        allowed = free + asked["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (allowed if most == resource.RLIM_INFINITY else min(allowed, most), most))
        files = [(name, questions.read(size)) for name, size in asked["files"]]
        for name, data in files:
            signal.setitimer(signal.ITIMER_REAL, asked["seconds"])  # its signal ends a process that does not heed it
            answer, pixels = _decode(name, data, asked)
            signal.setitimer(signal.ITIMER_REAL, 0)
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.write(pixels)
            answers.flush()


def _decode(name: str, data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        found = examine(name, data, asked["mode"], tuple(asked["background"]), asked["near"])
        about = {"width": found.width, "height": found.height, "lossless": found.lossless, "notes": found.notes}
        return {"shape": found.pixels.shape, **about}, found.pixels.tobytes()
    except Refused as refusal:
        return {"refused": refusal.reason}, b""
    except MemoryError:
        return {"refused": "too-much-memory"}, b""
    except Exception:
        return {"failed": traceback.format_exc()}, b""


def _used() -> int:
    """Bytes of addresses that this process has taken."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when it ends
    import PIL.Image

    PIL.Image.init()
    with os.fdopen(os.dup(1), "wb") as stream:
        os.dup2(2, 1)  # a library that prints must not answer
        serve(sys.stdin.buffer, stream)
