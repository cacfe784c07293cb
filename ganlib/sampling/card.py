"""The card that goes with a model wherever it goes: what it draws, how to draw with it, what it learnt from, how good it is."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ganlib.sampling.front_matter import front_matter, printable
from ganlib.sampling.words import Row, copies_in_words, error, fingerprint_in_words, number, rows

if TYPE_CHECKING:
    from ganlib.pictures.store import Store

NAME = "README.md"
_COLOURS = {1: "grey", 3: "colour"}
_DRAW = """\
from pathlib import Path

from ganlib.sampling.draw import draw
from ganlib.sampling.grid import grid
from ganlib.sampling.model import load_model
from ganlib.sampling.png import write_png

model = load_model(Path("."))  # the folder of this card
pictures = draw(model.generator, model.latent, number=16, seed=0)  # uint8 [16, {size}, {size}, {channels}]
write_png(Path("drawn.png"), grid(pictures, columns=4, scale={scale}))"""


@dataclass(frozen=True)
class Facts:
    """What a card is made of, each as the file holds it: `model.json`, `dataset.json`, and, where the model has been scored,
    `evaluate.json`, `evaluation.json` and `diagnosis.json`. sources, licences: of the pictures; an empty one where some have
    none. sheet: a picture beside the card that shows what the model draws."""

    model: Mapping[str, Any]
    dataset: Mapping[str, Any]
    sources: Sequence[str] = ()
    licences: Sequence[str] = ()
    scores: Mapping[str, Any] | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    sheet: str | None = None


def facts_of(model: Mapping[str, Any], store: "Store", **more: Any) -> Facts:
    """What is known of a model that learnt from `store`. `dataset.json` names no empty licence; the manifest does."""
    sources, licences = (sorted(set(store.manifest[column])) for column in ("source", "licence"))
    return Facts(model, store.info, [source for source in sources if source], licences, **more)


def card(facts: Facts) -> str:
    """The card as Markdown with the front matter that model hubs read; the same facts give the same text."""
    name = model_name(facts.model)
    sections = {
        "How to draw": _drawing(facts),
        "What it learnt from": _learning(facts),
        "How it was trained": _training(facts),
        "How good it is": _scores(facts),
        "Limits": _limits(facts),
    }
    head = front_matter(name, facts.model, facts.dataset["digest"], facts.sources, facts.licences, facts.scores)
    return head + "\n" + "\n\n".join([f"# {name}", *_opening(facts), *_titled(sections)]) + "\n"


def model_name(model: Mapping[str, Any]) -> str:
    """atelier-gan-dcgan-32: the method, its network, the pixels a side."""
    network = (model["method"].get("network") or {}).get("name", "")
    return "-".join(filter(None, ["atelier", model["method"]["name"], network, str(model["size"])]))


def plain(text: str) -> str:
    """Text of strangers within Markdown: on one line, and nothing in it means anything but itself."""
    return re.sub(r"([\\`*{}\[\]<>#|!&~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", printable(text))


def _titled(sections: Mapping[str, Sequence[str]]) -> list[str]:
    return [paragraph for title, paragraphs in sections.items() for paragraph in (f"## {title}", *paragraphs)]


def _opening(facts: Facts) -> list[str]:
    size, kind = facts.model["size"], _COLOURS[facts.model["channels"]]
    picture = [f"![Pictures that the model drew from random codes]({facts.sheet})"] if facts.sheet else []
    return [
        *picture,
        f"It draws pictures of {size} × {size} pixels in {kind}, each from {facts.model['latent']} random numbers. It learnt "
        f"to from {facts.dataset['train']:,} pictures, and was trained and scored by Atelier.",
    ]


def _drawing(facts: Facts) -> list[str]:
    size, channels = facts.model["size"], facts.model["channels"]
    code = _DRAW.format(size=size, channels=channels, scale=max(1, 256 // size))
    return [
        "Python 3.11 or later is needed, with `torch`, `numpy`, `safetensors` and `pillow`, and the folder `ganlib` of Atelier, "
        "the project that trained it, on Python's path. No GPU is needed. In the folder of this card:",
        f"```python\n{code}\n```",
        "The same seed draws the same pictures on the same kind of processor, and so does Atelier's "
        "`python -m tasks.sample --model <folder> --out <folder> --number 16 --seed 0`. No pickle is loaded: the weights are "
        "safetensors, and `model.json` says what they belong to.",
    ]


def _learning(facts: Facts) -> list[str]:
    dataset = facts.dataset
    table = {
        "pictures": f"{dataset['train']:,} to learn from, {dataset['heldout']:,} held out to be scored against",
        "from": ", ".join(map(plain, facts.sources)),
        "size": f"{dataset['size']} × {dataset['size']} pixels, {_COLOURS[dataset['channels']]}",
        "digest": f"`{dataset['digest']}`",
        "licence": ", ".join(plain(licence) or "none named for some of them" for licence in facts.licences) or "none named",
    }
    lines = ["| | |", "| --- | --- |", *(f"| {key} | {value} |" for key, value in table.items() if value)]
    names = [f"- {plain(line)}" for line in dataset.get("attributions", [])]
    thanks = ["Whoever shows this model, or what it draws, names those whose pictures it learnt from:", "\n".join(names)]
    return ["\n".join(lines), *(thanks if names else [])]


def _training(facts: Facts) -> list[str]:
    model = facts.model
    knobs = json.dumps(model["method"], indent=2, ensure_ascii=False)
    return [
        f"By the method `{model['method']['name']}`, until {model['kimg']:g} thousand pictures had been shown (`kimg`). Every "
        f"knob of it, as `model.json` holds it:\n\n```json\n{knobs}\n```"
    ]


def _scores(facts: Facts) -> list[str]:
    if facts.scores is None:
        return [
            "This card was written when training ended. The same model with its scores, their errors and its limits lies in "
            "`artifacts/report/model`, once the steps sample, evaluate and report have run."
        ]
    head = "| score | value | ± error | real against real | pictures | better is |\n| --- | ---: | ---: | ---: | ---: | --- |"
    table = "\n".join([head, *map(_line, rows(facts.scores))])
    return [
        table,
        "\n".join(f"- `{row.name}`: {row.meaning}." for row in rows(facts.scores) if row.meaning),
        "“± error” is one standard error. “Real against real” is what real pictures score in the place of generated ones: no "
        "generator can be asked for more. Scores say something about each other only where they were made in the same way; "
        f"these were made so: {plain(fingerprint_in_words(facts.scores.get('fingerprint', {})))}",
    ]


def _line(row: Row) -> str:
    return f"| `{row.name}` | {row.value} | {row.error} | {row.floor} | {row.n} | {row.better} |"


def _limits(facts: Facts) -> list[str]:
    size = facts.model["size"]
    limits = [
        f"It knows nothing but the pictures that it learnt from, with all that is missing or one-sided in them, at {size} × "
        f"{size} pixels. {_asked(facts.model)}",
        *_copies(facts),
        *_diagnosed(facts.diagnosis),
        *_classes(facts.evaluation),
    ]
    return ["\n".join(f"- {limit}" for limit in limits)]


def _asked(model: Mapping[str, Any]) -> str:
    """What it can be asked for."""
    spoken = model.get("sentences")
    given = [attribute["name"] for attribute in model.get("conditions") or []]
    names = [plain(name) for name in given if not (spoken and name.startswith(f"{spoken['name']}."))]
    if spoken:
        names.append(
            f"a sentence in English ({plain(spoken['name'])}, by {len(given) - len(names)} numbers, encoded by all-MiniLM-L6-v2 "
            f"with the sha256 {plain(spoken['encoder'])})"
        )
    if not names:
        return "It draws at random: what is drawn cannot be asked for."
    return f"It can be asked for {', '.join(names)}, by the last numbers of a code, and for nothing else."


def _copies(facts: Facts) -> list[str]:
    copied = (facts.scores or {}).get("copied")
    if copied is None:
        return ["It has not been looked at whether it draws copies of the pictures that it learnt from."]
    return [copies_in_words(copied)]


def _diagnosed(diagnosis: Mapping[str, Any]) -> list[str]:
    if not diagnosis:
        return []
    findings = [plain(finding["sentence"]) for finding in diagnosis.get("findings", [])]
    return [" ".join(["The diagnosis:", plain(diagnosis["verdict"]), *findings])]


def _classes(evaluation: Mapping[str, Any]) -> list[str]:
    classes = [entry for entry in evaluation.get("classes", []) if entry.get("fd") is not None]
    if len(classes) < 2:
        return []
    worst = max(classes, key=lambda entry: float(entry["fd"]))
    return [
        f"Of the classes of its label {plain(str(evaluation.get('label')))}, it draws {plain(str(worst['class']))} worst "
        f"(Fréchet distance {number(worst['fd'])} ± {error(worst.get('standard_error'))})."
    ]
