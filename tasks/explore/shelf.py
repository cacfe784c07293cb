"""The models that can be explored: the one in artifacts/model, and the versions in the registry, fetched once each."""

import re
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlib.errors import AtelierError
from tasks.explore.opened import Opened, open_folder
from tasks.tracking import store
from tasks.tracking.ask import ask
from tasks.tracking.candidates import PUBLISHED

LOCAL, CHAMPION = "local", "champion"
#: Models held in memory; seconds for which an answer of the registry holds; seconds to wait for it.
HELD, FRESH, PATIENCE = 4, 60.0, 60.0

Ask = Callable[[str, list[Any], float], tuple[Any, str]]


@dataclass(frozen=True)
class Version:
    """number: as the registry counts. digest: sha256 of the generator's weights. champion: whether it is the champion."""

    number: str
    digest: str
    champion: bool


@dataclass(frozen=True)
class Listed:
    """The registry's versions, the newest first, and why there are none, or ""."""

    versions: tuple[Version, ...]
    trouble: str = ""


class Shelf:
    """Opens models by name. local: a model's folder. cache: where versions are kept, a folder by digest. question: how the
    registry is asked. read: how a folder is opened."""

    def __init__(self, local: Path, cache: Path, question: Ask = ask, read: Callable[[Path], Opened] = open_folder) -> None:
        self.local, self.cache, self.question, self.read = local, cache, question, read
        self._held: OrderedDict[Path, Opened] = OrderedDict()
        self._names: dict[str, Path] = {}
        self._seen: tuple[object, ...] | None = None
        self._listed: tuple[float, Listed] | None = None
        self._opening, self._fetching, self._asking = threading.Lock(), threading.Lock(), threading.Lock()

    def listed(self) -> Listed:
        """What the registry has; asked again after a minute."""
        with self._asking:
            if self._listed is None or time.monotonic() - self._listed[0] > FRESH:
                self._listed = time.monotonic(), self._ask()
            return self._listed[1]

    def held(self, name: str, digest: str) -> Opened | None:
        """The model of this name and digest if it is open already, which takes no time."""
        if name == LOCAL and self._signature() != self._seen:
            return None
        opened = self._held.get(self._names[name]) if name in self._names else None
        return opened if opened and opened.digest == digest else None

    def open(self, name: str) -> Opened:
        """The model "local", "champion" or of a version's number, from memory, disk or the registry.

        Raises `AtelierError` where there is none, and says which there are.
        """
        return self._local() if name == LOCAL else self._version(name)

    def names(self) -> dict[str, str]:
        """Names by digest, of all that are known without asking: to find the model that a saved picture was drawn with."""
        listed = self._listed[1].versions if self._listed else ()
        local = self._held.get(self.local)
        found = {version.digest: version.number for version in reversed(listed)}
        return found | ({local.digest: LOCAL} if local else {})

    def _local(self) -> Opened:
        with self._opening:
            signature = self._signature()
            opened = self._held.get(self.local) if self._seen == signature else None
            if opened is None:
                opened = self.read(self.local)
                self._seen = signature
            return self._hold(LOCAL, self.local, opened)

    def _signature(self) -> tuple[object, ...]:
        """What changes when another model is put into the folder."""
        files = sorted(path for kind in ("json", "safetensors", "parquet") for path in self.local.glob(f"*.{kind}"))
        try:
            return tuple((path.name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for path in files if (stat := path.stat()))
        except FileNotFoundError:  # it is being replaced
            return ()

    def _version(self, name: str) -> Opened:
        version = self._find(name)
        with self._fetching:
            folder = self._fetched(version)
        with self._opening:
            opened = self._held.get(folder) or self.read(folder)
            if opened.digest != version.digest:
                shutil.rmtree(folder)
                raise AtelierError(
                    f"Version {version.number}: expected the weights that were registered, found others in {self.cache}. They "
                    "were removed. Choose it again, and it is fetched anew."
                )
            return self._hold(name, folder, opened)

    def _find(self, name: str) -> Version:
        listed = self.listed()
        for version in listed.versions:
            if name == version.number or (name == CHAMPION and version.champion):
                return version
        numbers = [CHAMPION for version in listed.versions if version.champion]
        valid = ", ".join([LOCAL, *numbers, *(version.number for version in listed.versions)])
        why = f" {listed.trouble}" if listed.trouble else ""
        raise AtelierError(f"{name}: expected one of the models that there are ({valid}).{why}")

    def _fetched(self, version: Version) -> Path:
        """The folder of a version, which is fetched if it is not here yet."""
        if not re.fullmatch(r"[0-9a-f]{64}", version.digest):  # whoever may write to a registry could set a tag that is a path
            raise AtelierError(f"Version {version.number}: expected a digest of its weights, found {version.digest[:80]}.")
        folder = self.cache / version.digest
        if folder.is_dir():
            return folder
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache, prefix=".fetch-") as passing:
            trouble, why = self.question("fetch", [version.number, str(Path(passing).resolve())], PATIENCE)
            if why or trouble:
                raise AtelierError(
                    f"Version {version.number}: expected to fetch it from {store.shown()}, and could not: {why or trouble}. "
                    "Choose another one, or try again."
                )
            shutil.move(Path(passing) / PUBLISHED, folder)
        return folder

    def _ask(self) -> Listed:
        database = store.database()
        if database is not None and not database.exists():
            return Listed(())  # nothing was ever recorded here
        found, why = self.question("versions", [], PATIENCE)
        if why:
            here = "Only the model of this project can be shown."
            return Listed((), f"The registry at {store.shown()} cannot be asked ({why}). {here}")
        return Listed(tuple(Version(**version) for version in found))

    def _hold(self, name: str, folder: Path, opened: Opened) -> Opened:
        self._names[name] = folder
        self._held[folder] = opened
        self._held.move_to_end(folder)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return opened
