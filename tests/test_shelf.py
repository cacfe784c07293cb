"""What is kept from night to night: found again, never believed when damaged, and never of another kind."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from ganlib.errors import AtelierError
from ganlib.pictures.duplicates.glances import remembered
from ganlib.pictures.duplicates.index import Cells
from ganlib.pictures.form import Form
from ganlib.pictures.neighbours import Neighbours, nearest
from ganlib.pictures.shelf import Rows, Shelf
from ganlib.pictures.shelves import open_shelf

COLUMNS = {"name": "S4", "levels": (np.uint8, (2, 3))}
KEYS = [bytes([place]) * 16 for place in range(5)]
LEVELS = np.arange(30, dtype=np.uint8).reshape(5, 2, 3)


def test_values_are_found_again_by_key(tmp_path: Path) -> None:
    """In another order, after closing, beside new ones; a key has the row that it had."""
    with Shelf(tmp_path, COLUMNS) as shelf:
        rows = shelf.rows(KEYS[:4])
        shelf["levels"].put(rows[[3, 0]], LEVELS[[3, 0]])
    with Shelf(tmp_path, COLUMNS) as shelf:
        assert shelf.rows([KEYS[3], KEYS[4], KEYS[0], KEYS[3]]).tolist() == [3, 4, 0, 3]
        assert shelf["levels"].lacks(np.arange(5)).tolist() == [False, True, True, False, True]
        assert (shelf["levels"][np.array([0, 3])] == LEVELS[[0, 3]]).all()
        assert shelf["name"].lacks(np.arange(5)).all()


def test_work_is_asked_for_what_is_lacking_only(tmp_path: Path) -> None:
    """And not again the next time."""
    asked: list[list[int]] = []

    def work(rows: Rows) -> Iterator[tuple[Rows, np.ndarray]]:
        asked.append(rows.tolist())
        yield rows, LEVELS[rows]

    with Shelf(tmp_path, COLUMNS) as shelf:
        rows = shelf.rows(KEYS)
        shelf["levels"].put(rows[1:2], LEVELS[1:2])
        for _ in range(2):
            shelf.fill("levels", rows, work)
        assert (shelf["levels"][rows] == LEVELS).all()
    assert asked == [[0, 2, 3, 4], []]


def test_a_row_that_has_another_key_by_now_has_no_value(tmp_path: Path) -> None:
    """As when the power failed before the keys were on the disk, but after the values were."""
    with Shelf(tmp_path, COLUMNS) as shelf:
        shelf["levels"].put(shelf.rows(KEYS[:2]), LEVELS[:2])
        stamp = shelf.stamp(2)
    keys = tmp_path / "keys"
    keys.write_bytes(keys.read_bytes()[:16])
    with Shelf(tmp_path, COLUMNS) as shelf:
        rows = shelf.rows([KEYS[0], KEYS[4]])
        assert rows.tolist() == [0, 1]
        assert shelf["levels"].lacks(rows).tolist() == [False, True]
        assert shelf.stamp(2) != stamp


def test_what_is_not_asked_for_any_more_is_forgotten_once_it_is_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values stay with their keys; a run that failed forgets nothing."""
    monkeypatch.setattr("ganlib.pictures.shelf._FEW", 3)
    with Shelf(tmp_path, COLUMNS) as shelf:
        shelf["levels"].put(shelf.rows(KEYS), LEVELS)
    with suppress(KeyboardInterrupt), Shelf(tmp_path, COLUMNS) as shelf:
        shelf.rows(KEYS[3:])
        raise KeyboardInterrupt
    with Shelf(tmp_path, COLUMNS) as shelf:
        assert len(shelf) == 5
        shelf.rows(KEYS[3:])
    with Shelf(tmp_path, COLUMNS) as shelf:
        assert len(shelf) == 2
        rows = shelf.rows([KEYS[4], KEYS[3], KEYS[0]])
        assert shelf["levels"].lacks(rows).tolist() == [False, False, True]
        assert (shelf["levels"][rows[:2]] == LEVELS[[4, 3]]).all()


