"""Who looks at a training: scores what it draws, and says when something begins to be wrong with it, and when that is over."""

from collections.abc import Mapping, Sequence

from ganlib.metrics.diagnosis import Finding, diagnose
from ganlib.metrics.diagnosis.base import Evidence, Lines
from ganlib.metrics.quick import Quick
from ganlib.pictures.store import Store


class Onlooker(Quick):
    """A `ganlib.training.watch.Watch`. What it has said it does not say again, as long as it stays so."""

    _told: Mapping[str, Finding] = {}

    @classmethod
    def of(cls, store: Store) -> "Onlooker":
        """For a training on this data set: held-out pictures with their labels, train pictures for the floor."""
        columns = [name for name in store.manifest.columns if name.startswith("label.")]
        held = {name.removeprefix("label."): store.manifest[name].tolist()[store.info["train"] :] for name in columns}
        return cls(store.heldout, store.train, held)

    def remarks(self, history: Lines, looks: Lines) -> Sequence[str]:
        """A line for each finding that has come since the last look, and for each that has gone."""
        found = {finding.name: finding for finding in diagnose(Evidence(history, looks)).findings if finding.harmful}
        come = [finding for name, finding in found.items() if name not in self._told]
        gone = [name for name in self._told if name not in found]
        self._told = found
        when = f"{looks[-1]['kimg']:.1f} kimg"
        said = [f"{when}  {finding.name}: {finding.sentence} {finding.remedy}" for finding in come]
        return said + [f"{when}  {name} is over." for name in gone]
