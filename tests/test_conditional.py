"""The game with conditions: what both sides are told, what comes out, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from drilled import others_drilled
from learners import CPU, same, state

from ganlib.conditions.conditions import of_labels
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.methods.base import Batch, Setting
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Gan
from ganlib.nets import NETWORKS
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.mlp import Mlp
from ganlib.pictures.store import Store, write_store
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import TOGETHER, load_model
from ganlib.training.batches import Batches, dice_for
from ganlib.training.config import TrainConfig
from ganlib.training.lessons import rows_to_learn, together
from ganlib.training.publish import train
from ganlib.training.state import from_tensors

SIZE = 16
TINY = Dcgan(width=4, latent=4)


def bars(number, seed=0):
    """Pictures [N, 16, 16, 3] of a bar on white, its colour and its length (2 to 14 rows), as labels."""
    rng = np.random.default_rng(seed)
    lengths, colours = rng.integers(2, 15, number), rng.integers(2, size=number)
    pictures = np.full((number, SIZE, SIZE, 3), 255, np.uint8)
    for picture, length, colour in zip(pictures, lengths, colours, strict=True):
        left = rng.integers(4, 8)
        picture[:length, left : left + 4] = ((200, 30, 30), (30, 30, 200))[colour]
    return pictures, {"colour": [("red", "blue")[colour] for colour in colours], "length": lengths.astype(float).tolist()}


def read(pictures):
    """The length and the colour of what was drawn: dark rows, and whether they are rather red."""
    dark = 255 - pictures.min(axis=3).astype(float)
    lengths = (dark.max(axis=2) > 100).sum(axis=1)
    weight = dark[..., None] / dark.sum(axis=(1, 2), keepdims=True)[..., None]
    mean = (pictures * weight).sum(axis=(1, 2))
    return lengths, np.where(mean[:, 0] > mean[:, 2], "red", "blue")


def setting(columns, number):
    conditions = of_labels(columns)
    return Setting(SIZE, 3, number, CPU, torch.float32, conditions=conditions, told=conditions.table(columns))


PICTURES, LABELS = bars(64)
SETTING = setting(LABELS, 64)
REAL = torch.from_numpy(PICTURES).permute(0, 3, 1, 2).float() / 127.5 - 1


def batch(number):
    dice = torch.Generator().manual_seed(number)
    rows = torch.randperm(64, generator=dice)[:8]
    return Batch(REAL[rows], rows, dice, 8 * number, number / 100)


def game(seed=0, **knobs):
    torch.manual_seed(seed)
    return Conditional(network=knobs.pop("network", TINY), conditions=("colour", "length"), **knobs).learner(SETTING)


class TestGame:
    @pytest.mark.parametrize("signal", ["projection", "auxiliary", "both"])
    def test_it_goes_on_to_the_same_bits(self, signal):
        """Six steps, a checkpoint taken up by another game, six more: every tensor equal to those of twelve in a row."""
        whole, other = game(signal=signal, drop=0.2), game(seed=1, signal=signal, drop=0.2)
        for number in range(6):
            whole.step(batch(number))
        from_tensors(other.parts(), state(whole))
        for number in range(6, 12):
            whole.step(batch(number))
            other.step(batch(number))
        assert same(state(whole), state(other))

    def test_both_sides_are_told_the_same_of_a_batch(self):
        """What the labels say of its pictures, in the order in which they stand."""
        made, one = game(), batch(3)
        told = made.told(one)
        assert torch.equal(told, torch.from_numpy(SETTING.told)[one.rows])
        assert torch.equal(made.codes(one)[:, 4:], told)

    def test_dropped_pictures_are_told_nothing(self):
        """About as many as asked, all their numbers zero."""
        made = game(drop=0.5)
        told = torch.cat([made.told(batch(number)) for number in range(40)])
        silent = (told == 0).all(dim=1).float().mean()
        assert abs(silent - 0.5) < 5 * (0.25 / 320) ** 0.5

    def test_projection_is_the_score_and_an_inner_product(self):
        """Miyato and Koyama's equation 3, with the answers of D for φ(x) times the embedding."""
        made, one = game(signal="projection"), batch(0)
        made.d.eval()
        answers = made.d(one.real)
        expected = answers[:, 0] + (answers[:, 1:] * made.told(one)).sum(1)
        torch.testing.assert_close(made.heard(one.real, one, True).scores, expected)

    def test_infogan_learns_from_what_it_drew_alone(self):
        """Of real pictures nothing is known, and nothing asked."""
        torch.manual_seed(0)
        found = Conditional(network=TINY, signal="infogan", classes=(3,), numbers=1).learner(
            Setting(SIZE, 3, 64, CPU, torch.float32)
        )
        assert found.heard(REAL[:8], batch(0), True).untold is None
        assert found.heard(REAL[:8], batch(0), False).untold > 0
        seen = found.step(batch(0))
        assert "told_fake" in seen
        assert "told_real" not in seen

    @pytest.mark.parametrize("name", NETWORKS)
    def test_every_network_takes_conditions_and_begins_without_minding_them_after_its_first_layer(self, name):
        """Modulations begin as the identity: (1 + γ) with γ 0. The unconditional network has none of it."""
        torch.manual_seed(0)
        network = NETWORKS[name]()
        conditional = network.generator(SIZE, 3, 5).eval()
        turns = [weight for key, weight in conditional.state_dict().items() if ".turn." in key]
        assert all((weight == 0).all() for weight in turns)
        assert conditional(torch.randn(3, network.latent + 5)).shape == (3, 3, SIZE, SIZE)
        assert network.discriminator(SIZE, 3, 6)(torch.randn(4, 3, SIZE, SIZE)).shape == (4, 6)
        assert not [key for key in network.generator(SIZE, 3).state_dict() if "turn" in key]

    @pytest.mark.slow
    @pytest.mark.parametrize("signal", others_drilled(["projection", "auxiliary", "both"], "projection"))
    def test_what_is_asked_for_is_drawn(self, signal):
        """Bars after some thousand steps: nine of ten of the colour asked for, and lengths that correlate with r > 0.9."""
        pictures, labels = bars(512, seed=1)
        torch.manual_seed(0)
        knobs = {"lr_generator": 1e-3, "lr_discriminator": 1e-3, "penalties": {"r1": 0.1}, "penalty_every": 4}
        made = Conditional(network=Dcgan(width=8, latent=8), conditions=("colour", "length"), signal=signal, **knobs).learner(
            setting(labels, 512)
        )
        batches = Batches(pictures, 32, 0, False, CPU)
        for images in range(0, 32 * 700, 32):
            dice = dice_for(0, images)
            made.step(Batch(*batches.at(images, dice), dice, images, images / (32 * 700)))
        _, asked = bars(200, seed=2)
        codes = codes_for(0, range(200), made.latent)
        codes[:, -2:] = made.conditions.asked(asked)
        lengths, colours = read(decode(made.published()["generator"], codes))
        assert np.mean(colours == np.array(asked["colour"])) > 0.9
        assert np.corrcoef(lengths, asked["length"])[0, 1] > 0.9


