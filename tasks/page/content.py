"""What the page shows: everything worked out, so that the template has nothing left to decide but how it looks."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganlib.sampling.words import copies_in_words, error, fingerprint_in_words, number, scores_in
from tasks.page.chart import HEIGHT, WIDTH
from tasks.page.curves import curves
from tasks.page.inputs import Inputs
from tasks.page.pictures import address, show, suspects
from tasks.page.standing import first_looked_at, standings

_SHEETS = 6  # of the training, first and last among them
_EXAMPLES = 24  # training pictures
_DIAGNOSIS = "diagnosis"  # the plot that belongs to it


def content(found: Inputs) -> dict[str, Any]:
    """The variables of report.html.j2."""
    all_scores = standings(found.scores)
    return {
        "sentence": sentence(found.model, found.scores),
        "model": found.model,
        "network": (found.model["method"].get("network") or {}).get("name", ""),
        "dataset": found.store.info,
        "diagnosis": found.diagnosis,
        "harmful": [finding for finding in found.diagnosis.get("findings", []) if finding.get("harmful", True)],
        "evidence": next((address(plot.read_bytes()) for plot in found.plots if plot.stem == _DIAGNOSIS), None),
        "scores": all_scores,
        "first": first_looked_at(all_scores),
        "copied": copies_in_words(found.scores["copied"]) if "copied" in found.scores else "",
        "fingerprint": fingerprint_in_words(found.scores.get("fingerprint", {})),
        "plots": [(plot.stem, address(plot.read_bytes())) for plot in found.plots if plot.stem != _DIAGNOSIS],
        "grid": address(found.grid),
        "interpolation": address(found.interpolation),
        **_evaluated(found),
        "obeyed": obeyed(found.control),
        "withheld": found.control.get("withheld", {}),
        "spoken": found.control.get("caption", {}),
        "charts": curves(found.history, found.looks),
        "width": WIDTH,
        "height": HEIGHT,
        "sheets": [(_after(sheet.stem), address(sheet.read_bytes())) for sheet in _spread(found.sheets)],
        "examples": show(found.store.train, range(min(_EXAMPLES, len(found.store.train))), "training"),
        "sources": found.facts.sources,
        "licences": found.facts.licences,
        "method": json.dumps(found.model["method"], indent=2, ensure_ascii=False),
        "params": found.params,
        "number": number,
        "error": error,
    }


def sentence(model: dict[str, Any], numbers: dict[str, Any]) -> str:
    """What was made, and how good it is, by the first score."""
    name, score = next(iter(scores_in(numbers).items()))
    floor = score.get("floor")
    times = f", {score['value'] / floor:.1f} times what real pictures score against real ones" if floor and floor > 0 else ""
    return f"{model['method']['name']} after {model['kimg']:g} thousand pictures shown: {name} {number(score['value'])}{times}."


def obeyed(control: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How well each attribute obeys, as rows: its name, what was measured, and what else changed when it alone was turned."""
    return [
        {
            "name": name,
            "measure": "correlation r" if "r" in entry else "agreement",
            "value": entry["r"] if "r" in entry else entry["agreement"],
            "error": entry["error"],
            "real": entry["real"],
            "else": ", ".join(f"{other} {number(value)}" for other, value in entry["changes_else"].items()),
        }
        for name, entry in control.items()
        if name not in ("withheld", "caption")
    ]


def _evaluated(found: Inputs) -> dict[str, Any]:
    """What evaluation.json says about single pictures and classes; all of it empty where there is none."""
    evaluation = found.evaluation
    return {
        "evaluated": bool(evaluation),
        "nearest": suspects(evaluation, found.drawn, found.store.train),
        "suspicion": evaluation.get("copied") or {},
        "best": show(found.drawn, evaluation.get("best", []), "generated"),
        "worst": show(found.drawn, evaluation.get("worst", []), "generated"),
        "label": evaluation.get("label"),
        "classes": evaluation.get("classes", []),
    }


def _after(stem: str) -> str:
    """kimg-000010, or kimg-000002_5, in words."""
    found = re.fullmatch(r"kimg-(\d+)(?:_(\d))?", stem)
    if not found:
        return stem
    kimg = int(found[1]) + int(found[2] or 0) / 10
    return f"after {kimg:g} thousand pictures" if kimg else "before it learnt"


def _spread(sheets: Sequence[Path]) -> Sequence[Path]:
    """A few of them, evenly, with the first and the last."""
    if len(sheets) <= _SHEETS:
        return sheets
    return [sheets[round(place * (len(sheets) - 1) / (_SHEETS - 1))] for place in range(_SHEETS)]
