"""Two pictures of an evaluation: how the Fréchet distance falls with the number of pictures, and shares against their floors."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganlib.metrics.evaluate import Evaluation
from ganlib.metrics.extrapolation import Extrapolation
from ganlib.metrics.figures import save as save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHARES = ("precision", "recall", "density", "coverage")


def write_plots(evaluation: Evaluation, folder: Path) -> None:
    """Write frechet.png and neighbours.png; the same evaluation gives the same bytes."""
    save(frechet_plot(evaluation), folder / "frechet.png")
    save(neighbours_plot(evaluation), folder / "neighbours.png")


def frechet_plot(evaluation: Evaluation) -> "Figure":
    """The distance against 1/N, with the line that is read off at 1/N = 0, for generated pictures and for real ones."""
    figure, axes = _figure()
    curve, floor = evaluation.case.curve, evaluation.floors.curve
    _draw_curve(axes, curve, "generated", "tab:blue")
    _draw_curve(axes, floor, "real in their place (floor)", "tab:grey")
    sizes = curve.sizes
    axes.set_xticks([0, *(1 / size for size in sizes)], ["0", *(f"1/{size:,.0f}" for size in sizes)])
    axes.set(xlabel="1 / number of pictures", ylabel=evaluation.scores[0].name)
    axes.set_title("Fréchet distance, and its limit for endless pictures")
    axes.set_xlim(left=-0.02 / sizes[-1])
    axes.set_ylim(bottom=min(0.0, curve.limit, floor.limit))
    axes.legend()
    return figure


def neighbours_plot(evaluation: Evaluation) -> "Figure":
    """Precision, recall, density and coverage as bars with their errors; a line where real pictures stand."""
    scores = [score for score in evaluation.scores if score.name in SHARES]
    figure, axes = _figure()
    places = np.arange(len(scores))
    values, errors = [score.value for score in scores], [score.error for score in scores]
    bars = axes.bar(places, values, yerr=errors, capsize=4, color="tab:blue", width=0.6, label="generated")
    axes.bar_label(bars, fmt="%.2f", padding=4)
    floors = [score.floor or 0.0 for score in scores]
    axes.hlines(floors, places - 0.4, places + 0.4, colors="black", linestyles="dashed", label="real (floor)")
    axes.set_xticks(places, [score.name for score in scores])
    axes.set(ylim=(0, 1.25 * max(1.0, *values, *floors)), title="Nearest neighbours: more is better")
    axes.legend(loc="upper right", ncols=2)
    return figure


def _draw_curve(axes: "Axes", curve: Extrapolation, label: str, colour: str) -> None:
    places = 1 / np.array(curve.sizes)
    line = np.array([0, places.max()])
    axes.plot(line, curve.limit + curve.slope * line, color=colour, linewidth=1)
    axes.plot(places, curve.distances, "o", color=colour, label=label)
    axes.errorbar([0], [curve.limit], yerr=[curve.limit_error], fmt="D", color=colour, capsize=4)


def _figure() -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes
