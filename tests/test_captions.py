"""Captions made from attributes: what they say is true, what training reads is apart from what is measured with."""

import numpy as np
import pytest

from ganlib.conditions.captions import SEEN, UNSEEN, caption, captions, facts_of
from ganlib.conditions.encoder import checked
from ganlib.errors import AtelierError

COLUMNS = {
    "hair_colour": ["red", "black", "blond"] * 10,
    "hair_length": [place / 30 for place in range(30)],
    "glasses": [None, "round"] * 15,
}


def test_facts_are_the_labels_in_words():
    """The shortest third is short; a picture without the label glasses is without glasses."""
    facts = facts_of(COLUMNS)
    assert facts[0] == {"hair_colour": "red", "hair_length": "short", "glasses": "without"}
    assert facts[29] == {"hair_colour": "blond", "hair_length": "long", "glasses": "with"}


@pytest.mark.parametrize("wording", [SEEN, UNSEEN])
def test_a_caption_says_what_it_is_said_to_say(wording):
    """The colour stands in it exactly where it is told, and it always tells something."""
    dice = np.random.default_rng(0)
    for facts in facts_of(COLUMNS) * 10:
        text, told = caption(facts, dice, wording)
        assert told
        assert told.items() <= facts.items()
        assert ("hair_colour" in told) == any(
            colour in text.split() or f"{colour}," in text.split() for colour in ("red", "black", "blond")
        )
        assert "{" not in text


def test_no_unseen_sentence_is_ever_read_in_training():
    """Not one of a thousand is among all those that training reads of the same pictures."""
    facts = facts_of(COLUMNS)
    read = {text for each in captions(facts, 0, 64) for text in each}
    unread = {text for each in captions(facts, 0, 33, UNSEEN) for text in each}
    assert len(read) > 300
    assert len(unread) > 100
    assert not read & unread


def test_captions_are_a_function_of_the_seed():
    """And pictures of the same facts share a stock, so that a large data set is encoded as fast as a small one."""
    facts = facts_of(COLUMNS)
    assert captions(facts, 1, 4) == captions(facts, 1, 4) != captions(facts, 2, 4)
    assert len({text for each in captions([facts[0]] * 5000, 1, 4) for text in each}) <= 64


def test_a_data_set_of_which_nothing_can_be_said_is_refused():
    """With the labels of which something could be."""
    with pytest.raises(AtelierError, match=r"expected a label caption .* hair_colour, hair_length, glasses"):
        facts_of({"weight": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("long hair " * 10_000, "500 characters at most, found 100,000"),
        ("", "expected a sentence in English, found none"),
        (" \n ", "found none"),
        ("длинные волосы", "expected a sentence in English"),
        (7, "expected a sentence, found a int"),
        (None, "expected a sentence, found a NoneType"),
        ({"a": 1}, "expected a sentence, found a dict"),
    ],
)
def test_what_is_no_sentence_is_refused(text, message):
    """Before anything is loaded to encode it, in a short answer."""
    with pytest.raises(AtelierError, match=message) as caught:
        checked(text, "caption")
    assert len(str(caught.value)) < 300
