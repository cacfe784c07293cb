"""The worker's side of promotion: candidates become versions, the best one the champion, and back."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow.exceptions import MlflowException

from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import Score, from_json
from ganlib.metrics.promotion import Decision, PromoteConfig
from tasks.places import MODEL as MODEL_FOLDER
from tasks.tracking import candidates, parents, store
from tasks.tracking.candidates import PUBLISHED, Candidate
from tasks.tracking.claims import claimed
from tasks.tracking.court import Again, Court, NotAlike
from tasks.tracking.generator import NAME, find_generator, log_generator
from tasks.tracking.registry import ALIAS, GENERATOR, WITHDRAWN, Registry
from tasks.tracking.run import Tracker
from tasks.tracking.verdict import Verdict, called, sentence, verdict


def promote(knobs: dict[str, Any], folder: str, again: dict[str, Any] | None = None) -> dict[str, Any]:
    """Judge all that wait, the oldest first, by `knobs` (of `PromoteConfig`).

    Returns `verdicts`; `troubles`, a sentence for each that stays in the queue, by its identity; and `rescore`, where the
    champion must be scored anew before the next one can be judged: its number and, in a folder of that name in `folder`,
    its files, or why there are none. `again`: what came of that. Raises when the store is away; what has not been judged waits.
    """
    answer: dict[str, Any] = {"verdicts": [], "troubles": {}, "rescore": None}
    config, brought = PromoteConfig(**knobs), Again(**again) if again else None
    candidates.QUEUE.mkdir(parents=True, exist_ok=True)
    with FileLock(candidates.LOCK, timeout=120):
        tracker = Tracker()
        for place in candidates.waiting():
            try:
                answer["verdicts"].append(asdict(_judge(tracker, place, config, brought)))
                shutil.rmtree(place)
            except NotAlike as other:
                failed = Registry(tracker.client).fetch(other.champion, Path(folder) / other.champion.number)
                answer["rescore"] = {"champion": other.champion.number, "failed": failed}
                break
            except Exception as error:
                tracker = Tracker()  # raises if it was the store that failed, and then the others would fail too
                answer["troubles"][place.name.partition("-")[2]] = store.redact(f"{type(error).__name__}: {error}")
    return answer


def rollback() -> dict[str, Any]:
    """Put the last champion back in its place: numbers `back_from`, `to`, and `gone`, those that are deleted; or an `error`."""
    registry = Registry(Tracker().client)
    with claimed(registry.client, NAME) as held:
        champion, past, gone = registry.champion(), registry.past(), []
        if champion is None:
            return {"error": f"{NAME}: expected a champion to roll back from, found none. Nothing was changed."}
        while past:
            number = past.pop()
            if number != champion.number and registry.version(number):
                break
            gone += [number] if number != champion.number else []
        else:
            return {
                "error": f"{NAME}: expected a former champion to roll back to, found none before {champion.name}. Nothing was "
                "changed: it is still the champion."
            }
        held.check()
        model = champion.tags.get(GENERATOR, "")
        registry.note(champion.number, {WITHDRAWN: datetime.now(UTC).isoformat(" ", "minutes")})
        registry.client.set_registered_model_alias(NAME, ALIAS, number)
        registry.remember(past)
        return {
            "back_from": called(champion.number),
            "to": called(number),
            "gone": [called(other) for other in gone],
            "model": model,
        }


def _judge(tracker: Tracker, place: Path, config: PromoteConfig, again: Again | None) -> Verdict:
    candidate = candidates.read(place)
    if candidate is None:
        raise ValueError(f"{place / candidates.CARD} is damaged")
    try:
        scores = from_json(candidate.scores, "its scores")
        found = _registered(tracker, candidate, place, scores, config, again)
    except AtelierError as error:
        found = verdict(Decision(False, (str(error),)), candidate, candidate.name, None)
    if candidate.parent and (parent := parents.resolve(tracker, candidate.parent)):
        parent.set_tags({"atelier.promotion": sentence(found.shown())})
    return found


def _registered(
    tracker: Tracker,
    candidate: Candidate,
    place: Path,
    scores: Mapping[str, Score],
    config: PromoteConfig,
    again: Again | None,
) -> Verdict:
    """Make the candidate a version, and the champion if it deserves it; nobody else does so at the same time."""
    registry = Registry(tracker.client)
    run, uri = ("", "") if registry.find(candidate) else _logged(tracker, candidate, place)
    with claimed(registry.client, NAME) as held:
        version = registry.find(candidate) or registry.add(candidate, run, uri)
        registry.note_scores(version.number, candidate.scores)
        court = Court(registry, version, candidate, scores, config, again, held)
        found = court.sit()
        court.note(found)
        told = sentence(found.shown())
        registry.client.update_model_version(NAME, version.number, description=told[:5000])
    return found


def _logged(tracker: Tracker, candidate: Candidate, place: Path) -> tuple[str, str]:
    """The run that holds the model, and the model's URI there: the training's, or one that is made for it.

    Raises `AtelierError` where the generator is damaged or cannot be traced.
    """
    from ganlib.sampling.model import load_model  # which imports torch

    tag = f"dvc.write.{MODEL_FOLDER.as_posix()}"
    run = tracker.find(tag, candidate.model) or tracker.create("candidate", {tag: candidate.model})
    uri = find_generator(run.id)
    if uri is None:
        model = load_model(place / "model")
        try:
            uri = log_generator(run.id, model, place / "model", round(1000 * float(model.card.get("kimg", 0))))
        except (MlflowException, OSError):  # the store failed, not the network
            raise
        except Exception as error:
            raise AtelierError(
                f"Expected a generator that MLflow can keep, found one that cannot be traced ({type(error).__name__}: {error}); "
                "it was not registered."
            ) from None
    tracker.client.log_artifacts(run.id, str(place / "model"), PUBLISHED)
    return run.id, str(uri)
