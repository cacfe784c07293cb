"""A tiny project with everything in it that files can be handed to."""

import sys

import numpy as np
from conftest import Workspace
from test_evaluate import store


def trained(workspace: Workspace) -> Workspace:
    """Sixty pictures, a model trained on them for a moment, some that it drew."""
    dice = np.random.default_rng(0)
    pictures = dice.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    store(workspace.folder / "artifacts" / "dataset", pictures[:50], pictures[50:])
    for step in ("train", "sample"):
        workspace.run(sys.executable, "-m", f"tasks.{step}")
    return workspace
