"""The evidence of a diagnosis as a picture: distance, variety, what the discriminator thinks, gradients; each over the run."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganlib.metrics.diagnosis import Diagnosis
from ganlib.metrics.diagnosis.base import Evidence, Lines
from ganlib.metrics.diagnosis.thresholds import UNLIKE, VARIETY
from ganlib.metrics.figures import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY, _GREEN = "tab:blue", "tab:orange", "tab:grey", "tab:green"


def write_plot(run: Evidence, diagnosis: Diagnosis, path: Path) -> None:
    """Write the PNG; the same evidence gives the same bytes."""
    save(diagnosis_plot(run, diagnosis), path)


def diagnosis_plot(run: Evidence, diagnosis: Diagnosis) -> "Figure":
    """Four panels below the verdict."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 6.6), layout="constrained")
    figure.suptitle(textwrap.fill(diagnosis.verdict, 110), fontsize=11, color="black" if diagnosis.healthy else "tab:red")
    panels = figure.subplots(2, 2).flat
    for axes, draw in zip(panels, (_distances, _variety, _judgement, _gradients), strict=True):
        axes.grid(alpha=0.3)
        axes.set_xlabel("thousand pictures shown")
        draw(axes, run)
        if axes.lines:
            axes.legend(fontsize=8)
        else:
            axes.text(0.5, 0.5, "not taken", ha="center", transform=axes.transAxes)
    return figure


def _distances(axes: "Axes", run: Evidence) -> None:
    axes.set_title("Fréchet distance, times that of real pictures")
    for view, label, colour in (("quick", "features", _BLUE), ("coarse", "coarse pixels", _ORANGE)):
        x, values = _points(run.looks, f"{view}_fd")
        _, floors = _points(run.looks, f"{view}_fd_floor")
        if len(values):
            axes.semilogy(x, values / np.maximum(floors, 1e-12), "o-", color=colour, label=label, markersize=3)
            axes.axhline(1, color=_GREY, linestyle="dashed")


def _variety(axes: "Axes", run: Evidence) -> None:
    axes.set_title("In coarse pixels, as a share of real pictures")
    _line(axes, run.looks, "coarse_diversity", "variety", _BLUE)
    x, covered = _points(run.looks, "coarse_coverage")
    _, floors = _points(run.looks, "coarse_coverage_floor")
    if len(covered):
        axes.plot(x, covered / np.maximum(floors, 1e-12), "o-", color=_ORANGE, label="covered", markersize=3)
        axes.axhline(VARIETY, color=_BLUE, linestyle="dotted")
        axes.axhline(UNLIKE, color=_ORANGE, linestyle="dotted")
        axes.set_ylim(0, 1.3)


def _judgement(axes: "Axes", run: Evidence) -> None:
    axes.set_title("Mean scores of the discriminator")
    for kind, colour in (("train", _BLUE), ("heldout", _GREEN), ("generated", _ORANGE)):
        _line(axes, run.looks, f"score_{kind}", kind, colour)


def _gradients(axes: "Axes", run: Evidence) -> None:
    axes.set_title("Norms of gradients")
    for name, label, colour in (
        ("gradient_d", "discriminator", _BLUE),
        ("gradient_g", "generator", _ORANGE),
        ("gradient", "network", _BLUE),
    ):
        _line(axes, run.history, name, label, colour, "-")
    if axes.lines:
        axes.set_yscale("log")


def _line(axes: "Axes", lines: Lines, name: str, label: str, colour: str, style: str = "o-") -> None:
    x, values = _points(lines, name)
    if len(values):
        axes.plot(x, values, style, color=colour, label=label, markersize=3)


def _points(lines: Lines, name: str) -> "tuple[np.ndarray, np.ndarray]":
    """Where a number has been taken, in thousands of pictures, and its finite values."""
    points = [(line["kimg"], line[name]) for line in lines if isinstance(line.get(name), (int, float))]
    x, values = np.array(points, dtype=float).reshape(-1, 2).T
    return x, values
