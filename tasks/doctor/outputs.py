"""What lies in the working tree, held against what dvc.lock and data.dvc say was made."""

from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from tasks.digests import dvc_md5
from tasks.doctor.base import Finding, listed

NAME = "outputs"


def check(fix: bool) -> Finding:
    """Nothing is mended here: what differs may be somebody's work."""
    known = dict(_known())
    if not known:
        return Finding(NAME, "ok", "Nothing was made here yet.")
    missing = [path for path in known if not path.exists()]
    other = [path for path, digest in known.items() if path.exists() and dvc_md5(path) != digest]
    if not missing and not other:
        return Finding(NAME, "ok", f"All {len(known)} are as dvc.lock says.")
    what = [*(f"{path} is not there" for path in missing), *(f"{path} is another" for path in other)]
    return Finding(NAME, "warn", f"{listed(what)}.", "dvc repro")


def _known() -> Iterator[tuple[Path, str]]:
    lock = YAML(typ="safe").load(Path("dvc.lock")) if Path("dvc.lock").exists() else {}
    outs = [out for stage in (lock or {}).get("stages", {}).values() for out in stage.get("outs", [])]
    data = YAML(typ="safe").load(Path("data.dvc")) if Path("data.dvc").exists() else {}
    yield from ((Path(out["path"]), out["md5"]) for out in [*outs, *(data or {}).get("outs", [])] if "md5" in out)
