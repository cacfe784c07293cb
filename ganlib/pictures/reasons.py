"""Why a picture was set aside, in words. Checks explain their codes in their docstrings."""

from ganlib.pictures.codes import NOTES, REASONS


def explain(reason: str) -> str:
    """A few words for a reason code, those of its check if a check gave it; empty for an unknown one."""
    from ganlib.pictures.checks import CHECKS

    if reason in CHECKS:
        return (CHECKS[reason].__doc__ or "").splitlines()[0]
    return REASONS.get(reason) or NOTES.get(reason, "")
