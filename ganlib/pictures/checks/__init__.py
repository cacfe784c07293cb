"""What may be wrong with a picture that can be decoded: one function a defect, one line here.

A check sees all the candidates at once, so that it can compare them, and yields a finding for each picture that is to be set
aside. The key in `CHECKS` is the reason code of its verdicts; the first line of its docstring explains the code to a person.
Checks run in the order of the registry, each on what the ones before it left.
"""

from collections.abc import Callable, Iterator

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.duplicates import exact_duplicates

Check = Callable[[Candidates], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "exact-duplicate": exact_duplicates,
}
