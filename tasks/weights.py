"""Fetch the official Inception weights, 95 MB, once: `python -m tasks.weights`. With them alone a score is called FID."""

import argparse
from pathlib import Path

from tasks import places
from tasks.cli import run


def weights(path: Path | None = None, url: str | None = None) -> str:
    """Fetch the file to `path`, places.WEIGHTS by itself, unless it lies there; what to do with it, as a sentence.

    Raises `AtelierError` where it cannot be had or is not the official one; that says where to put it by hand.
    """
    from ganlib.fetch import fetch
    from ganlib.metrics.extractors.inception import NAME, SHA256, URL

    path = path or places.WEIGHTS / NAME
    knobs = f"evaluate.extractor: inception and evaluate.weights: {path} in params.yaml"
    remedy = (
        f"Or fetch {NAME} by hand, on any machine, from the release fid_weights of github.com/mseitzer/pytorch-fid, put it at "
        f"{path}, and set {knobs}. The extractor lite0 needs nothing from the network."
    )
    new = fetch(url or URL, path, SHA256, remedy)
    return f"The official Inception weights {'are now at' if new else 'were already at'} {path}. To score with them, set {knobs}."


def main() -> None:
    """Fetch, and say what to do with it."""
    parser = argparse.ArgumentParser(prog="python -m tasks.weights", description=__doc__)
    parser.add_argument("--to", type=Path, metavar="FILE", help="where to put it; in weights/ where nothing is named")
    print(weights(parser.parse_args().to))


if __name__ == "__main__":
    run(main)
