"""Where pictures come from: one file a source, one line here."""

from collections.abc import Iterator
from typing import Any, Protocol

from ganlib.pictures.raw import RawPicture
from ganlib.pictures.sources.archive import Archive
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.sources.idx import Idx
from ganlib.pictures.sources.parquet import Parquet
from ganlib.pictures.sources.portraits import Portraits


class Source(Protocol):
    """A dataclass of knobs that can list its pictures, always in the same order."""

    @property
    def source(self) -> str:
        """The name of the source: its key in `SOURCES`."""
        ...

    def count(self) -> int:
        """How many pictures `pictures` is going to yield, for whoever shows progress."""
        ...

    def pictures(self) -> Iterator[RawPicture]:
        """Yield the pictures as found. Raises `AtelierError` where nothing can be found at all."""
        ...


SOURCES: dict[str, type[Any]] = {
    "portraits": Portraits,
    "folder": Folder,
    "archive": Archive,
    "parquet": Parquet,
    "idx": Idx,
}
