"""What was decided about a candidate, as it is written down and told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ganlib.metrics.promotion import Decision
from tasks.tracking.candidates import Candidate


@dataclass(frozen=True)
class Verdict:
    """promoted: whether the candidate is the champion now. champion: the one that it was measured against, if there was one.
    score: the main one of both. model: the sha256 of its weights. settled: whether asking again would change nothing as long
    as the champion stays."""

    promoted: bool
    reasons: list[str]
    candidate: str
    champion: str | None = None
    score: dict[str, Any] | None = None
    model: str = ""
    identity: str = ""
    settled: bool = True

    def shown(self) -> dict[str, Any]:
        """What `.runs/promotion.json` holds of it."""
        return {name: value for name, value in asdict(self).items() if name not in ("identity", "settled")}


def verdict(decision: Decision, candidate: Candidate, called: str, champion: str | None, settled: bool = True) -> Verdict:
    """The verdict that a decision about a candidate is; called: how a person may call it."""
    score = asdict(decision.score) if decision.score else None
    return Verdict(
        decision.promoted, list(decision.reasons), called, champion, score, candidate.generator, candidate.identity, settled
    )


def called(number: str) -> str:
    """How a person may call the version of this number."""
    return f"version {number}"


def sentence(shown: Mapping[str, Any]) -> str:
    """A verdict, as `.runs/promotion.json` holds it, for a person: what, then why."""
    candidate, champion = shown["candidate"], shown["champion"]
    stays = f"; {champion} stays" if champion else ""
    instead = f" in place of {champion}" if champion and champion != candidate else ""
    told = f"is the champion{instead}" if shown["promoted"] else f"does not become the champion{stays}"
    return " ".join([f"{candidate[:1].upper()}{candidate[1:]} {told}.", *shown["reasons"]])
