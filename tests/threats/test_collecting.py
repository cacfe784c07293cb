"""Hostile heaps of pictures, taken in by the real steps with their real limits: each costs its own row, no more."""

import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import Workspace
from ledger import Ledger
from PIL import Image
from test_pickles import _forget

pytestmark = pytest.mark.slow


def picture(number: int) -> bytes:
    """A good one."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels_without_end() -> bytes:
    """A PNG of 400 million pixels in 49 kB that says of itself that it is 30,000 wide; pixels are never all there."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1_000_000)) for _ in range(50)) + packer.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def frames_without_end() -> bytes:
    """A GIF of 10,000 frames."""
    out = io.BytesIO()
    first, *more = (Image.new("P", (8, 8), place % 256) for place in range(10_000))
    first.save(out, "GIF", save_all=True, append_images=more, duration=1)
    return out.getvalue()


def two_in_one() -> bytes:
    """A good PNG that is a ZIP archive with a script, too."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../evil.sh", "touch evil")
    return picture(3) + packed.getvalue()


def other_name() -> bytes:
    """PostScript, for which some readers start a program."""
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(evil) (w) file closefile\n"


def page() -> bytes:
    """SVG that wants a file and a host."""
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/><script>1</script></svg>'
    )


HOSTILE = {
    "50 MB of pixels packed into 49 kB": (pixels_without_end, "set aside"),
    "an animation of 10,000 frames": (frames_without_end, "kept or set aside"),
    "a PNG that is a ZIP archive, too": (two_in_one, "kept or set aside"),
    "PostScript named as a PNG": (other_name, "set aside"),
    "SVG that wants a file, named as a PNG": (page, "set aside"),
}


def taken_in(workspace: Workspace, source: str, path: Path) -> dict[str, str]:
    """Collect and curate what lies there; by name what became of it: kept, or the reason why not."""
    import pandas as pd

    workspace.change("collect", source=source, path=str(path))
    for knob in ("style", "number", "size", "seed"):
        _forget(workspace, knob)
    workspace.python("-m", "tasks.collect")
    (workspace.folder / "data").symlink_to(workspace.folder / "build" / "raw")
    workspace.python("-m", "tasks.curate")
    table = pd.read_parquet(workspace.folder / "artifacts" / "dataset" / "verdicts.parquet")
    assert json.loads(workspace.read("artifacts/dataset/dataset.json"))["kept"] >= 40
    return {Path(row["path"]).name: "kept" if row["kept"] else str(row["reason"]) for _, row in table.iterrows()}


@pytest.mark.parametrize("form", ["folder", pytest.param("zip", marks=pytest.mark.drill), "tar"])
def test_hostile_files_cost_their_own_rows(form: str, workspace: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """All of them at once among forty good pictures, in a folder and in archives: the good ones are kept."""
    files = {f"{number:02d}.png": picture(number + 10) for number in range(40)}
    files |= {f"evil-{place}.png": make() for place, (make, _) in enumerate(HOSTILE.values())}
    heap = tmp_path / "heap"
    if form == "folder":
        heap.mkdir()
        for name, data in files.items():
            (heap / name).write_bytes(data)
    elif form == "zip":
        heap = heap.with_suffix(".zip")
        with zipfile.ZipFile(heap, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in files.items():
                packed.writestr(name, data)
    else:
        heap = heap.with_suffix(".tar.gz")
        with tarfile.open(heap, "w:gz") as bundle:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                bundle.addfile(entry, io.BytesIO(data))
    found = taken_in(workspace, "folder" if form == "folder" else "archive", heap)
    assert all(found[f"{number:02d}.png"] == "kept" for number in range(40))
    for place, (deed, (_, expected)) in enumerate(HOSTILE.items()):
        became = found[f"evil-{place}.png"]
        assert (became != "kept") or "kept" in expected, (deed, became)
        ledger.add(f"{deed}, among good pictures", found=f"{became}; those beside it are kept")
    assert [path.name for path in tmp_path.rglob("evil*") if not path.name.startswith("evil-")] == []