@pytest.mark.parametrize("harm", ["a flipped bit", "a value cut short", "a key cut short", "no checksums"])
def test_what_is_damaged_is_as_good_as_none(tmp_path: Path, harm: str) -> None:
    """Whatever happened to a file, at most some rows are lacking, and they can be put again."""
    with Shelf(tmp_path, COLUMNS) as shelf:
        shelf["levels"].put(shelf.rows(KEYS), LEVELS)
    values, sums, keys = tmp_path / "levels.rows", tmp_path / "levels.sums", tmp_path / "keys"
    data = bytearray(values.read_bytes())
    data[13] ^= 1
    expected = {
        "a flipped bit": (lambda: values.write_bytes(data), [2]),
        "a value cut short": (lambda: values.write_bytes(values.read_bytes()[:-4]), [4]),
        "a key cut short": (lambda: keys.write_bytes(keys.read_bytes()[:-3]), []),
        "no checksums": (sums.unlink, [0, 1, 2, 3, 4]),
    }
    do, lacking = expected[harm]
    do()
    with Shelf(tmp_path, COLUMNS) as shelf:
        rows = shelf.rows(KEYS)
        assert rows.tolist() == [0, 1, 2, 3, 4]
        assert np.flatnonzero(shelf["levels"].lacks(rows)).tolist() == lacking
        shelf["levels"].put(rows, LEVELS)
        assert not shelf["levels"].lacks(rows).any()
        assert (shelf["levels"][rows] == LEVELS).all()


def test_another_form_begins_anew_and_two_at_once_are_refused(tmp_path: Path) -> None:
    """What is known of pictures of 16 pixels says nothing about those of 32."""
    form = Form(16, "RGB", "crop", "#ffffff")
    with open_shelf(form, tmp_path) as shelf:
        shelf.rows(KEYS)
        with (
            pytest.raises(AtelierError, match=rf"process {os.getpid()} \(since \S+\) curates there already"),
            open_shelf(form, tmp_path),
        ):
            pass
    with open_shelf(form, tmp_path) as shelf:
        assert len(shelf) == len(KEYS)
    with open_shelf(Form(32, "RGB", "crop", "#ffffff"), tmp_path) as shelf:
        assert len(shelf) == 0
    with open_shelf(form, tmp_path) as shelf:
        assert len(shelf) == 0


def test_neighbours_of_another_night_are_as_good_as_found_anew(tmp_path: Path) -> None:
    """Thirty nights on which pictures come and go, references too: the same lists as from nothing."""
    dice = np.random.default_rng(0)
    points = torch.from_numpy(dice.normal(size=(1500, 8)).astype(np.float32))

    def find(rows: Rows, references: Rows, before: Neighbours | None) -> Neighbours:
        order = references.astype(np.uint64)
        return nearest(rows, references, order, 10, lambda q, r: torch.cdist(points[rows[q]], points[references[r]]), before)

    rows, lists = np.sort(dice.choice(1500, 700, replace=False)), None
    for _ in range(30):
        references = rows[points[rows, 0].numpy() > 0]
        lists = find(rows, references, lists)
        anew = find(rows, references, None)
        assert (lists.near[:, :10] == anew.near[:, :10]).all()
        assert lists.apart[:, :10] == pytest.approx(anew.apart[:, :10], abs=1e-5)
        lists.save(tmp_path / "lists.stamped", str)
        lists = Neighbours.load(tmp_path / "lists.stamped", str)
        gone, new = (dice.choice(some, dice.integers(0, 40), replace=False) for some in (rows, 1500))
        rows = np.union1d(np.setdiff1d(rows, gone), new)


def test_of_pictures_that_are_equally_far_content_decides() -> None:
    """Points of whole numbers, of which most distances are equal, rows in the order in which they came, on thirty nights: the
    same lists as from nothing, and what is equally far stands in the order of content."""
    dice = np.random.default_rng(0)
    points = torch.from_numpy(dice.integers(0, 3, (600, 2)).astype(np.float32))
    content = dice.permutation(600).astype(np.uint64) << np.uint64(54)

    def find(rows: Rows, before: Neighbours | None) -> Neighbours:
        return nearest(rows, rows, content[rows], 4, lambda q, r: torch.cdist(points[rows[q]], points[rows[r]]), before)

    rows, lists = np.sort(dice.choice(600, 300, replace=False)), None
    for _ in range(30):
        lists = find(rows, lists)
        assert (lists.near[:, :4] == find(rows, None).near[:, :4]).all()
        own = points[rows[:1]]
        others = rows[1:]
        expected = np.lexsort((content[others], torch.cdist(own, points[others])[0].numpy()))[:4]
        assert lists.near[0, :4].tolist() == others[expected].tolist()
        gone, new = (dice.choice(some, dice.integers(0, 40), replace=False) for some in (rows, 600))
        rows = np.union1d(np.setdiff1d(rows, gone), new)


