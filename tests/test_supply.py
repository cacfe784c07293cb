"""What the project is made of: locked with digests, under licences that permit, exceptions dated, reasoned and needed."""

import datetime
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import pytest
from conftest import PROJECT

SUPPLY: dict[str, Any] = tomllib.loads((PROJECT / "supply.toml").read_text())
LOCK = (PROJECT / "requirements.lock").read_text()
PINS = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK + (PROJECT / "torch.lock").read_text(), re.MULTILINE))
EXCEPTIONS: dict[str, dict[str, Any]] = SUPPLY["licences"]["exceptions"]
PERMISSIVE = set(SUPPLY["licences"]["permissive"])


def said(name: str) -> str:
    """The licence that an installed package says it is under, as an SPDX expression where it can be told."""
    told = metadata(name)
    if expression := told.get("License-Expression"):
        return str(expression)
    words = [one.rpartition("::")[2].strip() for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    words = [word for word in words if word != "OSI Approved"] or [(told.get("License") or "none").strip().splitlines()[0]]
    return " AND ".join(SUPPLY["licences"]["names"].get(word, word) for word in words)


def permits(expression: str) -> bool:
    """Whether what an SPDX expression lets one choose is permissive; what is no such expression does not permit."""
    while inner := re.search(r"\(([^()]*)\)", expression):
        expression = expression[: inner.start()] + ("MIT" if permits(inner[1]) else "other") + expression[inner.end() :]
    expression = re.sub(r"Apache-2\.0 WITH LLVM-exception", "Apache-2.0", expression)
    return any(all(part.strip() in PERMISSIVE for part in choice.split(" AND ")) for choice in expression.split(" OR "))


def test_expressions_are_read_as_spdx_means_them() -> None:
    """One of what OR joins will do, all of what AND joins must."""
    assert permits("MIT")
    assert permits("GPL-2.0-only OR Apache-2.0")
    assert permits("Apache-2.0 AND (MPL-2.0 OR MIT)")
    assert not permits("MIT AND MPL-2.0")
    assert not permits("MPL-2.0 AND (Apache-2.0 OR MIT)")
    assert not permits("GPL-2.0-only WITH GCC-exception-2.0")


@pytest.mark.parametrize("name", sorted(PINS))
def test_a_locked_package_is_under_a_licence_that_permits(name: str) -> None:
    """Or it is excepted in supply.toml; an exception that is needed no more is to go."""
    try:
        licence = said(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    assert permits(licence) != (name in EXCEPTIONS), f"{name} is under {licence}: except it in supply.toml, or lift the exception"


@pytest.mark.parametrize("kind", ["licences", "audit"])
def test_exceptions_have_a_reason_and_have_not_run_out(kind: str) -> None:
    """A year at most; then somebody looks again."""
    for name, one in SUPPLY[kind]["exceptions"].items():
        assert len(one["why"].split()) >= 4, f"{name}: say why"
        assert one["since"] <= datetime.date.today() <= one["until"], f"{name} has run out: look again, and date it anew"
        assert one["until"] - one["since"] <= datetime.timedelta(days=366), f"{name}: a year at most"
        assert kind == "audit" or name in PINS, f"{name} is not locked any more"


def test_every_locked_package_but_torch_bears_the_digests_of_its_files() -> None:
    """So that pip takes no other file for it (`make install` asks pip to refuse); no index is named."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(PINS) - 1
    assert all(re.fullmatch(r"\S+==\S+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", block) for block in blocks)
    assert "torch" not in {block.partition("==")[0] for block in blocks}
    assert "://" not in LOCK
    assert "--require-hashes" in (PROJECT / "Makefile").read_text()
