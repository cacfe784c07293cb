"""Whether a model with conditions draws what it is asked for: metrics/control.json, written by the step evaluate."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganlib.metrics.config import EvaluateConfig

#: Pictures by which withheld combinations are judged, of each; combinations that are shown beside them.
OF_EACH, BESIDE = 200, 8


def measure(config: "EvaluateConfig", dataset: Path, model: Path, out: Path, cache: Path | None = None) -> dict[str, Any]:
    """Ask the model in `model` for what pictures of the data set have, read it off what it draws, and write `out`.

    Returns what `out` holds, by attribute: "r" or "agreement", its "error" (a standard one), the same for held-out pictures
    ("real"), how many were drawn, and what else changes when it alone is turned. Nothing, for a model that cannot be asked.
    """
    from ganlib.files import write_json
    from ganlib.sampling.model import load_model

    loaded = load_model(model)
    found: dict[str, Any] = _measured(config, dataset, loaded, cache) if loaded.conditions else {}
    write_json(out, found)
    return found


def lines(found: Mapping[str, Any]) -> str:
    """For a person at a terminal: how well each attribute obeys."""
    told = []
    for name, entry in found.items():
        if name == "withheld":
            continue
        measure = "r" if "r" in entry else "agreement"
        value = f"{entry[measure]:.3f} ± {entry['error']:.2g}"
        told.append(f"{name:<22}{measure} {value} (real pictures {entry['real']:.3f})")
    return "\n".join(told)


def numbers(path: Path) -> dict[str, float]:
    """What is measured, for the record: control_<attribute>; nothing where there is nothing."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    attributes = {name: entry for name, entry in found.items() if name != "withheld"}
    return {f"control_{name}": entry["r"] if "r" in entry else entry["agreement"] for name, entry in attributes.items()}


def _measured(config: "EvaluateConfig", dataset: Path, loaded: Any, cache: Path | None) -> dict[str, Any]:
    import tempfile

    import numpy as np

    from ganlib.conditions.labels import columns_of
    from ganlib.metrics.classifier import classifier_for
    from ganlib.metrics.control import control, leakage, to_json
    from ganlib.metrics.inputs import coloured
    from ganlib.pictures.store import Store
    from ganlib.sampling.asked import asked_of, codes_of
    from ganlib.sampling.draw import decode
    from ganlib.sampling.turning import turned

    store = Store.open(dataset, verify=False)
    columns = columns_of(store.manifest, loaded.conditions.names, "The model's conditions:")
    count = min(len(store.train), config.training)
    train = {name: values[:count] for name, values in columns.items()}
    truth = {name: values[len(store.train) :] for name, values in columns.items()}
    with tempfile.TemporaryDirectory() as passing:
        pictures = np.ascontiguousarray(coloured(store.train[:count]))
        judge = classifier_for(pictures, train, cache or Path(passing), config.seed)
    told_of = replace(loaded, seen=train)  # the data set at hand says what goes together
    codes, asked = codes_of(told_of, config.number, config.seed), asked_of(told_of, config.number, config.seed) or {}
    found = control(asked, coloured(decode(loaded.generator, codes)), truth, np.ascontiguousarray(coloured(store.heldout)), judge)
    leaks = {}
    for attribute in loaded.conditions.attributes:
        ways = turned(loaded, codes[:OF_EACH], attribute)
        before, after = (judge.predict(coloured(decode(loaded.generator, way))) for way in ways)
        leaks[attribute.name] = leakage(before, after, attribute.name)
    told = to_json(found, leaks)
    if withheld := loaded.card.get("withheld"):
        told["withheld"] = _withheld(config, store, loaded, judge, columns, withheld)
    return told


def _learnt(conditions: Any, columns: dict[str, Any], row: int) -> bool:
    """Whether what a picture has can be asked for; some held-out ones have more than any that was learned from."""
    from ganlib.metrics.control import learnt

    return all(learnt(attribute, columns[attribute.name][row]) for attribute in conditions.attributes)


def _withheld(
    config: "EvaluateConfig", store: Any, loaded: Any, judge: Any, columns: dict[str, Any], withheld: list[dict[str, Any]]
) -> dict[str, Any]:
    """Each combination that was never shown, and some that were."""
    import numpy as np

    from ganlib.conditions.conditions import rows_having
    from ganlib.conditions.labels import columns_of
    from ganlib.metrics.extractors import load_extractor
    from ganlib.metrics.features import extract
    from ganlib.metrics.inputs import coloured
    from ganlib.metrics.withheld import Shown, entry, seen_like
    from ganlib.sampling.asked import asked_of, codes_of
    from ganlib.sampling.draw import decode

    extractor = load_extractor(config)

    def shown(combination: dict[str, Any]) -> dict[str, Any]:
        labels = columns_of(store.manifest, list({**columns, **combination}), "train.withhold")
        rows = [row for row in rows_having(labels, combination) if _learnt(loaded.conditions, columns, row)]
        told_of = replace(loaded, seen={name: [columns[name][row] for row in rows] for name in columns})
        codes, asked = codes_of(told_of, OF_EACH, config.seed), asked_of(told_of, OF_EACH, config.seed) or {}
        drawn = coloured(decode(loaded.generator, codes))
        real = np.ascontiguousarray(coloured(store.pictures[rows]))
        of_drawn, of_real = (extract(x, extractor, quiet=True) for x in (drawn, real))
        return entry(Shown(combination, asked, drawn, of_drawn, of_real[::2], of_real[1::2]), judge, config.seed)

    beside = seen_like(
        withheld, columns_of(store.manifest, list({name: 0 for one in withheld for name in one}), "train.withhold"), BESIDE
    )
    return {"withheld": [shown(one) for one in withheld], "seen": [shown(dict(one)) for one in beside]}
