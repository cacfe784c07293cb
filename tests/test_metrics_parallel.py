"""Work side by side: in order, on one thread each, and nothing is left changed."""

import threading

import pytest
import torch

from ganlib.metrics.parallel import parallel


def test_results_come_in_the_order_of_the_items():
    """However long each takes."""
    first_may_end = threading.Event()

    def work(item):
        if item == 0:
            first_may_end.wait(10)
        if item == 1:
            first_may_end.set()
        return item

    assert list(parallel(work, range(5), threads=2)) == [0, 1, 2, 3, 4]
    assert first_may_end.is_set()


def test_each_piece_has_one_thread_of_torchs_and_torch_has_its_own_back():
    """So its bits do not depend on how many there are."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert set(parallel(lambda _: torch.get_num_threads(), range(8))) == {1}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_an_error_in_a_piece_comes_through():
    """And torch has its threads back all the same."""
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        list(parallel(lambda item: 1 // item, [1, 0, 1]))
    assert torch.get_num_threads() == before
