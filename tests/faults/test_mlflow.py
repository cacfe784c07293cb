"""An MLflow server that is slow, and one whose disk is full: the training does not notice, and the record is completed."""

import os
import shutil
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ledger import Ledger
from recording import a_record, empty_database, picture, project, runs
from test_disk import fill
from test_record_server import DATASET, Start, _append, _curves_are_whole, server

from tasks.live import Live
from tasks.record import publish
from tasks.tracking import spool, store

__all__ = ["project", "server"]

pytestmark = pytest.mark.slow
DELAY = 0.7  # seconds before each answer


@contextmanager
def slowly(port: int) -> Iterator[int]:
    """A port that hands all on to `port` and lets every answer wait."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    theirs, _ = listening.accept()
                    ours = socket.create_connection(("127.0.0.1", port))
                    threading.Thread(target=hand_on, args=(theirs, ours, 0.0), daemon=True).start()
                    threading.Thread(target=hand_on, args=(ours, theirs, DELAY), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]


def hand_on(source: socket.socket, target: socket.socket, delay: float) -> None:
    """Whatever comes, some time later."""
    with suppress(OSError), source, target:
        while data := source.recv(65536):
            time.sleep(delay)
            target.sendall(data)


def trained(folder: Path) -> tuple[Live, list[float]]:
    """A training of 300 lines that is being told; what each append took."""
    live = Live(folder, {"batch": 64}, [DATASET]).start()
    spent = _append(folder, 0, 300)
    for kimg in ("000000", "000010"):
        picture(folder / "samples" / f"kimg-{kimg}.png")
    time.sleep(3)
    return live, spent


def completed(folder: Path) -> bool:
    """Whether the step's own record, at its end, got all of it there."""
    pictures = sorted((folder / "samples").glob("*.png"))
    given = {"history": folder / "history.jsonl", "run_folder": folder, "pictures": pictures}
    return publish(a_record(step="train", params={"batch": 64}, **given), 120.0)


@pytest.mark.drill
def test_a_slow_server_is_waited_for_by_nobody(
    server: Start, project: Path, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    """Every answer takes most of a second: appends take what they take, and the record is whole, nothing twice."""
    a_record()
    alone = statistics.median(_append(Path(".runs/alone"), 0, 300))
    server()
    folder, straight = Path(".runs/5eed"), os.environ[store.URI]
    with slowly(urlsplit(straight).port or 0) as port:
        monkeypatch.setenv(store.URI, f"http://127.0.0.1:{port}")
        live, spent = trained(folder)
        began = time.monotonic()
        live.close("FINISHED")
        assert time.monotonic() - began < 10.5
        completed(folder)
    assert statistics.median(spent) < 3 * alone + 0.001
    monkeypatch.setenv(store.URI, straight)
    assert spool.left() == 0 or completed(folder)
    _curves_are_whole(300)
    assert [run.info.status for run in runs("train")] == ["FINISHED"]
    ledger.add(
        f"MLflow's server takes {DELAY} s for every answer", found="training does not wait; the record is whole, nothing twice"
    )


@pytest.mark.drill
def test_a_server_whose_disk_is_full(server: Start, project: Path, ledger: Ledger) -> None:
    """It answers with errors: the training goes on, and with room again the record is completed."""
    place = project / "server"
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "small", place]).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        (place / "mlflow.db").write_bytes(empty_database().read_bytes())
        a_record()
        server()
        filler = fill(place)
        live, _ = trained(Path(".runs/5eed"))
        assert not live.close("FINISHED")
        assert not completed(Path(".runs/5eed"))
        filler.unlink()
        assert completed(Path(".runs/5eed"))
        _curves_are_whole(300)
        assert spool.left() == 0
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
    ledger.add("the disk of MLflow's server full", found="a line says that the record waits; with room again it is completed")
