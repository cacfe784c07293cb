"""Every object in DVC's caches, read again and held against the digest that is its name: `dvc checkout` does not look."""

from pathlib import Path

from ganlib.files import digest_file
from ganlib.progress import Progress
from tasks import places
from tasks.doctor.base import Finding, listed
from tasks.litter import gigabytes

NAME = "cache"
PROJECTS = (Path(), places.COMPARE)


def check(fix: bool) -> Finding:
    """With `fix` damaged objects are removed: DVC takes them from the working tree or a remote, or redoes the step."""
    objects = [path for project in PROJECTS for path in sorted((project / ".dvc/cache/files/md5").glob("??/*"))]
    total = sum(path.stat().st_size for path in objects)
    damaged = []
    with Progress("cache", total / 1e6, "MB", quiet=total < 1e8) as progress:
        for path in objects:
            size = path.stat().st_size
            if digest_file(path, "md5") != path.parent.name + path.name.removesuffix(".dir"):
                damaged.append(path)
            progress.advance(size / 1e6)
    if not damaged:
        return Finding(NAME, "ok", f"{len(objects)} objects, {gigabytes(total)}, all of the digest that they are named by.")
    found = f"{len(damaged)} of {len(objects)} objects are not what their names say: {listed(damaged)}."
    if not fix:
        return Finding(NAME, "bad", found, "python -m flows.doctor --fix, then dvc repro")
    for path in damaged:
        path.unlink()
    return Finding(NAME, "warn", found, "dvc repro, which makes them again", tuple(f"{path} removed" for path in damaged))
