"""What runs after what, when, and with which retries: Prefect's floor. It computes nothing."""

import os
from pathlib import Path

import tasks as _environment  # noqa: F401  sets the environment before prefect is imported

os.environ.setdefault("PREFECT_HOME", str(Path(".prefect").resolve()))  # with the project, not with the user
