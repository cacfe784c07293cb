"""What a person wants to see behind the scores: the pictures nearest to training ones, the best, the worst; each class."""

from dataclasses import replace
from typing import Any

import numpy as np

from ganlib.metrics.classes import ClassDistance, class_distance
from ganlib.metrics.evaluate import Evaluation
from ganlib.metrics.fingerprint import six
from ganlib.metrics.ranking import ranking

#: How many suspicious pictures are told, and how many of the best and of the worst.
SUSPECTS, SHOWN = 12, 16


def details(evaluation: Evaluation) -> dict[str, Any]:
    """As JSON: `copied` and `nearest` (generated pictures with their nearest training ones, the most suspicious first), `best`
    and `worst` (by density), `label` and `classes` (the Fréchet distance of each).

    Pictures are rows: generated ones of what was given to be scored, training ones of the data set's train split.
    """
    case = evaluation.case
    ranked = evaluation.rows[ranking(case.fake, case.real, case.neighbours)].tolist()
    return {
        **_copies(evaluation),
        "best": ranked[:SHOWN],
        "worst": ranked[::-1][:SHOWN],
        "label": evaluation.scores[0].fingerprint.label or None,
        "classes": [_entry(found) for found in class_distances(evaluation)],
    }


def class_distances(evaluation: Evaluation) -> list[ClassDistance]:
    """The distance of every class, for which generated pictures are taken as they were asked for, or else as they look."""
    case, judged, floor_classes = evaluation.case, evaluation.case.judged, evaluation.floor_classes
    truth = evaluation.floors.judged.asked if evaluation.floors.judged else None
    if judged is None or truth is None or floor_classes is None:
        return []
    drawn = judged.taken if judged.asked is None else judged.asked
    real_taken = evaluation.floors.judged.taken if evaluation.floors.judged else truth
    found = []
    for place, name in enumerate(judged.classes):
        other = evaluation.floors.fake[floor_classes == place]
        one = class_distance(name, case.fake[drawn == place], case.real[truth == place], other, case.seed)
        found.append(replace(one, taken=int((judged.taken == place).sum()), real_taken=int((real_taken == place).sum())))
    return found


def _copies(evaluation: Evaluation) -> dict[str, Any]:
    found = evaluation.case.copies
    if found is None:
        return {"copied": None, "nearest": []}
    order = np.argsort(found.of.ratios, kind="stable")[:SUSPECTS]
    nearest = [
        {
            "generated": int(evaluation.rows[place]),
            "train": evaluation.train_rows[found.of.nearest[place]].tolist(),
            "ratio": six(found.of.ratios[place]),
        }
        for place in order
    ]
    return {"copied": {"threshold": six(found.threshold), "suspects": len(found.copies)}, "nearest": nearest}


def _entry(found: ClassDistance) -> dict[str, Any]:
    numbers = {"fd": found.fd, "standard_error": found.error, "floor": found.floor}
    counts = {"class": found.name, "real": found.real, "generated": found.generated, "n": found.number}
    counts |= {"taken": found.taken, "real_taken": found.real_taken}
    return counts | {name: None if value is None else six(value) for name, value in numbers.items()}
