"""MLflow's registered model `generator`: a version a model, an alias for the champion, and who was champion before."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from ganlib.files import digest_bytes, digest_file
from tasks.tracking import store
from tasks.tracking.candidates import PUBLISHED, WEIGHTS, Candidate
from tasks.tracking.generator import NAME
from tasks.tracking.verdict import called

ALIAS = "champion"

# Tags of a version
MODEL = "atelier.model"  # the id that DVC gives to the model's folder
GENERATOR = "atelier.generator"  # the sha256 of its weights
SCORES = "atelier.scores."  # and a digest of the fingerprint: scores and fingerprint, as metrics/evaluate.json holds them
DECISION = "atelier.decision"  # the last verdict and its reasons
WITHDRAWN = "atelier.rolled_back"  # when it was rolled back from
# A tag of the registered model
PAST = "atelier.past"  # the versions that were champion before, the last one last

_LONGEST = 5000  # what every server takes for a tag
_REMEMBERED = 200  # former champions


@dataclass(frozen=True)
class Version:
    """A version of the registered model, as the store had it when it was read."""

    number: str
    run: str | None
    tags: Mapping[str, str]

    @property
    def name(self) -> str:
        """How a person may call it."""
        return called(self.number)

    def scores(self, fingerprint: Mapping[str, Any]) -> dict[str, Any] | None:
        """Its scores that were made so, if it has such; as metrics/evaluate.json holds them."""
        with suppress(KeyError, ValueError):
            return dict(json.loads(self.tags[SCORES + made_so(fingerprint)]))
        return None


class Registry:
    """The registered model in the store of `client`, made if it is not there. Raises what MLflow raises."""

    def __init__(self, client: MlflowClient) -> None:
        self.client = client
        mlflow.set_tracking_uri(store.uri())  # a version's source is looked up there, whatever the client's address
        try:
            client.get_registered_model(NAME)
        except MlflowException:
            with suppress(MlflowException):  # another process was faster; if it is something else, the next call says so
                client.create_registered_model(NAME, description=f"The best so far: models:/{NAME}@{ALIAS}")

    def champion(self) -> Version | None:
        """The version that bears the alias, now."""
        number = self.client.get_registered_model(NAME).aliases.get(ALIAS)
        return self.version(str(number)) if number else None

    def version(self, number: str) -> Version | None:
        """The version of this number, or None when it was deleted."""
        try:
            return _read(self.client.get_model_version(NAME, number))
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def find(self, candidate: Candidate) -> Version | None:
        """The oldest version that is this model."""
        found = self.client.search_model_versions(f"name = '{NAME}' and tags.`{MODEL}` = '{candidate.model}'")
        return _read(min(found, key=lambda version: int(version.version))) if found else None

    def withdrawn(self, generator: str) -> str | None:
        """Since when the model of these weights is rolled back from, under whatever version; None where it is not."""
        found = self.client.search_model_versions(f"name = '{NAME}' and tags.`{GENERATOR}` = '{generator}'")
        return next((version.tags[WITHDRAWN] for version in found if WITHDRAWN in version.tags), None)

    def restore(self, generator: str) -> None:
        """Forget that it was rolled back from."""
        for version in self.client.search_model_versions(f"name = '{NAME}' and tags.`{GENERATOR}` = '{generator}'"):
            if WITHDRAWN in version.tags:
                self.client.delete_model_version_tag(NAME, str(version.version), WITHDRAWN)

    def add(self, candidate: Candidate, run: str, uri: str) -> Version:
        """A new version: the model that `run` has logged as `uri` ("models:/m-...")."""
        tags = {MODEL: candidate.model, GENERATOR: candidate.generator}
        made = self.client.create_model_version(NAME, uri, run, tags, model_id=uri.removeprefix("models:/"))
        return _read(made)

    def note(self, number: str, tags: Mapping[str, str]) -> None:
        """Write tags of a version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(NAME, number, key, value)

    def note_scores(self, number: str, scores: Mapping[str, Any]) -> None:
        """Keep these scores beside those that were made otherwise."""
        self.note(number, {SCORES + made_so(scores["fingerprint"]): short(scores)})

    def past(self) -> list[str]:
        """The numbers of former champions, the last one last."""
        try:
            return [str(number) for number in json.loads(self.client.get_registered_model(NAME).tags[PAST])]
        except (KeyError, ValueError, TypeError):
            return []

    def remember(self, past: list[str]) -> None:
        """Write down the former champions."""
        self.client.set_registered_model_tag(NAME, PAST, json.dumps(past[-_REMEMBERED:]))

    def crown(self, number: str) -> None:
        """Move the alias, and remember who bore it."""
        former = self.champion()
        past = self.past()
        if former and former.number != number and past[-1:] != [former.number]:
            self.remember([*past, former.number])
        self.client.set_registered_model_alias(NAME, ALIAS, number)

    def fetch(self, version: Version, folder: Path) -> str:
        """Download what the project published of a version into `folder`; returns why that is not possible, or ""."""
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.client.download_artifacts(str(version.run), PUBLISHED, str(folder))
        except (MlflowException, OSError) as error:
            self.client.get_registered_model(NAME)  # raises if it is the store that is away, which says nothing of the files
            return store.redact(f"its files cannot be fetched ({error})")
        weights = folder / PUBLISHED / WEIGHTS
        whole = weights.exists() and digest_file(weights) == version.tags.get(GENERATOR)
        return "" if whole else "its weights are not those that were registered"


def made_so(fingerprint: Mapping[str, Any]) -> str:
    """Twelve digits that stand for a fingerprint."""
    return digest_bytes(json.dumps(fingerprint, sort_keys=True).encode())[:12]


def short(scores: Mapping[str, Any]) -> str:
    """The scores as JSON that fits into a tag: the last ones are left out where there are too many."""
    names = [name for name in scores if name != "fingerprint"]
    for count in range(len(names), 0, -1):
        text = json.dumps({name: scores[name] for name in (*names[:count], "fingerprint")}, separators=(",", ":"))
        if len(text) <= _LONGEST:
            return text
    raise ValueError("one score and its fingerprint are longer than a tag may be")


def _read(stored: ModelVersion) -> Version:
    return Version(str(stored.version), stored.run_id, dict(stored.tags or {}))
