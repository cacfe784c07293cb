"""The closing figure of the lecture: the distance to real pictures, a box a kind of method, as Lucic et al. 2018 show it."""

from typing import TYPE_CHECKING

from ganlib.comparison.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 10  # trials of a method up to which each one is shown as a point
_WIDE = 10.0  # the highest distance over the lowest from which on the axis is logarithmic


def box_plot(table: Table, order: list[str]) -> "Figure":
    """A box for each method, named in `order`, with its trials as points; a dashed line where real pictures stand.

    A box reaches from the first quartile to the third, its whiskers to the last trials; a method that failed leaves its place
    empty.
    """
    from matplotlib.figure import Figure

    values = [next(row.values for row in table.rows if row.method == method) for method in order]
    places = range(1, len(order) + 1)
    figure = Figure(figsize=(max(6.4, 1.2 + 0.62 * len(order)), 4.6), layout="constrained")
    axes = figure.subplots()
    boxes = axes.boxplot(values, positions=places, widths=0.6, whis=(0, 100), showfliers=False, patch_artist=True)
    for box in boxes["boxes"]:
        box.set(facecolor="tab:blue", alpha=0.35)
    for line in boxes["medians"]:
        line.set(color="black")
    for place, trials in zip(places, values, strict=True):
        if len(trials) <= FEW:
            axes.plot([place] * len(trials), trials, "o", color="tab:blue", markersize=4)
        if not trials:
            axes.annotate("failed", (place, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="center", va="center")
    known = [value for trials in values for value in trials]
    floor = table.floors.get(table.headline)
    if floor is not None:
        axes.axhline(floor, color="black", linestyle="dashed", linewidth=1, label="real pictures (floor)")
        axes.legend()
    if floor and max(known) > _WIDE * min(known):
        axes.set_yscale("log")
    elif known:
        axes.set_ylim(bottom=0)
    axes.set_xticks(places, order, rotation=40, ha="right", rotation_mode="anchor")
    axes.set(ylabel=f"{table.headline}, lower is better", title=f"After {table.kimg:g} thousand pictures shown")
    axes.grid(axis="y", alpha=0.3)
    return figure
