"""Whether a model with conditions draws what it is asked for: metrics/control.json, written by the step evaluate."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganlib.metrics.config import EvaluateConfig

#: Pictures by which withheld combinations are judged, of each; combinations that are shown beside them.
OF_EACH, BESIDE = 200, 8
#: The entry of sentences.
SPOKEN = "caption"


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
    for name, entry in attributes_of(found).items():
        measure = "r" if "r" in entry else "agreement"
        value = f"{entry[measure]:.3f} ± {entry['error']:.2g}"
        told.append(f"{name:<22}{measure} {value} (real pictures {entry['real']:.3f})")
    for words, entries in found.get(SPOKEN, {}).items():
        shown = (f"{name} {entry.get('r', entry.get('agreement')):.3f} ± {entry['error']:.2g}" for name, entry in entries.items())
        told.append(f"sentences, {words} words: {', '.join(shown)}")
    return "\n".join(told)


def numbers(path: Path) -> dict[str, float]:
    """What is measured, for the record: control_<attribute>; nothing where there is nothing."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    measured = {f"control_{name}": _value(entry) for name, entry in attributes_of(found).items()}
    for words, entries in found.get(SPOKEN, {}).items():
        measured |= {f"control_{SPOKEN}_{words}_{name}": _value(entry) for name, entry in entries.items()}
    return measured


def attributes_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is measured of attributes, without withheld combinations and sentences, which have a form of their own."""
    return {name: entry for name, entry in found.items() if name not in ("withheld", SPOKEN)}


def _value(entry: Mapping[str, float]) -> float:
    return entry["r"] if "r" in entry else entry["agreement"]


def _measured(config: "EvaluateConfig", dataset: Path, loaded: Any, cache: Path | None) -> dict[str, Any]:
    """Labels that the model can be asked for, and sentences."""
    from ganlib.pictures.store import Store

    store = Store.open(dataset, verify=False)
    told = _obeyed(config, store, loaded, cache) if loaded.conditions.labels and _known(store, loaded.conditions.labels) else {}
    spoken = _spoken(config, store, loaded, cache) if loaded.conditions.sentences else {}
    return told | ({SPOKEN: spoken} if spoken else {})


def _known(store: Any, names: Sequence[str]) -> bool:
    """Whether pictures are there to learn these labels from; those of factors that a model found by itself never are."""
    from ganlib.conditions.labels import PREFIX

    if missing := [name for name in names if f"{PREFIX}{name}" not in store.manifest.columns]:
        print(f"What the model can be asked for is not checked: the data set has no label {', '.join(missing)}.", file=sys.stderr)
    return not missing


def _judge(config: "EvaluateConfig", store: Any, columns: dict[str, Any], cache: Path | None) -> Any:
    """Who reads these labels off pictures."""
    import tempfile

    import numpy as np

    from ganlib.metrics.classifier import classifier_for
    from ganlib.metrics.inputs import coloured

    count = min(len(store.train), config.training)
    train = {name: values[:count] for name, values in columns.items()}
    with tempfile.TemporaryDirectory() as passing:
        pictures = np.ascontiguousarray(coloured(store.train[:count]))
        return classifier_for(pictures, train, cache or Path(passing), config.seed)


def _spoken(config: "EvaluateConfig", store: Any, loaded: Any, cache: Path | None) -> dict[str, Any]:
    """What sentences say and what is drawn, for each wording; nothing where the data set has captions of its own."""
    from ganlib.conditions.captions import CAPTION, SAID, facts_of
    from ganlib.conditions.labels import PREFIX, columns_of
    from ganlib.metrics.inputs import coloured
    from ganlib.metrics.spoken import WORDINGS, obeyed, said_of
    from ganlib.sampling.asked import codes_of
    from ganlib.sampling.draw import decode

    known = [name for name in SAID if f"{PREFIX}{name}" in store.manifest.columns]
    if f"{PREFIX}{CAPTION}" in store.manifest.columns or not known:
        return {}
    columns = columns_of(store.manifest, known, "The model's captions:")
    judge, facts = _judge(config, store, columns, cache), facts_of(columns)
    codes, found = codes_of(loaded, config.number, config.seed), {}
    for words, wording in WORDINGS.items():
        said = said_of(facts, config.number, config.seed, wording)
        asking = loaded.conditions.spoken(codes, [one.text for one in said])
        found[words] = obeyed(said, coloured(decode(loaded.generator, asking)), judge)
    return found


def _obeyed(config: "EvaluateConfig", store: Any, loaded: Any, cache: Path | None) -> dict[str, Any]:
    import numpy as np

    from ganlib.conditions.labels import columns_of
    from ganlib.metrics.control import control, leakage, to_json
    from ganlib.metrics.inputs import coloured
    from ganlib.sampling.asked import asked_of, codes_of
    from ganlib.sampling.draw import decode
    from ganlib.sampling.turning import turned

    columns = columns_of(store.manifest, loaded.conditions.labels, "The model's conditions:")
    count = min(len(store.train), config.training)
    truth = {name: values[len(store.train) :] for name, values in columns.items()}
    judge = _judge(config, store, columns, cache)
    told_of = loaded  # the data set at hand says what goes together, but not with sentences
    if not loaded.conditions.sentences:
        told_of = replace(loaded, seen={name: values[:count] for name, values in columns.items()})
    codes, asked = codes_of(told_of, config.number, config.seed), asked_of(told_of, config.number, config.seed) or {}
    found = control(asked, coloured(decode(loaded.generator, codes)), truth, np.ascontiguousarray(coloured(store.heldout)), judge)
    leaks = {}
    for name in loaded.conditions.labels:
        ways = turned(loaded, codes[:OF_EACH], loaded.conditions.attribute(name))
        before, after = (judge.predict(coloured(decode(loaded.generator, way))) for way in ways)
        leaks[name] = leakage(before, after, name)
    told = to_json(found, leaks)
    if (withheld := loaded.card.get("withheld")) and not loaded.conditions.sentences:
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
    from ganlib.metrics.features import extract
    from ganlib.metrics.inputs import coloured
    from ganlib.metrics.judge import extractor_for
    from ganlib.metrics.withheld import Shown, entry, seen_like
    from ganlib.sampling.asked import asked_of, codes_of
    from ganlib.sampling.draw import decode

    extractor = extractor_for(config, judge)

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
