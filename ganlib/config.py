"""`params.yaml`, typed: every knob of the project once, unknown keys refused, errors with line and column."""

from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import FlowMappingEndToken, FlowMappingStartToken, FlowSequenceEndToken, FlowSequenceStartToken

from ganlib.errors import AtelierError
from ganlib.keep import KeepConfig
from ganlib.knobs import OneOf
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.promotion import PromoteConfig
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.sources import SOURCES, Source
from ganlib.sampling.config import SampleConfig
from ganlib.training.adapt import AdaptConfig
from ganlib.training.config import TrainConfig

T = TypeVar("T")
_MOST, _SHOWN = 20_000, 200  # values of a file; characters of one that are repeated in an error
_DEEPEST = 100  # brackets within brackets: the parser goes over them all again at each one


@dataclass(frozen=True)
class Params:
    """The whole of `params.yaml`, one section a step."""

    collect: Annotated[Source, OneOf("source", SOURCES)]
    curate: CurateConfig
    train: TrainConfig
    sample: SampleConfig
    evaluate: EvaluateConfig
    promote: PromoteConfig
    adapt: AdaptConfig
    keep: KeepConfig


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check the project's parameters; raises as `read` does."""
    return read(path, Params)


def read(path: Path, kind: type[T]) -> T:
    """Read `path` as a dataclass of knobs.

    Raises `AtelierError`, with every mistake on a line of its own (`params.yaml:12:9 train.batch must be > 0 (got -3)`).
    """
    tree = _parse(path, kind)
    if _nodes(tree, _MOST) > _MOST:
        raise AtelierError(
            f"{path}: expected at most {_MOST:,} values, found more, counting those that aliases (*name) repeat; nothing was "
            "started. Write them out, or fewer."
        )
    strict = with_config(ConfigDict(extra="forbid", allow_inf_nan=False))(kind)
    try:
        return TypeAdapter(strict).validate_python(_plain(tree))
    except ValidationError as error:
        lines = [_sentence(path, tree, dict(item)) for item in error.errors()]
        raise AtelierError("\n".join(lines)) from None


def _parse(path: Path, kind: Any) -> Any:
    """The YAML tree of `path`, whose nodes remember their lines."""
    try:
        text = path.read_text(encoding="utf-8")
        if _too_deep(text):
            raise RecursionError
        tree = YAML(typ="rt").load(text)
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected the file of parameters here, found none. Run from the project's folder.") from None
    except UnicodeDecodeError as error:
        raise AtelierError(f"{path}: expected UTF-8 text, found a byte that is none at offset {error.start}.") from None
    except (RecursionError, NotImplementedError, ValueError, LookupError) as error:
        raise AtelierError(f"{path}: expected parameters, found {_unread(error)}; nothing was started. Write it anew.") from None
    except TypeError:
        raise AtelierError(f"{path}: expected names before colons, found a list or a mapping; nothing was started.") from None
    except ReaderError as error:
        raise AtelierError(f"{path}: expected text, found a character that is none at offset {error.position}.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = str(error.problem).splitlines()[0].replace("with value", "given a second time, with value")
        raise AtelierError(f"{place} {problem}") from None
    if not isinstance(tree, dict):
        sections = ", ".join(field.name for field in fields(kind))
        raise AtelierError(f"{path}:1:1 expected sections ({sections}), found {type(tree).__name__}.")
    return tree


def _unread(error: Exception) -> str:
    """What the parser could not make anything of, by how it gave up."""
    if isinstance(error, NotImplementedError):
        return "remarks where it cannot tell what they belong to"
    if isinstance(error, RecursionError):
        return "more levels than anybody can read"
    return "more digits than a number may have" if "digits" in str(error) else f"a value that is none ({error})"


def _too_deep(text: str) -> bool:
    """Whether more brackets are open at once than anybody reads. What the scanner refuses is left to the parser to tell."""
    depth = 0
    with suppress(YAMLError):
        for token in YAML(typ="rt").scan(text):
            depth += isinstance(token, (FlowSequenceStartToken, FlowMappingStartToken))
            depth -= isinstance(token, (FlowSequenceEndToken, FlowMappingEndToken))
            if depth > _DEEPEST:
                return True
    return False


def _nodes(node: Any, most: int) -> int:
    """How many values there are, aliases followed each time; counted no further than just beyond `most`."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    count = 1
    for child in children:
        if count > most:
            break
        count += _nodes(child, most - count)
    return count


def _plain(node: Any) -> Any:
    """The tree as plain dictionaries and lists: what is validated must not carry the parser's types."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, float):
        return float(node)
    return node


def _sentence(path: Path, tree: Any, item: dict[str, Any]) -> str:
    """One validation error as a person reads it: place, name of the knob, what it must be, what was found."""
    kind, got = item["type"], item.get("input")
    keys, line, column = _locate(tree, item["loc"], missing=kind == "missing")
    name = ".".join(keys)
    context = item.get("ctx", {})
    if kind == "missing":
        return f"{path}:{line}:{column} {name} is missing"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{path}:{line}:{column} {name} is not a known key"
    limits = {
        "greater_than": (">", "gt"),
        "greater_than_equal": (">=", "ge"),
        "less_than": ("<", "lt"),
        "less_than_equal": ("<=", "le"),
    }
    if kind in limits:
        sign, bound = limits[kind]
        must = f"must be {sign} {context[bound]}"
    elif kind == "value_error":
        must = str(context["error"])
    elif kind == "literal_error":
        must = f"must be {context['expected']}"
    else:
        must = item["msg"].replace("Input should be", "must be")
    shown = "" if isinstance(got, dict) else f" (got {_short(got)})"
    return f"{path}:{line}:{column} {f'{name} ' if name else ''}{must}{shown}"


def _short(got: Any) -> str:
    try:
        text = str(got)
    except ValueError:  # an int of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _locate(tree: Any, location: tuple[int | str, ...], missing: bool) -> tuple[list[str], int, int]:
    """Follow pydantic's location into the tree, as far as it goes: names on the way, line and column (from 1).

    missing: the last part is a key that the file should have.
    """
    node: Any = tree
    keys: list[str] = []
    line, column = 1, 1
    for part in location:
        if part == "[key]":
            continue  # pydantic's word for "the name, not the value"; the name is the part before
        inside = (isinstance(node, dict) and part in node) or (isinstance(node, list) and part in range(len(node)))
        if inside:
            line, column = _place(node, part)
        elif not missing or part != location[-1]:
            continue  # the name of a member of a union: no key of the file
        keys.append(str(part))
        node = node[part] if inside else None
    return keys, line, column


def _place(node: Any, part: int | str) -> tuple[int, int]:
    """Line and column (from 1) of a key or an item; of one that was merged in (`<<: *other`), where it is written."""
    listed, marks = isinstance(node, list), node.lc  # ruamel's own dictionaries and lists know their lines
    if not listed and part not in (marks.data or ()):
        return next(_place(other, part) for other in node.merge if part in other)
    where = marks.item(part) if listed else marks.key(part)
    return where[0] + 1, where[1] + 1
