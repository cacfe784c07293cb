"""What may be wrong with a picture that can be decoded: one function a defect, one line here.

A check sees all the candidates at once, so that it can compare them, and yields a finding for each picture that is to be set
aside. The key in `CHECKS` is the reason code of its verdicts; the first line of its docstring explains the code to a person.
Checks run in the order of the registry, each on what the ones before it left: copies first, so that the worse of two goes as a
copy, and not for being blurred.
"""

from collections.abc import Callable, Iterator

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.belonging import off_topic
from ganlib.pictures.checks.contrary import negative, not_upright
from ganlib.pictures.checks.duplicates import exact_duplicates, grey_copies, near_duplicates
from ganlib.pictures.checks.emptiness import flat, nearly_empty
from ganlib.pictures.checks.exposure import over_exposed, pale, under_exposed
from ganlib.pictures.checks.grain import noisy
from ganlib.pictures.checks.hues import colour_cast, exchanged_channels, one_hue
from ganlib.pictures.checks.labels import label_suspects
from ganlib.pictures.checks.layout import odd_layout
from ganlib.pictures.checks.shape import extreme_aspect, too_small
from ganlib.pictures.checks.sharpness import blurred
from ganlib.pictures.checks.text import text_page

Check = Callable[[Candidates], Iterator[Finding]]

EXACT = "exact-duplicate"  # cannot be ignored: a data set holds every picture once
CHECKS: dict[str, Check] = {
    "too-small": too_small,
    "extreme-aspect": extreme_aspect,
    "flat": flat,
    "nearly-empty": nearly_empty,
    EXACT: exact_duplicates,
    "near-duplicate": near_duplicates,
    "text-page": text_page,
    "blurred": blurred,
    "noisy": noisy,
    "under-exposed": under_exposed,
    "over-exposed": over_exposed,
    "pale": pale,
    "negative": negative,
    "not-upright": not_upright,
    "off-topic": off_topic,
    "one-hue": one_hue,
    "colour-cast": colour_cast,
    "exchanged-channels": exchanged_channels,
    "odd-layout": odd_layout,
    "grey-copy": grey_copies,  # of what has stayed: else one could go for a coloured one that goes itself
    "label-suspect": label_suspects,
}
