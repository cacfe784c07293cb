"""One candidate before the registry: decided about, and made the champion if so decided."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import Score, compare, from_json
from ganlib.metrics.promotion import Decision, PromoteConfig, decide, gates
from tasks.tracking.candidates import Candidate
from tasks.tracking.claims import Held
from tasks.tracking.registry import DECISION, Registry, Version
from tasks.tracking.verdict import Verdict, verdict

FORCE = "To make it the champion all the same: python -m tasks.promote --force"
TRIES = 3  # where somebody moves the alias by hand at the same moment


class NotAlike(Exception):
    """The champion has no scores that were made as the candidate's."""

    def __init__(self, champion: Version) -> None:
        super().__init__(champion.name)
        self.champion = champion


@dataclass(frozen=True)
class Again:
    """The champion scored anew by whoever asks: its scores, as metrics/evaluate.json holds them, or why there are none."""

    champion: str
    scores: dict[str, Any] | None = None
    failed: str = ""


@dataclass(frozen=True)
class Court:
    """One candidate, which is `version`, before the registry that nobody else decides about meanwhile."""

    registry: Registry
    version: Version
    candidate: Candidate
    scores: Mapping[str, Score]
    config: PromoteConfig
    again: Again | None
    held: Held

    def sit(self) -> Verdict:
        """Decide, and move the alias if so decided. Who moves it by hand at the same moment is noticed, before and after.

        Raises `NotAlike` where the champion must be scored anew first.
        """
        for _ in range(TRIES):
            champion = self.registry.champion()
            if champion and champion.number == self.version.number:
                return self._already(champion)
            found = self._decide(champion)
            if not found.promoted:
                return found
            self.held.check()
            now = self.registry.champion()
            if (now and now.number) == (champion and champion.number):
                return self._crown(found)
        raise TimeoutError("the alias was moved by others whenever it was to be moved")

    def note(self, found: Verdict) -> None:
        """Write the verdict where a person looks for it, at the version."""
        self.registry.note(self.version.number, {DECISION: json.dumps(found.shown(), ensure_ascii=False)[:5000]})

    def _crown(self, found: Verdict) -> Verdict:
        self.note(found)  # first: whoever finds the alias moved, and nothing else done, finds the reasons, too
        self.registry.crown(self.version.number)
        after = self.registry.champion()
        if after is None or after.number != self.version.number:
            other = after.name if after else "nobody"
            reason = f"It was to be, but at the same moment somebody made {other} the champion, and that stands."
            return Verdict(
                False, [*found.reasons, reason], found.candidate, other, found.score, found.model, found.identity, settled=False
            )
        self.registry.restore(self.candidate.generator)
        return found

    def _already(self, champion: Version) -> Verdict:
        """It is the champion: the verdict that made it so, or, where a person did, that."""
        with suppress(KeyError, ValueError, TypeError):
            known = Verdict(**json.loads(champion.tags[DECISION]), identity=self.candidate.identity)
            if known.promoted:
                return known
        return self._verdict(Decision(True, ("It is the champion already.",)), None)

    def _decide(self, champion: Version | None) -> Verdict:
        if self.candidate.forced:
            return self._verdict(self._forced(champion), champion)
        if since := self.registry.withdrawn(self.candidate.generator):
            reason = f"It was rolled back from ({since}), and the same model does not come back, whatever it scores. {FORCE}"
            return self._verdict(Decision(False, (reason,)), champion)
        fit = gates(self.scores, self.config)
        if champion is None:
            return self._verdict(decide(self.scores, None, self.config), champion)
        old = self._scores_of(champion)
        if old is None and not fit.promoted:
            return self._verdict(fit, champion)  # which saves scoring the champion anew
        if old is None and self._asked_before(champion):
            return self._verdict(Decision(False, (self._incomparable(champion), FORCE)), champion, settled=False)
        if old is None:
            raise NotAlike(champion)
        return self._verdict(decide(self.scores, old, self.config), champion)

    def _forced(self, champion: Version | None) -> Decision:
        """Promoted by a person; with what the scores say, where they say something."""
        old = self._scores_of(champion) if champion else None
        decision = decide(self.scores, old, self.config) if old else gates(self.scores, self.config)
        return Decision(True, ("Forced by hand, whatever the scores say.", *decision.reasons), decision.score)

    def _scores_of(self, champion: Version) -> dict[str, Score] | None:
        """The champion's scores that were made as the candidate's, noted before or brought by whoever asks."""
        fingerprint = self.candidate.scores["fingerprint"]
        known = champion.scores(fingerprint)
        brought = self.again.scores if self.again and self._asked_before(champion) else None
        if known is None and brought and brought["fingerprint"] == fingerprint:
            self.registry.note_scores(champion.number, brought)
            known = brought
        with suppress(AtelierError):
            scores = from_json(known or {})
            return scores if next(iter(self.scores)) in scores else None
        return None

    def _asked_before(self, champion: Version) -> bool:
        return self.again is not None and self.again.champion == champion.number

    def _incomparable(self, champion: Version) -> str:
        why = self.again.failed if self.again else ""
        if self.again and self.again.scores:
            try:
                brought = from_json(self.again.scores)
                compare(next(iter(self.scores.values())), next(iter(brought.values())))
            except AtelierError as error:
                why = str(error)
        return f"The champion, {champion.name}, was scored otherwise, and could not be scored alike: {why}".rstrip(". ") + "."

    def _verdict(self, decision: Decision, champion: Version | None, settled: bool = True) -> Verdict:
        return verdict(decision, self.candidate, self.version.name, champion.name if champion else None, settled)
