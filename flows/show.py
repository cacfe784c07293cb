"""What a person wants to see of a run in Prefect's pages: verdicts, pictures, scores."""

import base64
import csv
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from flows.branch import Branch
from flows.gauge import key_of
from flows.reach import server_is_away
from tasks import curate, places, promote, report

#: Beyond this a picture is named, not shown: the server keeps artifacts in its database.
LARGEST = 2_000_000

P = ParamSpec("P")


def _harmless(show: Callable[P, None]) -> Callable[P, None]:
    """What cannot be shown is said in the log; it does not cost a night's work, nor, where no server answers, its time."""

    @functools.wraps(show)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        if server_is_away():
            print(f"Prefect's server does not answer: the {show.__name__} will not be on its pages.", flush=True)
            return
        try:
            show(*args, **kwargs)
        except Exception as error:
            get_run_logger().warning(f"Could not show the {show.__name__}: {error!r}")

    return shown


@_harmless
def verdicts() -> None:
    """A table: how many pictures were kept, how many were set aside for which reason; and the drift from the last data set."""
    info = json.loads((places.DATASET / "dataset.json").read_text())
    rows = [{"verdict": "kept", "reason": "", "pictures": info["kept"]}]
    rows += [{"verdict": "set aside", "reason": reason, "pictures": count} for reason, count in sorted(info["set_aside"].items())]
    drift = ", ".join(f"{name} {value:.6g}" for name, value in curate.drift_to(info["digest"]).items())
    held = f"Data set {info['digest']}: {info['train']} to train on, {info['heldout']} held out."
    create_table_artifact(rows, key="verdicts", description=f"{held} Since the last one: {drift}." if drift else held)


@_harmless
def samples() -> None:
    """The grid of generated pictures, inside the page itself: nothing has to be served for it."""
    _picture(places.SAMPLES / "grid.png", "samples", "Drawn by the generator.")


@_harmless
def scores() -> None:
    """The table of scores, each with its error and with what real pictures score against real ones."""
    create_table_artifact(report.rows(json.loads(places.SCORES.read_text())), key="scores", description=f"`{places.SCORES}`")


@_harmless
def diagnosis() -> None:
    """The verdict on the training and what to change, with the evidence as a picture."""
    found = json.loads(places.DIAGNOSIS.read_text())
    advice = "\n".join(f"- **{finding['name']}**: {finding['sentence']} {finding['remedy']}" for finding in found["findings"])
    plot = _inline(places.PLOTS / "diagnosis.png")
    text = f"**{found['verdict']}**\n\n{advice}\n\n![The evidence]({plot})\n\n`{places.DIAGNOSIS}`"
    create_markdown_artifact(text, key="diagnosis", description="What ails the model, if anything.")


@_harmless
def comparison(results: Path) -> None:
    """The table of a comparison, its box plot, its contact sheet."""
    preset = results.parent.name
    with (results / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    create_table_artifact(rows, key=key_of(preset, "table"), description=f"`{results / 'table.csv'}`, the best method first.")
    _picture(results / "distances.png", key_of(preset, "distances"), "Distance to real pictures, a box a method.")
    _picture(results / "samples.png", key_of(preset, "samples"), "A row a method, drawn from the same codes.")


@_harmless
def page() -> None:
    """Where the page lies that a person reads, with the last decision about the champion in it."""
    path = report.complete()
    create_markdown_artifact(f"`{path}`", key="report", description="One page with all of it, to be opened in a browser.")


@_harmless
def control() -> None:
    """A table: for each attribute that can be asked for, whether it is drawn; nothing for a model that cannot be asked."""
    found = json.loads(places.CONTROL.read_text())
    rows = [
        {"attribute": name, **{key: value for key, value in entry.items() if key != "changes_else"}}
        for name, entry in found.items()
        if name not in ("withheld", "caption")
    ]
    if rows:
        create_table_artifact(rows, key="control", description=f"What is asked for and what is drawn: `{places.CONTROL}`.")


@_harmless
def champion() -> None:
    """Whether the new generator became the champion, why or why not, and the scores that were compared."""
    found = promote.last()
    told = "is the champion" if found["promoted"] else "did not become the champion"
    head = f"**{found['candidate']} {told}.**" + (f" Measured against: {found['champion']}." if found["champion"] else "")
    reasons = "\n".join(f"- {reason}" for reason in found["reasons"])
    score = found["score"]
    table = (
        f"\n\n| {score['name']} | new | old | gain | standard error |\n|---|---|---|---|---|\n"
        f"| | {score['new']:.5g} | {score['old']:.5g} | {score['gain']:.3g} | {score['error']:.3g} |"
        if score
        else ""
    )
    create_markdown_artifact(f"{head}\n\n{reasons}{table}", key="champion", description=f"{found['candidate']} {told}.")


def branch(made: Branch | None) -> None:
    """Which branch holds the new result, if there is one; how to merge it, and what it lacks."""
    if made is None:
        _say("Nothing new: no branch.")
        return
    _say(f"The new result is in the branch {made.name}, and lies here, too. To merge it: {made.merge}")
    _say("What lay here is then in git's stash; git stash drop, if nothing was changed since.")
    if made.missing:
        _say(f"{made.name}: {made.missing}")


def _say(line: str) -> None:
    print(line, flush=True)
    get_run_logger().info(line)


def _picture(path: Path, key: str, description: str) -> None:
    create_markdown_artifact(f"![{description}]({_inline(path)})\n\n`{path}`", key=key, description=description)


def _inline(picture: Path) -> str:
    data = picture.read_bytes()
    return "data:image/png;base64," + base64.b64encode(data).decode() if len(data) <= LARGEST else picture.resolve().as_uri()
