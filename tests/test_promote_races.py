"""Several processes at one registry, at once: one wins, the others are told, in SQLite and at a server."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from promoting import PROJECT, champion, client, command, made, project, registry, studio, versions, waiting
from test_record_server import Start, server

from tasks import places, promote
from tasks.tracking import candidates, claims, store
from tasks.tracking.generator import NAME
from tasks.tracking.registry import Registry

__all__ = ["project", "server", "studio"]

pytestmark = pytest.mark.slow

#: Judges what waits in a folder. Whoever is about to move the alias waits until the other is, too: for ever, if one keeps out.
JUDGE = """
import json, os, sys, time
from pathlib import Path
from tasks.tracking import worker
from tasks.tracking.registry import Registry

crown, here, other = Registry.crown, Path(sys.argv[1]), Path(sys.argv[2])

def slowly(self, number):
    here.touch()
    end = time.monotonic() + 4
    while not other.exists() and time.monotonic() < end:
        time.sleep(0.05)
    crown(self, number)

Registry.crown = slowly
print(json.dumps(worker.promote({}, ".")))
"""

#: Adds to a file under the claim, read and write apart.
COUNT = """
import sys, time
from pathlib import Path
from mlflow import MlflowClient
from tasks.tracking import store
from tasks.tracking.claims import claimed

client, file = MlflowClient(store.uri()), Path(sys.argv[1])
for _ in range(8):
    with claimed(client, "generator"):
        number = int(file.read_text())
        time.sleep(0.1)
        file.write_text(str(number + 1))
"""


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that judges."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", **more}


def candidate(folder: Path, number: int, value: float) -> Path:
    """A project of its own in which a model waits for its verdict."""
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    made(number, value)
    candidates.keep(candidates.describe(places.MODEL, json.loads(places.SCORES.read_text())), places.MODEL)
    os.chdir(before)
    return folder


def race(tmp_path: Path, first: float, second: float) -> list[dict[str, Any]]:
    """Two projects with a better model each judge at once, after a champion of 1000; their verdicts."""
    made(1, 1000.0)
    promote.promote()
    assert champion() == "1"
    folders = [candidate(tmp_path / "a", 2, first), candidate(tmp_path / "b", 3, second)]
    flags = [str(tmp_path / "a is about to"), str(tmp_path / "b is about to")]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", JUDGE, *order],
            cwd=folder,
            env=environment(**{store.URI: store.uri()}),
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder, order in zip(folders, (flags, flags[::-1]), strict=True)
    ]
    answers = [json.loads(process.communicate(timeout=200)[0].splitlines()[-1]) for process in both]
    assert [answer["troubles"] for answer in answers] == [{}, {}]
    return [verdict for answer in answers for verdict in answer["verdicts"]]


def one_has_won(verdicts: list[dict[str, Any]]) -> None:
    """Of two that are alike, and better than the champion, one is the champion now, and the other was measured against it."""
    winner, loser = sorted(verdicts, key=lambda verdict: not verdict["promoted"])
    assert (winner["promoted"], loser["promoted"]) == (True, False)
    assert (winner["champion"], loser["champion"]) == ("version 1", winner["candidate"])
    assert f"version {champion()}" == winner["candidate"]
    assert (versions(), registry().past()) == (["1", "2", "3"], ["1"])
    assert not [key for key in client().get_registered_model(NAME).tags if key.startswith(claims.PREFIX)]


@pytest.mark.fault("two candidates judged at once", found="one wins; the other is judged after it")
def test_two_processes_cannot_both_win_in_one_database(studio: Path, tmp_path: Path) -> None:
    """A SQLite store without a server: the second waits, and is measured against the first."""
    one_has_won(race(tmp_path, 900.0, 901.0))


@pytest.mark.drill
@pytest.mark.fault("two candidates judged at once", found="one wins; the other is judged after it")
def test_two_clients_cannot_both_win_at_a_server(server: Start, studio: Path, tmp_path: Path) -> None:
    """A real MLflow server and clients that share nothing else."""
    server()
    one_has_won(race(tmp_path, 900.0, 901.0))


@pytest.mark.drill
def test_the_better_one_of_two_is_the_champion_whoever_comes_first(studio: Path, tmp_path: Path) -> None:
    """Clearly better than the other and than the champion: it ends as the champion in either order."""
    verdicts = race(tmp_path, 500.0, 900.0)
    best = next(verdict for verdict in verdicts if verdict["score"]["new"] == 500.0)
    assert best["candidate"] == f"version {champion()}"


def test_a_claim_is_held_by_one_at_a_time(studio: Path, tmp_path: Path) -> None:
    """Three processes count together, reading and writing apart, and none of 24 is lost."""
    Registry(client())
    count = tmp_path / "count"
    count.write_text("0")
    given = {"env": environment(**{store.URI: store.uri()})}
    several = [subprocess.Popen([sys.executable, "-c", COUNT, str(count)], **given) for _ in range(3)]  # type: ignore[call-overload]
    assert [process.wait(120) for process in several] == [0, 0, 0]
    assert count.read_text() == "24"


@pytest.mark.drill
@pytest.mark.fault("MLflow's server away at the promotion", found="the candidate waits on the disk, said so")
def test_a_server_that_is_away_costs_seconds_and_no_candidate(server: Start, studio: Path) -> None:
    """As a person calls it: exit code 0, a line; with the server back, the next call makes it the champion, the one after asks no
    more, and the way back is told."""
    made(1, 1000.0)
    began = time.monotonic()
    said = subprocess.run(command(), env=environment(), capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 40
    assert "has not taken it (nothing answers). It is kept in .runs/promote/" in said.stdout
    assert waiting() == 1
    server()
    said = subprocess.run(command(), env=environment(), capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Version 1 is the champion.")
    assert waiting() == 0
    again = subprocess.run(command(), env=environment(), capture_output=True, text=True, check=True)
    assert again.stdout == f"Nothing new. {said.stdout}"
    back = subprocess.run(command("--rollback"), env=environment(), capture_output=True, text=True, check=False)
    assert back.returncode == 2
    assert back.stderr.startswith("error: generator: expected a former champion to roll back to, found none before version 1.")
    assert "Traceback" not in back.stderr


@pytest.mark.drill
@pytest.mark.fault("kill -9 in the middle of a promotion", found="the next one completes it")
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(studio: Path, tmp_path: Path) -> None:
    """kill -9 as it is about to move the alias: the next one need not wait for it, and ends what it began."""
    made(1, 1000.0)
    promote.promote()
    folder = candidate(tmp_path / "a", 2, 900.0)
    flag, given = tmp_path / "about to", environment(**{store.URI: store.uri()})
    process = subprocess.Popen([sys.executable, "-c", JUDGE, str(flag), str(tmp_path / "never")], cwd=folder, env=given)
    while not flag.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert champion() == "1"
    os.chdir(folder)
    judge = [sys.executable, "-c", JUDGE, str(flag), str(flag)]
    again = subprocess.run(judge, env=given, capture_output=True, text=True, check=True)
    (verdict,) = json.loads(again.stdout.splitlines()[-1])["verdicts"]
    assert verdict["promoted"]
    os.chdir(studio)
    assert (champion(), versions(), registry().past()) == ("2", ["1", "2"], ["1"])
