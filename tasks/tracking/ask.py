"""Have the worker do something, and wait for its answer only so long: a step must not hang where MLflow does."""

import json
import subprocess
import sys
from typing import Any

from tasks.tracking import store

_AWAY = 3


def ask(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
    """The worker's answer to `order`, or None and why there is none, in a few words. Never raises."""
    if why := store.unfit():
        return None, why
    command = [sys.executable, "-m", "tasks.tracking.worker", order, str(int(patience) + 5)]
    try:
        done = subprocess.run(
            command, input=json.dumps(arguments), capture_output=True, text=True, timeout=patience, env=store.environment()
        )
        if done.returncode == 0:
            return json.loads(done.stdout), ""
    except subprocess.TimeoutExpired:
        return None, f"not done after {patience:.0f} s"
    except (OSError, ValueError) as error:
        return None, store.redact(str(error))
    last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return None, "nothing answers" if done.returncode == _AWAY else store.redact(last[0])[:300]
