"""The head of a model card, which model hubs read: YAML that every reader of YAML 1.1 and 1.2 understands alike."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ganlib.sampling.licences import OTHER, hub_licence
from ganlib.sampling.words import meaning, scores_in

TASK = "unconditional-image-generation"


def front_matter(
    name: str,
    model: Mapping[str, Any],
    digest: str,
    sources: Sequence[str],
    licences: Sequence[str],
    numbers: Mapping[str, Any] | None,
) -> str:
    """The head for the model that `model.json` describes, between its two lines of dashes.

    digest, sources, licences: of the data set, where its pictures are from, and under what. numbers: `evaluate.json`, where the
    model has been scored.
    """
    method = model["method"]
    head: dict[str, Any] = {"license": hub_licence(licences)}
    if head["license"] == OTHER:
        head["license_name"] = slug("-and-".join(licence or "unknown" for licence in licences)) or "unknown"
    head |= {"library_name": "atelier", "pipeline_tag": TASK}
    head["tags"] = [TASK, *dict.fromkeys(slug(str(tag)) for tag in (method["name"], _network(method))), "pytorch", "safetensors"]
    head["datasets"] = [slug(source) for source in sources if slug(source)] or [f"dataset-{digest[:12]}"]
    if numbers:
        head["metrics"] = list(scores_in(numbers))
        head["model-index"] = [{"name": name, "results": [_result(head["datasets"][0], digest, numbers)]}]
    return f"---\n{to_yaml(head)}---\n"


def to_yaml(content: Mapping[str, Any]) -> str:
    """Mappings, lists, text, numbers and None as YAML; text on one line each, as `printable` leaves it."""
    return "".join(f"{line}\n" for line in _lines(content))


def slug(text: str) -> str:
    """Text as a name that a hub takes: letters, digits, points and dashes, 96 at most."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:96]


def printable(text: str) -> str:
    """Text on one line, without what cannot be printed (some readers of YAML refuse it)."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _network(method: Mapping[str, Any]) -> str:
    return str((method.get("network") or {}).get("name") or method["name"])


def _result(name: str, digest: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """One evaluation; a score's error, floor and number of pictures are its arguments."""
    split = numbers.get("fingerprint", {}).get("split", "heldout")
    return {
        "task": {"type": TASK},
        "dataset": {"name": name, "type": name, "split": split, "revision": digest},
        "metrics": [
            {
                "type": metric,
                "name": meaning(metric) or metric,
                "value": score["value"],
                "args": {key: value for key, value in score.items() if key != "value"},
            }
            for metric, score in scores_in(numbers).items()
        ],
    }


def _lines(value: Any, indent: str = "") -> list[str]:
    """A mapping or a list of them as YAML, a line a key; scalars as JSON, which is YAML."""
    lines = []
    for key, item in value.items():
        if isinstance(item, (dict, list)) and item:
            lines += [f"{indent}{_scalar(key)}:", *_nested(item, indent + "  ")]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(item)}")
    return lines


def _nested(item: dict[str, Any] | list[Any], indent: str) -> list[str]:
    if isinstance(item, dict):
        return _lines(item, indent)
    lines = []
    for one in item:
        first, *rest = _lines(one, indent + "  ") if isinstance(one, dict) else [f"{indent}  {_scalar(one)}"]
        lines += [f"{indent}- {first.strip()}", *rest]
    return lines


def _scalar(value: Any) -> str:
    """As JSON, but plain words as they are, and 1e-05 as 1.0e-05: YAML 1.1 takes the former for text."""
    if isinstance(value, str):
        text = printable(value)
        return text if re.fullmatch(r"[a-z][a-z0-9._-]*[a-z0-9]", text) and text not in _OTHER_WORDS else _json(text)
    text = _json(value)
    return text.replace("e", ".0e") if isinstance(value, float) and "e" in text and "." not in text else text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


#: What YAML takes for something else than text.
_OTHER_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
