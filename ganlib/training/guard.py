"""Numbers that are not finite: found before they reach the weights, and answered once by going back."""

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes


class NotFinite(ArithmeticError):
    """A loss or a gradient is not finite; its message names the tensor. The weights have not been touched."""


class Diverged(AtelierError):
    """Numbers stopped being finite for the second time: what these knobs lead to, whatever the machine."""


def seed_after(seed: int, rollbacks: int) -> int:
    """The seed that a run goes on with after so many rollbacks; the same chance would lead to the same place again."""
    return int(digest_bytes(f"{seed} after rollback {rollbacks}".encode())[:8], 16) if rollbacks else seed
