"""Which pictures are learned from and which are kept back to be scored against."""

import hashlib

TRAIN, HELDOUT = "train", "heldout"


def split_of(digest: str, heldout: float, seed: int) -> str:
    """The part of the data set that a picture falls into, by its own pixels and the seed alone.

    So it stays where it is when others are added, removed or renamed: nothing that was learned from is scored against later.
    """
    place = hashlib.blake2b(f"{seed}:{digest}".encode(), digest_size=8).digest()
    return HELDOUT if int.from_bytes(place, "big") < heldout * 2**64 else TRAIN
