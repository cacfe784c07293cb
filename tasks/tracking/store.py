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
from urllib.parse import unquote, urlsplit

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


def shown() -> str:
    """The address as it may be printed: without credentials."""
    address = uri().split("?")[0]
    return redact(address) if os.environ.get(URI) else str(HOME / "mlflow.db")


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
    return {**SETTINGS, **os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": search, URI: uri()}


def database() -> Path | None:
    """The file of a SQLite store; None for any other."""
    return Path(unquote(urlsplit(uri()).path)[1:]) if uri().startswith("sqlite:///") else None


def holds_deleted() -> bool:
    """Whether a SQLite store of this project holds runs that were deleted; True, too, where that cannot be known so simply."""
    if (path := database()) is None or not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as reader:
            return bool(reader.execute("SELECT 1 FROM runs WHERE lifecycle_stage = 'deleted' LIMIT 1").fetchone())
    except sqlite3.Error:
        return True


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
