"""Nothing phones home: a whole run connects to nothing but this machine, and needs nothing else."""

import sys
from pathlib import Path

import pytest
from conftest import Workspace
from guard import alone, far, guarded
from ledger import Ledger

pytestmark = pytest.mark.slow
CANARY = "s3cr3t-canary-4711"


@pytest.mark.drill
def test_a_whole_run_connects_to_nothing_else(workspace: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """From pictures to report and registry through the flow, in a network that holds this machine alone, where one can be had.

    The guard is tried first: it sees an attempt, and refuses it. Prefect makes its tables, as it does the first time.
    """
    workspace.bare = True
    log = guarded(workspace.tell(), tmp_path)
    tried = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    assert "guard: socket." in workspace.python("-c", tried, code=1)
    assert far(log)
    log.write_text("")
    command = (sys.executable, "-m", "flows.train_gan")
    output = workspace.run(*(alone(*command) or command))
    assert "artifacts/report/model" in output
    assert "Version 1 is the champion." in output
    assert far(log) == []
    assert "near socket.connect 127.0.0.1" in log.read_text(), "the guard saw nothing at all"
    ledger.add("a whole run, watched: collect to promote through the flow", found="it connects to nothing but this machine")


def test_a_secret_is_written_nowhere(workspace: Workspace, ledger: Ledger) -> None:
    """A password in the address of MLflow, one in its variables, one of DVC's remote, in the environment of a run of all steps:
    in no log, database, artefact or page, and not in what is printed."""
    workspace.variables |= {
        "MLFLOW_TRACKING_URI": f"http://ada:{CANARY}@127.0.0.1:9",
        "MLFLOW_TRACKING_PASSWORD": CANARY,
        "MLFLOW_TRACKING_TOKEN": CANARY,
        "PREFECT_API_AUTH_STRING": f"admin:{CANARY}",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "ATELIER_TEST_TOKEN": CANARY,
    }
    output = workspace.dvc("repro", "report") + workspace.python("-m", "tasks.promote", code=None)
    assert (workspace.folder / "artifacts" / "report" / "report.html").exists()
    assert CANARY not in output
    files = [path for path in workspace.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 50
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    ledger.add("a password in addresses and variables of a run of all steps", times=6, found="looked for in every file: nowhere")