class TestKnobs:
    @pytest.mark.parametrize(
        ("knobs", "message"),
        [
            ({}, "must name labels of the data set in conditions"),
            ({"conditions": ("a",), "signal": "infogan"}, "must have no conditions with `signal: infogan`"),
            ({"signal": "infogan", "classes": (), "numbers": 0}, "must have classes or numbers"),
            ({"conditions": ("a",), "codes": "uniform"}, "must have `codes: normal` with conditions"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, knobs, message):
        """With what to do instead."""
        with pytest.raises(ValueError, match=message):
            Conditional(**knobs)

    def test_numbers_alone_cannot_be_dropped(self):
        """To tell nothing is to ask for the middle of each; with a class beside it is not."""
        alone = setting({"length": LABELS["length"]}, 64)
        knobs = {"network": TINY, "drop": 0.2}
        with pytest.raises(AtelierError, match=r"train\.method\.drop: expected 0 where all conditions are numbers \(length\)"):
            Conditional(conditions=("length",), **knobs).learner(alone)
        assert Conditional(conditions=("length", "colour"), **knobs).learner(SETTING)

    def test_a_game_without_conditions_is_as_it_was(self):
        """The networks of the unconditional game have the shapes they had: one score, codes alone."""
        plain = Gan(network=TINY).learner(Setting(SIZE, 3, 64, CPU, torch.float32))
        assert plain.d(REAL[:2]).shape == (2,)
        assert plain.codes(batch(0)).shape == (8, 4)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Sixty-four bars to learn from and sixteen held out, with their labels."""
    pictures, labels = bars(80)
    names = [f"{number:04d}" for number in range(80)]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * 64 + ["heldout"] * 16,
        **{key: ["x"] * 80 for key in ("source", "licence", "attribution")},
        **{f"label.{name}": values for name, values in labels.items()},
    }
    (tmp_path / "dataset").mkdir()
    return write_store(tmp_path / "dataset", pictures, range(80), pa.table(columns), {})


class TestTraining:
    def config(self, **knobs):
        method = Conditional(network=Mlp(width=8, latent=4), conditions=("colour", "length"), penalties={})
        return TrainConfig(method=method, kimg=0.1, batch=8, log_kimg=0.05, sample_kimg=0.05, device="cpu", threads=1, **knobs)

    def test_the_published_model_knows_what_it_can_be_asked(self, store, tmp_path):
        """Read back, it has the attributes, how they go together, and draws something else for something else."""
        train(store, self.config(), tmp_path / "model", tmp_path / "runs")
        model = load_model(tmp_path / "model")
        assert model.conditions is not None
        assert model.conditions.names == ["colour", "length"]
        assert model.latent == 6
        assert len(pd.read_parquet(tmp_path / "model" / TOGETHER)) == 64
        codes = codes_for(0, range(4), model.latent)
        red, blue = (decode(model.generator, model.conditions.turned(codes, {"colour": name})) for name in ("red", "blue"))
        assert not np.array_equal(red, blue)

    def test_a_label_that_is_not_there_stops_before_the_first_step(self, store, tmp_path):
        """With those that are."""
        method = Conditional(network=Mlp(width=8), conditions=("color",), penalties={})
        with pytest.raises(AtelierError, match=r"expected a label of the data set \(colour, length\)"):
            train(store, TrainConfig(method=method, kimg=0.1, batch=8), tmp_path / "model", tmp_path / "runs")
        assert not (tmp_path / "model").exists()

    def test_withheld_pictures_are_never_shown(self, store):
        """Not one of some hundred batches holds a red bar of length 5; all others come."""
        reds = [row for row in range(64) if store.manifest["label.colour"][row] == "red"]
        length = store.manifest["label.length"][reds[0]]
        rows = rows_to_learn(store, [{"colour": "red", "length": length}], 8)
        batches = Batches(store.train, 8, 0, False, CPU, rows)
        seen = set(torch.cat([batches.at(images, dice_for(0, images))[1] for images in range(0, 800, 8)]).tolist())
        withheld = {row for row in reds if store.manifest["label.length"][row] == length}
        assert seen == set(range(64)) - withheld
        assert len(together(store, ["colour"], [{"colour": "red"}])["colour"]) == 64 - len(reds)

    @pytest.mark.parametrize(
        ("withhold", "message"),
        [
            ([{"colour": "green"}], "expected a combination that some pictures have"),
            ([{"colour": "red"}, {"colour": "blue"}], "expected to leave at least train.batch pictures"),
            ([{"hue": "red"}], "train.withhold hue: expected a label of the data set"),
        ],
    )
    def test_what_cannot_be_withheld_is_said(self, store, withhold, message):
        """Values that nothing has, too much, labels that are not there."""
        with pytest.raises(AtelierError, match=message):
            rows_to_learn(store, withhold, 8)
