"""What ails a training, if anything: one file a check, one line here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganlib.metrics.diagnosis import collapse, gradients, memorisation, oscillation, overfit, progress, winning
from ganlib.metrics.diagnosis.base import Check, Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import EARLY, LOOKS

__all__ = ["CHECKS", "Diagnosis", "Evidence", "Finding", "diagnose"]

#: Causes before what follows from them: the first finding is the verdict.
CHECKS: dict[str, Check] = {
    "exploding-gradients": gradients.exploding,
    "vanishing-gradients": gradients.vanishing,
    "winning": winning.check,
    "discriminator-overfit": overfit.check,
    "mode-collapse": collapse.collapse,
    "missing-modes": collapse.missing,
    "oscillation": oscillation.check,
    "memorisation": memorisation.check,
    "progress": progress.check,
}


@dataclass(frozen=True)
class Diagnosis:
    """findings: what is wrong, the cause first, then how far the run has come."""

    findings: Sequence[Finding]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong, as far as can be told."""
        return not any(finding.harmful for finding in self.findings)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not self.findings:
            return "Nothing wrong was found, but there was too little to go by."
        if self.healthy:
            sentence = self.findings[0].sentence
            return f"Nothing wrong was found: {sentence[0].lower()}{sentence[1:]}"
        others = [finding.name for finding in self.findings[1:] if finding.harmful]
        return self.findings[0].sentence + (f" (Also: {', '.join(others)}.)" if others else "")

    def as_json(self) -> dict[str, Any]:
        """As metrics/diagnosis.json holds it; numbers of six digits."""
        return {
            "verdict": self.verdict,
            "healthy": self.healthy,
            "findings": [
                {
                    "name": finding.name,
                    "sentence": finding.sentence,
                    "remedy": finding.remedy,
                    "harmful": finding.harmful,
                    "evidence": {name: float(f"{value:.6g}") for name, value in finding.evidence.items()},
                }
                for finding in self.findings
            ],
        }


def diagnose(run: Evidence) -> Diagnosis:
    """What all checks find. Of a run that has hardly begun nothing is said but what its scores show."""
    if run.looks and (run.done < EARLY or len(run.looks) <= LOOKS):
        run = Evidence(scores=run.scores, classes=run.classes)
    found = [check(run) for check in CHECKS.values()]
    return Diagnosis([finding for finding in found if finding is not None])
