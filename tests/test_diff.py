"""`python -m tasks.diff`: scores of two revisions side by side, in a repository of their own, or a sentence that says why not."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import PROJECT

from ganlib.metrics.fingerprint import Fingerprint, Score, to_json

MADE = Fingerprint("lite0", "57", 64, "bicubic", "rounded", "(x - 127) / 128", 100, 100, "d1", "heldout", 0, 5)


class Repository:
    """A git repository with scores in it."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments):
        who = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

    def lay(self, values, made=MADE):
        """Scores by name: value and error."""
        scores = [Score(name, value, error, 1.0, 100, made) for name, (value, error) in values.items()]
        (self.folder / "metrics").mkdir(exist_ok=True)
        (self.folder / "metrics/evaluate.json").write_text(json.dumps(to_json(scores)))

    def commit(self, tag):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", tag)
        self.git("tag", tag)

    def diff(self, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-m", "tasks.diff", *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def refused(self, *arguments):
        """The error, which is one line, with exit code 2 and nothing else said."""
        ended = self.diff(*arguments)
        assert (ended.returncode, ended.stdout) == (2, ""), ended
        [line] = ended.stderr.splitlines()
        return line


@pytest.fixture
def repository(tmp_path):
    """Scores at the tag `old`; better ones at `new`, which are HEAD; uncommitted ones, better by less than their error."""
    found = Repository(tmp_path)
    found.commit("empty")
    found.lay({"fd_lite0": (120, 3), "recall": (0.5, 0.01)})
    found.commit("old")
    found.lay({"fd_lite0": (100, 4), "recall": (0.4, 0.01), "copied": (0.01, 0.002)})
    found.commit("new")
    found.lay({"fd_lite0": (97, 4), "recall": (0.4, 0.01), "copied": (0.01, 0.002)})
    return found


def cells(line):
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_two_revisions_side_by_side(repository):
    """A lower distance is better, a lower recall worse; errors add in quadrature; what only one has is named."""
    ended = repository.diff("old", "new")
    assert ended.returncode == 0, ended.stderr
    head, distance, recall, alone = ended.stdout.splitlines()
    assert cells(head) == ["score", "old (old)", "new (new)", "better by"]
    assert cells(distance) == ["fd_lite0", "120 ± 3", "100 ± 4", "+20 ± 5", "clearly better"]
    assert cells(recall) == ["recall", "0.5 ± 0.01", "0.4 ± 0.01", "-0.1 ± 0.014", "clearly worse"]
    assert alone == "Only new has copied."


def test_by_itself_head_against_what_lies_here(repository):
    """A gain of 3 with an error of 5.7 proves nothing; no change is no change."""
    lines = repository.diff().stdout.splitlines()
    assert cells(lines[0])[1:3] == ["old (HEAD)", "new (here)"]
    assert cells(lines[1]) == ["fd_lite0", "100 ± 4", "97 ± 4", "+3 ± 5.7", "within the error"]
    assert cells(lines[2])[3:] == ["+0 ± 0.014", "within the error"]


def test_one_revision_against_what_lies_here(repository):
    """As `dvc metrics diff` takes its arguments."""
    assert cells(repository.diff("old").stdout.splitlines()[1])[3:] == ["+23 ± 5", "clearly better"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"size": 32}, "size (32 and 64)"),
        ({"reference_digest": "d2", "split": "half of real"}, "reference_digest (d2 and d1), split (half of real and heldout)"),
    ],
)
def test_scores_that_were_not_made_alike_are_refused(repository, other, said):
    """The error names what differs; no number is shown."""
    repository.lay({"fd_lite0": (90, 4)}, replace(MADE, **other))
    message = repository.refused()
    assert message.startswith(f"error: fd_lite0: expected two scores made alike, found that they differ in {said};")


def test_a_revision_or_a_file_that_is_not_there_is_said(repository):
    """What was looked for, and where."""
    assert repository.refused("nowhere").startswith("error: nowhere: expected a commit, branch or tag of git here, found none")
    assert repository.refused("--", "-x").startswith("error: -x: expected a commit")
    assert repository.refused("empty").startswith(
        "error: metrics/evaluate.json of empty: expected the scores of an evaluation, found no"
    )
    (repository.folder / "metrics/evaluate.json").unlink()
    assert repository.refused().startswith("error: metrics/evaluate.json: expected the scores of an evaluation, found no file")


@pytest.mark.parametrize("content", ["{", "[1]", '{"fd_lite0": 3}'], ids=["half a file", "a list", "no fingerprint"])
def test_a_file_that_holds_no_scores_is_said(repository, content):
    """With what to do."""
    (repository.folder / "metrics/evaluate.json").write_text(content)
    message = repository.refused()
    assert message.startswith("error: metrics/evaluate.json: expected scores")
    assert message.endswith("Evaluate again.")


def test_those_that_were_made_alike_are_compared_where_others_were_not(repository):
    """Copies were looked for among other training pictures: that line says so, and the distance is compared all the same."""
    repository.lay({"fd_lite0": (90, 4), "copied": (0.01, 0.002)}, replace(MADE, training=7, training_digest="d3"))
    ended = repository.diff()
    assert ended.returncode == 0, ended.stderr
    _, distance, alone, refused = ended.stdout.splitlines()
    assert cells(distance)[3:] == ["+10 ± 5.7", "within the error"]
    assert alone == "Only HEAD has recall."
    assert refused.startswith("copied: expected two scores made alike, found that they differ in training (7 and 0)")
