"""What the steps before the report leave, tiny, with names of strangers in it that look like HTML and Markdown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from drawing import pixels, png, put

from ganlib.files import digest_bytes
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store, write_store
from ganlib.sampling.config import SampleConfig
from ganlib.training.config import TrainConfig
from ganlib.training.publish import train
from tasks.page.inputs import Places
from tasks.sample import sample

CONFIG = TrainConfig(Gan(network=Dcgan(width=4, latent=8)), kimg=0.1, batch=10, log_kimg=0.02, sample_kimg=0.05, threads=1)
DRAWN = SampleConfig(number=30, seed=3, rows=2, columns=3, strips=2, steps=4)
HOSTILE = "<script>alert(1)</script>"
ATTRIBUTION = "“Faces” by Ada | Söhne <b>, CC BY 4.0 (https://example.org/a_b)\n---\n# not a heading"

SCORES: dict[str, Any] = {
    "fd_lite0": {"value": 123.456789, "standard_error": 2.5312, "floor": 61.7, "n": 1500},
    "precision": {"value": 0.5, "standard_error": 0.00001, "floor": 0.98, "n": 1500},
    "copied": {"value": 0.0125, "standard_error": 0.004, "floor": 0.0, "n": 1500, "p_value": 0.0371},
    "path_length": {"value": 12.25, "standard_error": 0.5, "floor": None, "n": 1500},
    "fingerprint": {"extractor": "lite0", "generated": 1500, "reference": 1500, "split": HOSTILE, "neighbours": 5},
}
EVALUATION: dict[str, Any] = {
    "copied": {"threshold": 0.7, "suspects": 2},
    "nearest": [{"generated": 29 - i, "train": [i, i + 1, i + 2], "ratio": round(0.65 + i / 100, 2)} for i in range(12)],
    "best": list(range(16)),
    "worst": list(range(14, 30)),
    "label": "hair",
    "classes": [
        {"class": HOSTILE, "real": 70, "generated": 40, "fd": 210.5, "standard_error": 8.125, "floor": 90.25},
        {"class": "none", "real": 30, "generated": 60, "fd": 310.5, "standard_error": 9.125, "floor": 91.25},
    ],
}
DIAGNOSIS: dict[str, Any] = {
    "verdict": f"It draws few kinds of pictures {HOSTILE}.",
    "findings": [
        {
            "name": "mode-collapse",
            "sentence": "Its pictures are alike.",
            "remedy": "raise train.method.penalties.r1 to 1",
            "evidence": {"diversity": 0.4321},
            "harmful": True,
        },
        {"name": "progress", "sentence": "It still gets better.", "remedy": "", "evidence": {}, "harmful": False},
    ],
    "healthy": False,
}


def data_set(folder: Path, licences: tuple[str, ...] = ("CC BY 4.0",), sources: tuple[str, ...] = ("faces & more",)) -> Path:
    """40 noisy pictures of 16 pixels to learn from and 5 held out; licences and sources take turns."""
    folder.mkdir(parents=True)
    names = [f"{number:04d}" for number in range(45)]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * 40 + ["heldout"] * 5,
        "source": [sources[number % len(sources)] for number in range(45)],
        "licence": [licences[number % len(licences)] for number in range(45)],
        "attribution": [ATTRIBUTION] * 45,
    }
    pictures = np.stack([pixels(seed, 16) for seed in range(45)])
    write_store(folder, pictures, range(45), pa.table(columns), {"near-duplicate": 2})
    return folder


def publish_tiny(folder: Path) -> Places:
    """Everything that the report reads, made in seconds."""
    dataset = data_set(folder / "dataset")
    train(Store.open(dataset), CONFIG, folder / "model", folder / "runs")
    sample(folder / "model", DRAWN, folder / "samples")
    history = folder / "model" / "history.jsonl"
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    more = {"gradient_norm_g": "nan", "gradient_norm_d": 2.5, HOSTILE: 1.5}
    history.write_text("".join(json.dumps({**line, **more}) + "\n" for line in lines))
    looks = [{"kimg": x / 20, "images": 50 * x, "done": x / 2, "quick_fd": 90.5 - x, "quick_fd_error": 1.5} for x in range(3)]
    (folder / "model" / "watch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in looks))
    for name, content in {"evaluate": SCORES, "evaluation": EVALUATION, "diagnosis": DIAGNOSIS}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    for name in ("frechet", "diagnosis"):
        put(folder / "plots" / f"{name}.png", png(7))
    (folder / "params.yaml").write_text(f"collect: {{source: '{HOSTILE}'}}")
    names = ("params.yaml", "dataset", "model", "samples", "evaluate.json", "plots", "evaluation.json", "diagnosis.json")
    return Places(*(folder / name for name in names))


def without_optional(where: Places) -> Places:
    """As an older pipeline left it: no evaluation.json, no diagnosis."""
    return replace(where, evaluation=where.evaluation.with_name("no.json"), diagnosis=where.diagnosis.with_name("no.json"))
