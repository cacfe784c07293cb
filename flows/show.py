"""What a person wants to see of a run in Prefect's pages: verdicts, pictures, scores."""

import base64
import functools
import json
from collections.abc import Callable
from pathlib import Path

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from tasks import places, report

#: Beyond this a picture is named, not shown: the server keeps artifacts in its database.
LARGEST = 2_000_000


def _harmless(show: Callable[[], None]) -> Callable[[], None]:
    """What cannot be shown is said in the log; it does not cost a night's work."""

    @functools.wraps(show)
    def shown() -> None:
        try:
            show()
        except Exception as error:
            get_run_logger().warning(f"Could not show the {show.__name__}: {error!r}")

    return shown


@_harmless
def verdicts() -> None:
    """A table: how many pictures were kept, and how many were set aside for which reason."""
    info = json.loads((places.DATASET / "dataset.json").read_text())
    rows = [{"verdict": "kept", "reason": "", "pictures": info["kept"]}]
    rows += [{"verdict": "set aside", "reason": reason, "pictures": count} for reason, count in sorted(info["set_aside"].items())]
    create_table_artifact(
        rows, key="verdicts", description=f"Data set {info['digest']}: {info['train']} to train on, {info['heldout']} held out."
    )


@_harmless
def samples() -> None:
    """The grid of generated pictures, inside the page itself: nothing has to be served for it."""
    grid = places.SAMPLES / "grid.png"
    create_markdown_artifact(
        f"![generated pictures]({_inline(grid)})\n\n`{grid}`", key="samples", description="Drawn by the generator."
    )


@_harmless
def scores() -> None:
    """The table of scores, each with its error and with what real pictures score against real ones."""
    create_table_artifact(report.rows(json.loads(places.SCORES.read_text())), key="scores", description=f"`{places.SCORES}`")


def branch(name: str | None) -> None:
    """Which branch holds the new result, if there is one."""
    line = f"The new result is in the branch {name}: git merge {name}" if name else "Nothing new: no branch."
    print(line, flush=True)
    get_run_logger().info(line)


def _inline(picture: Path) -> str:
    data = picture.read_bytes()
    return "data:image/png;base64," + base64.b64encode(data).decode() if len(data) <= LARGEST else picture.resolve().as_uri()
