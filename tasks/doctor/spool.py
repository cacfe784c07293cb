"""What waits to be told to MLflow, and models that wait to be judged."""

from tasks.doctor.base import Finding
from tasks.tracking import candidates, spool, store
from tasks.tracking.ask import ask

NAME = "spool"


def check(fix: bool) -> Finding:
    """With `fix` it is sent, where somebody answers."""
    before, models = spool.left(), len(candidates.waiting())
    fixed: tuple[str, ...] = ()
    if fix and before and store.answers():
        ask("send", [], 120.0)
        fixed = (f"{before - spool.left()} of {before} runs told",)
    left = spool.left()
    if not left and not models:
        return Finding(NAME, "ok", "Nothing waits for MLflow.", "", fixed)
    found = f"{left} runs wait to be told to MLflow, {models} models to be judged; nothing of them is lost."
    return Finding(NAME, "warn", found, "make up, then python -m tasks.record and python -m tasks.promote", fixed)
