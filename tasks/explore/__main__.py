"""The explorer: `python -m tasks.explore` opens a page on which a trained generator is asked for portraits."""

import argparse
import logging
import os
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run

HOST, PORT = "127.0.0.1", 8765
CACHE = places.RUNS / "explore"  # versions of the registry, fetched once each


def listening(port: int) -> socket.socket:
    """A socket of this machine only, at `port` (0: any free one). Raises `AtelierError` where the port is taken."""
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((HOST, port))
        place.listen(128)  # a browser that is quick waits, until the server below answers
    except OSError as error:
        place.close()
        raise AtelierError(
            f"{HOST}:{port}: expected a free port, and cannot listen there ({error.strerror}). The explorer may be open already; "
            "or name another port: --port 0 takes any."
        ) from None
    return place


def main() -> None:
    """Serve the page until Ctrl-C: --port, --model, --dataset, --no-browser."""
    parser = argparse.ArgumentParser(prog="python -m tasks.explore", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, choices=range(65536), metavar="PORT", help=f"{PORT} by itself; 0: any")
    parser.add_argument("--model", type=Path, default=places.MODEL, help="a model folder, instead of artifacts/model")
    parser.add_argument("--dataset", type=Path, default=places.DATASET, help="what it learnt from, instead of artifacts/dataset")
    parser.add_argument("--no-browser", action="store_true", help="only say where the page is")
    args = parser.parse_args()
    place = listening(args.port)
    import uvicorn

    from tasks.explore.app import create_app
    from tasks.explore.shelf import Shelf
    from tasks.explore.training import Training

    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    address = f"http://{HOST}:{place.getsockname()[1]}/"
    app = create_app(Shelf(args.model, CACHE), Training(args.dataset))
    print(f"The explorer is at {address} on this machine; Ctrl-C closes it.", flush=True)
    if not args.no_browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(address)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[place])
    print("The explorer is closed.")


if __name__ == "__main__":
    run(main)
