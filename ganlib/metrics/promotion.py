"""Whether a new generator is to be the champion: better by more than the error of the measurement, and fit to be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from ganlib.errors import AtelierError
from ganlib.knobs import NaturalFloat, Share
from ganlib.metrics.fingerprint import Score, compare


@dataclass(frozen=True)
class PromoteConfig:
    """Section `promote` of `params.yaml`.

    errors: how many standard errors of the difference the gain must exceed. most_copied: the share of copied pictures
    beyond which a generator is refused, where the p-value, if there is one, is below `copied_p`. least_coverage,
    least_diversity: below these it is refused, where it falls short by more than `errors` of the score's own standard errors.
    A generator that is merely poor has hardly any coverage, too; that it draws the same again and again shows in its
    diversity. None opens a gate.
    """

    errors: NaturalFloat = 2.0
    most_copied: Share | None = 0.01
    copied_p: Share = 0.01
    least_coverage: Share | None = 0.0005
    least_diversity: Share | None = 0.5


@dataclass(frozen=True)
class Change:
    """The main score of both; gain: by how much the new one is better, in the score's unit; error: one standard error of it."""

    name: str
    new: float
    old: float
    gain: float
    error: float


@dataclass(frozen=True)
class Decision:
    """promoted: whether the new one is to be the champion. reasons: why, or why not, a sentence each."""

    promoted: bool
    reasons: tuple[str, ...]
    score: Change | None = None


@dataclass(frozen=True)
class _Finding:
    passed: bool
    sentence: str


def decide(new: Mapping[str, Score], champion: Mapping[str, Score] | None, config: PromoteConfig) -> Decision:
    """Judge `new` scores (by name, the main one first) against those of the champion; where there is none, gates alone decide.

    Raises `AtelierError` where the main scores are not to be compared: the champion lacks it, or its fingerprint is another one.
    """
    fit = gates(new, config)
    main = next(iter(new.values()))
    if champion is None:
        return Decision(fit.promoted, ("There was no champion to compare it with.", *fit.reasons))
    change = _change(main, champion)
    gain = _gain(change, config)
    return Decision(fit.promoted and gain.passed, (gain.sentence, *fit.reasons), change)


def gates(new: Mapping[str, Score], config: PromoteConfig) -> Decision:
    """Whether a generator is fit to be shown at all. A gate whose score was not measured is passed, and said."""
    if not new:
        raise AtelierError("Expected scores of the new generator, found none; nothing was decided. Run the step evaluate.")
    findings = sorted([*_number(next(iter(new.values()))), *_gates(new, config)], key=lambda finding: finding.passed)
    return Decision(all(finding.passed for finding in findings), tuple(finding.sentence for finding in findings))


def _change(main: Score, champion: Mapping[str, Score]) -> Change:
    if main.name not in champion:
        raise AtelierError(
            f"{main.name}: expected this score of the champion, too, found {', '.join(champion) or 'none'}; they were "
            "not compared. Evaluate both with the same parameters."
        )
    old = champion[main.name]
    compared = compare(main, old)
    return Change(main.name, main.value, old.value, compared.gain, compared.error)


def _gain(change: Change, config: PromoteConfig) -> _Finding:
    bound = config.errors * change.error
    numbers = f"{change.name} is {change.new:.5g}, the champion's {change.old:.5g}"
    needed = f"{bound:.3g} ({config.errors:g} standard errors of the difference)"
    if change.gain > bound:
        return _Finding(True, f"{numbers}: better by {change.gain:.3g}, more than {needed}.")
    if change.gain > 0:
        return _Finding(False, f"{numbers}: better by {change.gain:.3g}, not by more than {needed}; it may be chance.")
    return _Finding(False, f"{numbers}: not better, and more than {needed} were needed.")


def _number(main: Score) -> Iterator[_Finding]:
    """Infinity and NaN are no scores: where there is no champion nothing else would stop them."""
    if not isfinite(main.value):
        yield _Finding(False, f"{main.name} is {main.value}, which is no number.")


def _gates(new: Mapping[str, Score], config: PromoteConfig) -> Iterator[_Finding]:
    for name, least in (("coverage", config.least_coverage), ("diversity", config.least_diversity)):
        if least is not None:
            yield _enough(name, new.get(name), least, config.errors)
    if config.most_copied is not None:
        yield _copied(new.get("copied"), config.most_copied, config.copied_p)


def _copied(score: Score | None, most: float, least_p: float) -> _Finding:
    if score is None:
        return _Finding(True, "copied: not measured, so nobody knows how much it copies from its training pictures.")
    p = score.p
    found = f"copied is {score.value:.3g}{'' if p is None else f' (p {p:.2g})'}"
    if score.value > most and (p is None or p < least_p):
        return _Finding(False, f"{found}, more than promote.most_copied allows ({most:g}): it repeats its training pictures.")
    if score.value > most:
        return _Finding(True, f"{found}, more than {most:g}, which may be chance (promote.copied_p {least_p:g}).")
    return _Finding(isfinite(score.value), f"{found}, at most {most:g} is allowed.")


def _enough(name: str, score: Score | None, least: float, errors: float) -> _Finding:
    if score is None:
        return _Finding(True, f"{name}: not measured, so nobody knows how much of the real pictures' variety it has.")
    found = f"{name} is {score.value:.3g} ± {score.error:.2g}"
    if score.value >= least:
        return _Finding(True, f"{found}, at least {least:g} is asked.")
    if score.value + errors * score.error >= least:
        return _Finding(True, f"{found}, less than {least:g}, which may be chance ({errors:g} standard errors).")
    return _Finding(False, f"{found}, less than promote.least_{name} asks ({least:g}): it has collapsed.")
