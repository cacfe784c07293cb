"""The page with the decision whether its model is the champion now, which is made after the page.

The step `report` is DVC's: its page is a function of what it depends on, and nothing else. Which model is the champion depends
on a registry, on when it is asked, and on who asked before. So the step leaves a gap where the decision belongs, and a second
page, outside of DVC, is the first one with the gap filled.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganlib.errors import AtelierError
from ganlib.sampling.words import number, scores_in
from tasks.page.render import render


def with_decision(page: str, decision: Mapping[str, Any]) -> str:
    """The page with its gaps filled by a decision as `.runs/promotion.json` holds it. Raises `AtelierError` without gaps."""
    score = decision.get("score")
    shown = {key: number(score.get(key)) for key in ("new", "old", "gain", "error")} if score else {}
    page = _fill(page, "champion-badge", render("champion_badge.html.j2", decision=decision))
    return _fill(page, "champion", render("champion.html.j2", decision=decision, score=score, shown=shown))


def _fill(page: str, name: str, html: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->` replaced. Text of strangers holds no such thing, being escaped."""
    before, gap, rest = page.partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if not (gap and end):
        raise AtelierError(f"The report: expected a gap for the decision ({name}), found none. Run the step report again.")
    return before + gap + html + end + after


def read_decision(path: Path, numbers: Mapping[str, Any], model: str) -> dict[str, Any] | None:
    """The last decision; None where there is none, where it cannot be read, and where it is about other scores than these, or
    another model than the one of these weights (a sha256)."""
    try:
        decision: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return decision if decision["model"] == model and _about(decision, numbers) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _about(decision: Mapping[str, Any], numbers: Mapping[str, Any]) -> bool:
    score, scores = decision.get("score"), scores_in(numbers)
    return score is None or math.isclose(score["new"], scores[score["name"]]["value"], rel_tol=1e-5)
