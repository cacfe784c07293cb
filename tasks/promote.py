"""The champion: `python -m tasks.promote` registers the trained model with its scores, and makes it the champion if it is better
beyond doubt.

--rollback puts the last champion back in its place; --force makes the trained model the champion whatever its scores.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file, write_json
from tasks import places
from tasks.cli import run
from tasks.tracking import candidates, store
from tasks.tracking.ask import ask
from tasks.tracking.candidates import Candidate
from tasks.tracking.verdict import called, sentence

if TYPE_CHECKING:
    from ganlib.config import Params

PATIENCE = 300.0  # seconds: another process may be deciding, and a generator without a record must be traced
PARAMS = Path("params.yaml")
_SETTLED = candidates.QUEUE / "settled.json"  # a verdict and what it was about, so that a night with nothing new judges nobody


def promote(force: bool = False) -> str:
    """Have the registry judge the model in artifacts/model, after those that wait for it; returns what came of it, a line each.

    While no registry answers the model is kept, and says so. Raises `AtelierError` where there is no model with its scores.
    """
    candidate = _candidate(force)
    if not force and not candidates.waiting() and (said := _nothing_new(candidate)):
        return said
    from ganlib.config import load

    params = load(PARAMS)
    candidates.keep(candidate, places.MODEL)
    verdicts, trouble = _judged(params, candidate)
    lines = [sentence(verdict) for identity, verdict in verdicts.items() if identity != candidate.identity]
    mine = verdicts.get(candidate.identity)
    if mine is None:
        mine = _waits(candidate, trouble)
    shown = {name: mine[name] for name in ("promoted", "reasons", "candidate", "champion", "score", "model")}
    if mine.get("settled"):
        write_json(_SETTLED, {"about": _about(candidate), "verdict": shown})
    write_json(places.DECISION, shown)
    return "\n".join([*lines, sentence(shown)])


def rollback() -> str:
    """Put the last champion back; returns what was done. Raises `AtelierError` where there is no such, or no registry."""
    answer, why = ask("rollback", [], PATIENCE)
    if why:
        done = (
            "Nothing was changed" if why == "nothing answers" else "Whether it was done is not known: look at who is the champion"
        )
        raise AtelierError(f"Expected a registry at {store.shown()} to roll back in, found none: {why}. {done}. Then try again.")
    if "error" in answer:
        raise AtelierError(answer["error"])
    _SETTLED.unlink(missing_ok=True)
    gone = f" Passed over, for it was deleted: {', '.join(answer['gone'])}." if answer["gone"] else ""
    reason = f"Rolled back from {answer['back_from']} to {answer['to']}.{gone}"
    names = {"candidate": answer["back_from"], "champion": answer["to"]}
    champion = {"promoted": False, "reasons": [reason], **names, "score": None, "model": answer["model"]}
    write_json(places.DECISION, champion)
    return (
        f"{reason} The same model does not become the champion again by itself; another one has to be better than {answer['to']}."
    )


def last() -> dict[str, Any]:
    """The last verdict, as `.runs/promotion.json` holds it. Raises `OSError` or `ValueError` where there is none."""
    return dict(json.loads(places.DECISION.read_text(encoding="utf-8")))


def _candidate(force: bool) -> Candidate:
    """What artifacts/model and metrics/evaluate.json hold. Raises `AtelierError` where one is missing, or belongs to another."""
    from ganlib.metrics.fingerprint import from_json

    try:
        scores = json.loads(places.SCORES.read_text(encoding="utf-8"))
        candidate = candidates.describe(places.MODEL, scores, force)
    except FileNotFoundError as error:
        raise AtelierError(
            f"{error.filename}: expected a trained model and its scores, found none here; nothing was registered. Run `make run`."
        ) from None
    except ValueError as error:
        raise AtelierError(f"{places.SCORES}: expected scores, found no JSON ({error}). Run `dvc repro evaluate`.") from None
    from_json(scores, str(places.SCORES))
    with suppress(FileNotFoundError, ValueError, KeyError):  # without samples nothing contradicts
        drawn = json.loads((places.SAMPLES / "samples.json").read_text(encoding="utf-8"))["model"]
        if drawn != candidate.generator:
            raise AtelierError(
                f"{places.SCORES}: expected scores of the model in {places.MODEL}, found those of another one; nothing was "
                "registered. Run `dvc repro` first."
            )
    return candidate


def _judged(params: "Params", candidate: Candidate) -> tuple[dict[str, dict[str, Any]], str]:
    """The verdicts by identity, and why one of `candidate` may be missing; a champion who was scored otherwise is scored anew."""
    verdicts: dict[str, dict[str, Any]] = {}
    again: dict[str, Any] | None = None
    with tempfile.TemporaryDirectory(dir=places.RUNS, prefix=".champion-") as folder:
        for _ in range(len(candidates.waiting()) + 2):
            answer, why = ask("promote", [asdict(params.promote), str(Path(folder).resolve()), again], PATIENCE)
            if why:
                return verdicts, why
            verdicts |= {verdict.pop("identity"): verdict for verdict in answer["verdicts"]}
            if not answer["rescore"]:
                return verdicts, str(answer["troubles"].get(candidate.identity[:16], "another process is judging it"))
            again = _score_again(params, Path(folder), **answer["rescore"])
    return verdicts, "the champion became another one whenever it had been scored"


def _score_again(params: "Params", folder: Path, champion: str, failed: str) -> dict[str, Any]:
    """Score the champion as the candidate was scored: the same knobs, the same real pictures."""
    if failed:
        return {"champion": champion, "failed": failed}
    from tasks.evaluate import evaluate
    from tasks.sample import sample

    print(f"Version {champion}, the champion, was scored otherwise: it draws anew and is scored like the new one.", flush=True)
    place = folder / champion
    try:
        sample(place / candidates.PUBLISHED, params.sample, place / "samples")
        evaluate(params.evaluate, places.DATASET, place / "samples", place / "evaluate.json", cache=places.FEATURES, strict=False)
        return {"champion": champion, "scores": json.loads((place / "evaluate.json").read_text(encoding="utf-8"))}
    except (AtelierError, OSError, RuntimeError, ValueError) as error:
        first = str(error).partition(". ")[0]  # what follows is advice for one who has the files before him
        return {"champion": champion, "failed": first.removeprefix(f"{place / candidates.PUBLISHED}: ")}


def _waits(candidate: Candidate, trouble: str) -> dict[str, Any]:
    reason = (
        f"The registry at {store.shown()} has not taken it ({trouble}). It is kept in {candidates.QUEUE}/, and the next flow, or "
        "python -m tasks.promote, tries again."
    )
    return {
        "promoted": False,
        "reasons": [reason],
        "candidate": candidate.name,
        "champion": None,
        "score": None,
        "model": candidate.generator,
    }


def _about(candidate: Candidate) -> dict[str, str]:
    """All that a verdict depends on and that lies here."""
    return {
        "identity": candidate.identity,
        "params": digest_file(PARAMS),
        "store": digest_bytes(store.uri().encode()),
    }


def _nothing_new(candidate: Candidate) -> str:
    """The last verdict, where it was about this very candidate and the registry is as it left it; else nothing."""
    try:
        known = json.loads(_SETTLED.read_text(encoding="utf-8"))
        if known["about"] != _about(candidate):
            return ""
        verdict = dict(known["verdict"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    stands, why = _stands(candidate, verdict)
    if not stands:
        return ""
    write_json(places.DECISION, verdict)
    unsure = f" The registry at {store.shown()} could not be asked whether that is still so ({why})." if why else ""
    return f"Nothing new. {sentence(verdict)}{unsure}"


def _stands(candidate: Candidate, verdict: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the registry has the champion that the verdict left there, and the candidate; yes, and why, where none can say."""
    if verdict["candidate"] == candidate.name:
        return True, ""  # never registered, whoever is champion
    versions, why = ask("versions", [], PATIENCE)
    if why:
        return True, why
    names = [called(one["number"]) for one in versions]
    champion = next((called(one["number"]) for one in versions if one["champion"]), None)
    return verdict["candidate"] in names and champion == verdict["candidate" if verdict["promoted"] else "champion"], ""


def main() -> None:
    """Judge the model that lies in artifacts/model; or roll back."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.promote", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rollback", action="store_true", help="put the last champion back in its place")
    what.add_argument("--force", action="store_true", help="make the trained model the champion, whatever its scores")
    args = parser.parse_args()
    print(rollback() if args.rollback else promote(args.force))


if __name__ == "__main__":
    run(main)
