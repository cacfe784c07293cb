"""Where a claim puts the files that it measures with."""

import atexit
import shutil
import tempfile
from pathlib import Path


def temporary() -> Path:
    """A new folder, which is removed when the interpreter ends."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
