"""Which MLflow store holds the record, and whether it answers: all that can be known without importing MLflow."""

import os
import re
import sqlite3
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

EXPERIMENT = "atelier"
#: With the project, also for a step of `dvc exp run --temp`, whose own folder is thrown away (DVC names the project's).
HOME = Path(os.environ.get("DVC_ROOT", ".")) / ".mlflow"

#: Names of environment variables: MLflow's own, and the parent run under which a flow puts the runs of its steps.
URI = "MLFLOW_TRACKING_URI"
PARENT = "ATELIER_PARENT_RUN"

#: No retries inside MLflow: a request that timed out may have been taken, and only the store can say whether it was.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "OMP_NUM_THREADS": "1",
}

_SECRETS = "password|passwd|pwd|token|secret|key|sig|credential"


def uri() -> str:
    """The address of the store: `MLFLOW_TRACKING_URI`, or else a SQLite file in the project's folder."""
    return os.environ.get(URI) or f"sqlite:///{(HOME / 'mlflow.db').resolve()}"


def unfit() -> str:
    """Why MLflow cannot be given the file in the project's folder; empty where it can, and for any other store."""
    if os.environ.get(URI) or "?" not in (place := str(HOME.resolve())):
        return ""
    return (
        f"{place}: expected a path without a question mark, which would end it in the address that MLflow is given, found one; "
        f"nothing was written there. Move the project, or name another store in {URI}"
    )


def shown() -> str:
    """The address as it may be printed: without credentials."""
    return redact(uri().split("?")[0]) if os.environ.get(URI) else str(HOME / "mlflow.db")


def redact(text: str) -> str:
    """`text` without user names, passwords and tokens: those inside addresses and those of MLflow's own variables."""
    text = re.sub(r"(://)[^/\s]*@", r"\1", text)
    text = re.sub(rf"(?i)([?&][\w-]*(?:{_SECRETS})[\w-]*=)[^&\s]+", r"\1***", text)
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        if secret := os.environ.get(name):
            text = text.replace(secret, "***")
    return text


def environment() -> dict[str, str]:
    """The environment of a process that talks to MLflow."""
    root = str(Path(__file__).parents[2])
    search = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    place = {} if unfit() else {URI: uri()}
    return {**SETTINGS, **os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": search, **place}


def database() -> Path | None:
    """The file of a SQLite store; None for any other. The address is no quoted one: # and % are letters of the path."""
    if not os.environ.get(URI):
        return (HOME / "mlflow.db").resolve()
    return Path(uri().removeprefix("sqlite:///").partition("?")[0]) if uri().startswith("sqlite:///") else None


def holds_deleted() -> bool:
    """Whether a SQLite store of this project holds runs that were deleted; True, too, where that cannot be known so simply."""
    if (path := database()) is None or not path.exists():
        return False
    try:
        return bool(_read(path, "SELECT 1 FROM runs WHERE lifecycle_stage = 'deleted' LIMIT 1"))
    except sqlite3.Error:
        return True


def deleted_models() -> set[str]:
    """The ids of the logged models in a SQLite store that were deleted, of which no client tells."""
    path = database()
    found = _read(path, "SELECT model_id FROM logged_models WHERE lifecycle_stage = 'deleted'") if path else []
    return {str(model) for (model,) in found}


def _read(database: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as reader:
        return reader.execute(question).fetchall()


def answers(patience: float = 3.0) -> bool:
    """Whether something answers at the store's address within `patience` seconds, name lookup included.

    Any answer of a server will do, a refusal too: what it means is for MLflow to find out. Other stores are taken to be there.
    """
    if not uri().startswith(("http://", "https://")):
        return True
    verdict: list[bool] = []
    asking = threading.Thread(target=lambda: verdict.append(_asked(uri(), patience)), daemon=True)
    asking.start()
    asking.join(patience + 0.5)
    return verdict == [True]


def _asked(address: str, patience: float) -> bool:
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    question = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/health"
    try:
        urllib.request.urlopen(question, timeout=patience).close()  # noqa: S310 - http or https, as checked above
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, ValueError):
        return False
    return True
