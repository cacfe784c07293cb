"""MLflow's server behind a password, where one is set: its own basic authentication, given what it needs."""

import os
import secrets
from importlib.util import find_spec
from pathlib import Path

from ganlib.errors import AtelierError

_USER, _PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"  # the variables that MLflow's clients read, too


def asked_for() -> bool:
    """Whether the environment has a user and a password. Raises `AtelierError` where it has one of them alone."""
    given = [name for name in (_USER, _PASSWORD) if os.environ.get(name)]
    if len(given) == 1:
        raise AtelierError(f"{_USER} and {_PASSWORD}: expected both or neither, found {given[0]} alone; nothing was started.")
    return bool(given)


def environment(home: Path) -> dict[str, str]:
    """What MLflow's server is started with, so that it lets in who has them; its list of users is a database in `home`.

    The password counts when that is made; it is changed by MLflow's own means afterwards.
    """
    if find_spec("flask_wtf") is None:
        raise AtelierError(
            "MLflow with a password: expected Flask-WTF to be installed, found that it is not; nothing was started. "
            "Run .venv/bin/pip install 'mlflow[auth]', or unset MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        )
    home.mkdir(parents=True, exist_ok=True)
    told = home / "auth.ini"
    told.write_text(f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{home / 'auth.db'}\n", encoding="utf-8")
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(told),
        "MLFLOW_AUTH_ADMIN_USERNAME": os.environ[_USER],
        "MLFLOW_AUTH_ADMIN_PASSWORD": os.environ[_PASSWORD],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),  # signs the forms of its pages, as long as it runs
    }
