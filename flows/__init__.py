"""What runs after what, when, and with which retries: Prefect's floor. It computes nothing."""

import tasks as _environment  # noqa: F401  sets the environment before prefect is imported
