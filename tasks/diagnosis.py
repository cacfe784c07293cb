"""What ails the model, if anything: read from what its training left behind and from its scores, for a person and other steps."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganlib.metrics.diagnosis import Diagnosis, Evidence

#: The tag of an MLflow run that holds the verdict.
TAG = "atelier.diagnosis"


def evidence(model: Path, scores: Path | None = None, evaluation: Path | None = None) -> "Evidence":
    """What lies in the model's folder, and the scores and the evaluation where there are such."""
    from ganlib.metrics.diagnosis import Evidence
    from ganlib.training.history import read

    history, looks = (read(path) if (path := model / name).exists() else [] for name in ("history.jsonl", "watch.jsonl"))
    return Evidence(history, looks, _json(scores), (_json(evaluation) or {}).get("classes") or ())


def diagnose(model: Path, scores: Path, evaluation: Path, out: Path, plot: Path) -> "Diagnosis":
    """Diagnose the model into the file `out`, with the evidence as the picture `plot`."""
    from ganlib.files import write_json
    from ganlib.metrics.diagnosis import diagnose as found
    from ganlib.metrics.diagnosis.plot import write_plot

    run = evidence(model, scores, evaluation)
    diagnosis = found(run)
    write_json(out, diagnosis.as_json())
    write_plot(run, diagnosis, plot)
    return diagnosis


def lines(diagnosis: "Diagnosis") -> str:
    """For a person at a terminal: the verdict, then what to do."""
    advice = [f"  {finding.name}: {finding.remedy}" for finding in diagnosis.findings if finding.harmful or diagnosis.healthy]
    return "\n".join([f"Diagnosis: {diagnosis.verdict}", *advice])


def tag(path: Path) -> dict[str, str]:
    """The verdict in the file `path` as a tag; none where there is no such file."""
    found = _json(path)
    return {TAG: found["verdict"]} if found else {}


def _json(path: Path | None) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.exists() else None
