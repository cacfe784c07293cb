"""How soon the explorer answers: `python -m bench.explorer` asks its server as browsers do, over HTTP, at 64 pixels.

The network has the usual width and was never trained: what it draws costs the same. The server is a process of its own, so the
users' side does not share its interpreter.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch

from bench.row import processor
from ganlib.files import write_json
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.model import load_model, write_model
from tasks.cli import run

JSON = Path("metrics/explorer.json")
PORT, SIZE, LATENT, ASKED = 18766, 64, 64, 60
#: Milliseconds within which a picture is to be there.
CLAIMED = 100.0


def published(folder: Path) -> str:
    """A model of the usual width for 64 pixels; its digest."""
    method = Gan(network=Dcgan(latent=LATENT, width=64))
    torch.manual_seed(0)
    networks = {"generator": method.generator(SIZE, 3), "discriminator": method.judge(SIZE, 3)}
    folder.mkdir()
    write_model(folder, networks, method, {"dataset": "", "size": SIZE, "channels": 3, "latent": LATENT, "kimg": 0.0})
    return load_model(folder).digest


@contextmanager
def served(model: Path) -> Iterator[None]:
    """The explorer over this model, in a process of its own."""
    command = [sys.executable, "-m", "tasks.explore", "--no-browser", "--port", str(PORT), "--model", str(model)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                time.sleep(0.1)
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/model/local").close()
                    break
                except OSError:
                    continue
            yield
        finally:
            server.terminate()


def asked(digest: str, first: int, pictures: int = 1) -> float:
    """Milliseconds until so many pictures are there."""
    states = [{"first": {"seed": 1, "picture": first + place}} for place in range(pictures)]
    body = json.dumps({"model": "local", "digest": digest, "states": states}).encode()
    headers = {"content-type": "application/json"}
    question = urllib.request.Request(f"http://127.0.0.1:{PORT}/api/draw", body, headers)
    begun = time.perf_counter()
    with urllib.request.urlopen(question) as answer:  # noqa: S310  this machine's
        assert len(json.load(answer)["pictures"]) == pictures  # noqa: S101  or nothing was measured
    return 1000 * (time.perf_counter() - begun)


def together(work: Callable[[int], float], users: int) -> dict[str, float]:
    """So many users who ask one picture after another: milliseconds to a picture, and pictures a second of all of them."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(users) as pool:
        times = sorted(pool.map(work, range(ASKED)))
    return {
        "users": users,
        "median_ms": round(median(times), 1),
        "nineteen_of_twenty_ms": round(times[int(0.95 * len(times))], 1),
        "pictures_per_second": round(ASKED / (time.perf_counter() - begun), 1),
    }


def main() -> None:
    """Ask, print a line for each number of users, and write metrics/explorer.json."""
    argparse.ArgumentParser(prog="python -m bench.explorer", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as passing:
        digest = published(Path(passing) / "model")
        with served(Path(passing) / "model"):
            asked(digest, 0, 32)
            found: list[dict[str, Any]] = [together(lambda place: asked(digest, place), users) for users in (1, 4, 16)]
            around = median(asked(digest, 100 * turn, 24) for turn in range(5))
    for one in found:
        print(
            f"{one['users']:>3} users: a picture in {one['median_ms']:.0f} ms, 19 of 20 in {one['nineteen_of_twenty_ms']:.0f}, "
            f"{one['pictures_per_second']:.0f} a second"
        )
    print(f"the 24 pictures around one: {around:.0f} ms")
    claim = {"claimed_ms": CLAIMED, "holds": found[0]["median_ms"] <= CLAIMED}
    about = {"machine": processor(), "size": SIZE, **claim, "users": found, "around_ms": round(around, 1)}
    write_json(JSON, about)
    print(f"{'Holds' if claim['holds'] else 'MISSED'}: a picture within {CLAIMED:.0f} ms. Written to {JSON}.")


if __name__ == "__main__":
    run(main)