def test_lists_that_are_damaged_are_as_good_as_none(tmp_path: Path) -> None:
    """Cut short, any bit of it turned, never written, or of rows that are other pictures by now.

    More than numpy reads at a time: it does not read to the end, where the checksum is, what a damaged head says is shorter.
    """
    rows = np.arange(3000)
    lists = nearest(
        rows, rows, rows.astype(np.uint64), 3, lambda q, r: torch.from_numpy(np.abs(q[:, None] - r).astype(np.float32)), None
    )
    path = tmp_path / "lists.stamped"
    assert Neighbours.load(path, str) is None
    lists.save(path, str)
    assert Neighbours.load(path, str) is not None
    assert Neighbours.load(path, lambda number: f"other {number}") is None
    whole, dice = path.read_bytes(), np.random.default_rng(0)
    heads = [place + ahead for place in _places(whole, b"NUMPY") for ahead in range(-40, 128)]
    for place in {*heads, *dice.choice(len(whole), 300, replace=False).tolist()}:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << int(dice.integers(8))]) + whole[place + 1 :])
        assert Neighbours.load(path, str) is None
    for damaged in (whole[:-30], b""):
        path.write_bytes(damaged)
        assert Neighbours.load(path, str) is None


def _places(content: bytes, word: bytes) -> list[int]:
    """Where the word is."""
    return [found.start() for found in re.finditer(word, content)]


def test_what_is_known_of_pairs_is_not_found_out_again(tmp_path: Path) -> None:
    """Thirty nights on which pairs come and go, in any order: each has its number, and only new ones are worked on; of a damaged
    file all are."""
    dice, asked = np.random.default_rng(0), list[int]()

    def find(shelf: Shelf, pairs: Rows) -> list[float]:
        def work(places: Rows) -> np.ndarray:
            asked.append(len(places))
            return (pairs[places] @ [120, 2, 1]).astype(np.float32)

        return remembered(shelf, "sums", pairs, work).tolist()

    with Shelf(tmp_path, {}) as shelf:
        shelf.rows([number.to_bytes(16, "little") for number in range(60)])
        every = np.array([(first, second, way) for first in range(60) for second in range(60) for way in (0, 1)])
        before: set[int] = set()
        for _ in range(30):
            places = dice.choice(len(every), 3000, replace=False)
            asked.clear()
            assert find(shelf, every[places]) == (every[places] @ [120, 2, 1]).tolist()
            assert sum(asked) == len(set(places.tolist()) - before)
            before = set(places.tolist())
        assert find(shelf, every[:0]) == []
        find(shelf, every[:50])
        (tmp_path / "sums.stamped").write_bytes((tmp_path / "sums.stamped").read_bytes()[:-30])
        asked.clear()
        assert find(shelf, every[:50]) == (every[:50] @ [120, 2, 1]).tolist()
        assert asked == [50]


def test_the_index_finds_nearly_all_that_an_exact_search_finds() -> None:
    """Of points in clumps, as pictures of a kind lie: each picture's nearest, among 6,000; and the same cells every time."""
    dice = np.random.default_rng(0)
    clumps = dice.normal(size=(60, 1, 24)) + dice.normal(0, 0.3, (60, 100, 24))
    points = clumps.reshape(-1, 24).astype(np.float32)
    rows, known = np.arange(len(points)), torch.from_numpy(points)

    def find(cells: Cells | None) -> Neighbours:
        tiles = None if cells is None else cells.tiles(points)
        return nearest(rows, rows, rows.astype(np.uint64), 4, lambda q, r: torch.cdist(known[q], known[r]), None, tiles)

    exact, lot = find(None), dice.permutation(len(points))
    found, again = find(Cells(points, lot)), find(Cells(points, lot))
    assert (found.near[:, 0] == exact.near[:, 0]).mean() > 0.99
    assert sum(len(q) * len(r) for q, r in Cells(points, lot).tiles(points)) < 0.8 * len(points) ** 2
    assert (again.near == found.near).all()
