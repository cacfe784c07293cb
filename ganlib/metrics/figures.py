"""Figures as files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ganlib.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    write_bytes(path, stream.getvalue())
