"""What is known of a run without MLflow: its parameters made flat, the identities of what it read and wrote."""

import getpass
import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from ganlib.files import digest_bytes
from tasks.digests import dvc_md5, git_commit
from tasks.tracking import store
from tasks.tracking.spool import COMMIT, Entry


def describe(step: str, params: Mapping[str, Any], reads: Sequence[Path], writes: Sequence[Path] = ()) -> Entry:
    """An entry with everything but metrics and files. What was read or written and is no longer there is left out."""
    read, written = _digests(reads), _digests(writes)
    plain = flat(params)
    commit = git_commit()
    tags = {
        "atelier.step": step,
        "mlflow.user": _user(),
        "mlflow.source.name": f"python -m tasks.{step}",
        "mlflow.source.type": "LOCAL",
        **{f"dvc.read.{name}": digest for name, digest in read.items()},
        **{f"dvc.write.{name}": digest for name, digest in written.items()},
    }
    if commit:
        tags |= {COMMIT: commit, "mlflow.source.git.commit": commit.removesuffix("+dirty")}
    identity = json.dumps([step, read, written, plain], sort_keys=True)
    return Entry(
        step=step,
        params=plain,
        tags=tags,
        version=digest_bytes(identity.encode()),
        datasets=[item for path in reads if (item := _dataset(path, step))],
        parent=os.environ.get(store.PARENT) or None,
    )


def flat(params: Any, prefix: str = "") -> dict[str, str]:
    """`{"train": {"batch": 64}}` as `{"train.batch": "64"}`; lists as JSON, credentials in addresses left out."""
    if is_dataclass(params) and not isinstance(params, type):
        params = asdict(params)
    if isinstance(params, Mapping):
        parts = [flat(value, f"{prefix}.{key}" if prefix else str(key)) for key, value in params.items()]
        return {name: text for part in parts for name, text in part.items()}
    text = json.dumps(params, default=str, ensure_ascii=False) if isinstance(params, (list, tuple, dict)) else str(params)
    return {prefix: store.redact(text)}


def finite(metrics: Mapping[str, float]) -> tuple[dict[str, float], dict[str, str]]:
    """The finite metrics, and a tag that names the others."""
    kept = {key: float(value) for key, value in metrics.items() if math.isfinite(value)}
    left = ", ".join(sorted(set(metrics) - set(kept)))
    return kept, {"atelier.not_finite.final": left} if left else {}


def now() -> int:
    """Milliseconds since 1970, MLflow's clock."""
    return int(1000 * time.time())


def _digests(paths: Iterable[Path]) -> dict[str, str]:
    return {_name(path): dvc_md5(path) for path in paths if path.exists()}


def _name(path: Path) -> str:
    """The path as the project names it, relative to its folder where it lies inside."""
    absolute, here = path.absolute(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else path).as_posix()


def _dataset(path: Path, step: str) -> dict[str, Any] | None:
    """The data set in `path` as MLflow shows an input, or None when there is none."""
    try:
        info = json.loads((path / "dataset.json").read_text(encoding="utf-8"))
        shape = [info["size"], info["size"], info["channels"]]
        return {
            "name": _name(path),
            "digest": info["digest"],
            "source": _name(path),
            "shape": shape,
            "context": "training" if step == "train" else "evaluation",
            "profile": {key: info[key] for key in ("train", "heldout", "kept", "set_aside") if key in info},
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
