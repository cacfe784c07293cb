"""The lecture, run: every figure's computation against something known, and the page as a whole."""

import copy
import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import PROJECT
from learners import CPU, TINY
from torch import Tensor, nn

from ganlib.errors import AtelierError
from ganlib.lecture.alone import alone
from ganlib.lecture.averages import averages, contrast, cross_fades, yardstick
from ganlib.lecture.carving_pictures import carve_pictures, previews
from ganlib.lecture.carving_plane import CARVER, SIDE, Ring, carve_plane
from ganlib.lecture.cast import ROLES, load_cast
from ganlib.lecture.course import Pace
from ganlib.lecture.events import Moment, draw_events, events
from ganlib.lecture.generations import compare_generations, raise_generations
from ganlib.lecture.glued import glue, glued
from ganlib.lecture.judgement import judgement, noise
from ganlib.lecture.lessons import BATCH, GAME, as_input, codes, event_one, event_two, in_company, lessons, new_game
from ganlib.lecture.missing import PIXELS, Portrait, labelled, missing, one_wrong, six_longer
from ganlib.lecture.positives import positives, taught
from ganlib.lecture.sweep import sweep
from ganlib.lecture.unseen import unseen
from ganlib.methods.base import Setting
from ganlib.methods.energy import Energy
from ganlib.methods.gan import Game
from ganlib.methods.landscape import masses, plane
from ganlib.methods.langevin import Langevin, Sampler
from ganlib.methods.starts import Start
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.plots import save
from ganlib.nets.mlp import Mlp
from ganlib.pictures.sources.portraits import BACKGROUND, PALETTE, Portraits
from ganlib.pictures.store import Store
from ganlib.sampling.draw import draw, to_uint8
from ganlib.sampling.grid import grid
from ganlib.sampling.model import write_model
from ganlib.sampling.png import write_png
from ganlib.training.state import to_tensors
from tasks.lecture import lecture

KNOBS = replace(GAME, network=TINY)


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


PAPER, HAIR, SKIN = rgb(BACKGROUND), rgb(PALETTE["hair"]["black"]), rgb(PALETTE["skin"]["tan"])


class Judge(nn.Module):
    """A discriminator by hand: any function of pictures [N, C, H, W] to scores [N]."""

    def __init__(self, score: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.score = score

    def forward(self, pictures: Tensor) -> Tensor:
        return self.score(pictures)


@pytest.fixture(scope="module")
def squares() -> np.ndarray:
    """64 pictures of 16 × 16 pixels: a dark square on a light ground."""
    pictures = np.full((64, 16, 16, 3), 240, np.uint8)
    dice = np.random.default_rng(0)
    for picture in pictures:
        top, left = dice.integers(2, 7, 2)
        picture[top : top + 7, left : left + 7] = dice.integers(0, 120, 3)
    return pictures


def played(pictures: np.ndarray, batches: int) -> Game:
    """A small game after so many batches."""
    game = new_game(pictures, 0, KNOBS)
    for batch in islice(lessons(pictures, 0), batches):
        game.step(batch)
    return game


def weights(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters() if parameter.dim() > 1]


def state(game: Game) -> dict[str, Tensor]:
    return to_tensors(game.parts())


# The events


def test_each_event_changes_its_own_network(squares: np.ndarray) -> None:
    """Event one leaves G as it was, event two D, to the bit; the other learns."""
    game, batches = played(squares, 2), lessons(squares, 1)
    for event, learns, waits in ((event_one, game.d, game.g), (event_two, game.g, game.d)):
        before = weights(learns), weights(waits)
        event(game, next(batches))
        assert all(map(torch.equal, weights(waits), before[1]))
        assert not any(map(torch.equal, weights(learns), before[0]))


def test_the_events_move_the_scores(squares: np.ndarray) -> None:
    """Event one moves those of real and generated pictures apart; event two raises those of generated ones, while real ones keep
    theirs to the bit. One moment before, and one for every step."""
    game = played(squares, 10)
    found = events(game, lessons(squares, 1), as_input(squares[:32]), codes(32, game.latent, 0), 12)
    assert len(found.moments) == 25
    assert (found.after_one.real.mean() - found.after_one.made.mean()) > (found.before.real.mean() - found.before.made.mean())
    assert found.after_two.made.mean() > found.after_one.made.mean()
    assert np.array_equal(found.after_two.real, found.after_one.real)


def test_telling_apart_is_the_share_of_pairs() -> None:
    """Scores 1 and 3 of real pictures, 2 and 0 of generated ones: three pairs of four are in order."""
    assert Moment(np.float32([1, 3]), np.float32([2, 0])).told_apart == 0.75


def test_judging_in_company_leaves_no_trace(squares: np.ndarray) -> None:
    """A network that is only asked keeps its running statistics."""
    game = played(squares, 2)
    before = state(game)
    in_company(game.g, codes(40, game.latent, 0))
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(game).items())


# Generations


def test_a_generation_is_judged_beside_the_game(squares: np.ndarray) -> None:
    """The judges learn on copies: the game ends as one that was never interrupted, and its last generation is what that draws."""
    game = new_game(squares, 0, KNOBS)
    drawn = codes(32, game.latent, 3)
    found = raise_generations(game, squares, 0, drawn, (2 * BATCH, 5 * BATCH), last_word=3)
    alone_ = played(squares, 5)
    assert all(torch.equal(tensor, state(alone_)[name]) for name, tensor in state(game).items())
    assert torch.equal(found[1].pictures, in_company(alone_.g, drawn))
    assert not any(map(torch.equal, found[1].judge.parameters(), game.d.parameters()))


def test_the_table_of_generations_is_who_believes_whom(squares: np.ndarray) -> None:
    """Row by judge, column by generation: σ of the mean brightness, for a judge that likes light and one that is indifferent."""
    light, dark = torch.full((16, 3, 16, 16), 0.5), torch.full((16, 3, 16, 16), -0.5)
    up, idle = Judge(lambda it: it.flatten(1).mean(1)), Judge(lambda it: 0 * it.flatten(1).mean(1))
    one = raise_generations(new_game(squares, 0, KNOBS), squares, 0, codes(16, 4, 0), (BATCH,), 0)[0]
    found = compare_generations([replace(one, pictures=light, judge=up), replace(one, pictures=dark, judge=idle)], light)
    high, low = 1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(0.5))
    assert found.belief == pytest.approx(np.array([[high, low], [0.5, 0.5]]), abs=1e-6)
    assert found.in_real == pytest.approx([high, 0.5], abs=1e-6)


# One network of both


def test_the_glued_network_is_both_in_turn(squares: np.ndarray) -> None:
    """D(G(z)), bit for bit; with every layer's size, and a picture in the middle."""
    game = played(squares, 2)
    drawn = codes(BATCH, game.latent, 0)
    whole = glue(game.g, game.d).eval()
    assert torch.equal(whole(drawn), game.d.eval()(game.g.eval()(drawn)))
    found = glued(game, lessons(squares, 1), drawn)
    assert [layer.shape for layer in found.layers] == [(128,), (4, 8, 8), (3, 16, 16), (4, 8, 8), (8, 4, 4), (1,)]
    assert [layer.half for layer in found.layers] == ["generator"] * 3 + ["discriminator"] * 3
    assert found.hidden.shape == (16, 16, 3)


def test_each_half_of_the_glued_network_learns_in_its_own_event(squares: np.ndarray) -> None:
    """In event one all of D's layers change and none of G's; in event two the other way round."""
    game = played(squares, 2)
    other_game, batches = copy.deepcopy(game), lessons(squares, 1)
    found = glued(game, lessons(squares, 1), codes(BATCH, game.latent, 0))
    event_one(other_game, next(batches))
    event_two(other_game, next(batches))
    assert all(torch.equal(tensor, state(other_game)[name]) for name, tensor in state(game).items())
    for layer in found.layers:
        own, other = (layer.learnt_two, layer.learnt_one)[:: 1 if layer.half == "generator" else -1]
        assert own > 0
        assert other == 0


def test_the_slope_at_the_hidden_layer_is_that_of_the_score(squares: np.ndarray) -> None:
    """A step of the share `step` of the picture's norm raises the score by slope times step, to first order.

    The network is piecewise linear but for D's spread over the batch; a tenth of the rise is left for kinks.
    """
    game = played(squares, 20)
    drawn = codes(BATCH, game.latent, 0)
    with torch.no_grad():
        norm = float(game.g.eval()(drawn)[0].norm())
    found = glued(game, lessons(squares, 1), drawn, step=1e-3)
    rise = found.scores[1] - found.scores[0]
    assert rise == pytest.approx(1e-3 * norm * float(np.linalg.norm(found.slope)), rel=0.1)


# The sweep and the judgement


def test_the_sweep_finds_the_number_that_changes_most() -> None:
    """A generator whose picture is three times its second number plus its first: place 1, in proportion."""

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([0.1, 0.3, 0.0]))

        def forward(self, z: Tensor) -> Tensor:
            return (z @ self.weight)[:, None, None, None].expand(-1, 3, 2, 2)

    found = sweep(Linear(), 0.1 * codes(8, 3, 0), reach=2.0, steps=5)
    assert found.place == 1
    assert found.values.tolist() == [-2, -1, 0, 1, 2]
    assert found.changes == pytest.approx([0.4 * 127.5, 1.2 * 127.5, 0], abs=1)  # levels are whole numbers
    expected = to_uint8((0.01 * codes(8, 3, 0)[:, 0] + 0.6).reshape(8, 1, 1, 1))
    assert (found.pictures[:, -1] == expected).all()  # its own number is set, whatever it was


def test_a_judgement_is_the_sigmoid_of_the_score(squares: np.ndarray) -> None:
    """Of a judge that scores by the mean value."""
    found = judgement(Judge(lambda it: it.flatten(1).mean(1)), {"squares": squares, "noise": noise(32, 16, 3, 0)})
    mean = squares.reshape(64, -1).mean(1) / 127.5 - 1
    assert found.belief["squares"] == pytest.approx(1 / (1 + np.exp(-mean)), abs=1e-6)
    assert found.mean("noise") == pytest.approx(0.5, abs=0.01)


# Without a discriminator


def test_sharpness_is_a_share_of_that_of_real_pictures(squares: np.ndarray) -> None:
    """Pictures with half the contrast have half the sharpness; a chessboard of 0 and 200 has a contrast of 200."""
    board = 200 * (np.indices((8, 8)).sum(0) % 2).astype(np.uint8)[None, :, :, None]
    assert contrast(board) == 200
    faint = (squares.astype(int) // 2).astype(np.uint8)
    assert alone(squares, {"faint": faint}).sharpness["faint"] == pytest.approx(0.5, abs=0.01)


def test_a_linear_decoder_lays_pictures_over_each_other(squares: np.ndarray) -> None:
    """Its bend is 0 but for rounding, as that of pixels; and a picture averaged with itself is no further away than it was."""

    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(0.5))

        def forward(self, z: Tensor) -> Tensor:
            return self.scale * z.unflatten(1, (3, 16, 16))

    rule = yardstick(squares, squares[32:], 16, load_extractor(EvaluateConfig(extractor="pixels", size=4)))
    found, faded = averages(lambda it: 2 * it.flatten(1), Halves(), rule), cross_fades(rule)
    assert max(found.bend, faded.bend) < 0.01
    assert found.distance_between == pytest.approx(faded.distance_between, rel=0.01)
    assert found.sharpness_ends == pytest.approx(1, abs=0.2)  # other pairs have other squares
    assert faded.sharpness_between < faded.sharpness_ends
    twins = yardstick(np.repeat(squares[:16], 2, axis=0), squares[32:], 16, rule.extractor)
    assert cross_fades(twins).cost == pytest.approx(1)


def test_a_decoder_that_draws_neither_bends(squares: np.ndarray) -> None:
    """One that answers to an average with a picture as far from the overlay as the two are has a bend of 1."""
    rule = yardstick(squares, squares[32:], 16, load_extractor(EvaluateConfig(extractor="pixels", size=4)))
    first, second = as_input(rule.pairs[0]), as_input(rule.pairs[1])
    table = iter((first, second, first))

    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.nothing = nn.Parameter(torch.zeros(1))

        def forward(self, z: Tensor) -> Tensor:
            return torch.cat([some := next(table), some[:1].expand(len(z) - len(some), -1, -1, -1)])

    assert averages(lambda it: it.flatten(1), Table(), rule).bend == pytest.approx(1, abs=0.01)


# One pixel against six


def a_portrait() -> Portrait:
    """A head: skin, above it hair whose lower left end hangs over paper with a soft tip."""
    picture = np.full((20, 20, 3), PAPER, np.uint8)
    picture[6:16, 8:16] = SKIN
    picture[3:6, 4:16] = HAIR
    picture[6:9, 4:7] = HAIR
    picture[9, 4:7] = (np.array(HAIR) + np.array(PAPER)) // 2
    return Portrait(picture, HAIR, SKIN)


def changed(portrait: Portrait, altered: np.ndarray) -> np.ndarray:
    return np.argwhere((altered != portrait.picture).any(axis=-1))


def test_one_pixel_is_wrong_and_has_skin_on_all_sides() -> None:
    """Exactly one pixel changes, in the middle of the skin."""
    portrait = a_portrait()
    ((row, column),) = changed(portrait, one_wrong(portrait))
    around = portrait.picture[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3)
    assert (around == SKIN).all()


def test_six_pixels_lengthen_the_hair() -> None:
    """Exactly six pixels change, below hair and not in the face: two columns of a lock come down by two, tip and all."""
    portrait = a_portrait()
    altered = six_longer(portrait)
    where = changed(portrait, altered)
    assert len(where) == PIXELS == 6
    assert where.tolist() == [[row, column] for row in (9, 10, 11) for column in (5, 6)]
    assert (altered[9:11, 5:7] == HAIR).all()
    assert (altered[11, 5:7] == portrait.picture[9, 5:7]).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_hair_grows_to_a_side_where_it_cannot_hang(turns: int) -> None:
    """However the head is turned, six pixels change, each within three of hair."""
    portrait = replace(a_portrait(), picture=np.rot90(a_portrait().picture, turns).copy())
    where = changed(portrait, six_longer(portrait))
    hair = np.argwhere((portrait.picture == HAIR).all(axis=-1))
    assert len(where) == 6
    assert all(np.abs(hair - place).sum(axis=1).min() <= 3 for place in where)


def test_what_has_no_room_is_left_out() -> None:
    """A picture without hair has no lock to grow, one without skin no place for a wrong pixel."""
    bald = replace(a_portrait(), picture=np.full((20, 20, 3), PAPER, np.uint8))
    assert six_longer(bald) is None
    assert one_wrong(bald) is None


def test_the_share_is_that_of_the_judge() -> None:
    """One who looks at the face alone prefers the six, one who looks at the paper alone prefers the one; the difference of pixels
    is that of their colours over all values."""
    portraits = [a_portrait()] * 20
    face, paper = Judge(lambda it: -it[:, :, 8:14, 9:15].std((1, 2, 3))), Judge(lambda it: it[:, :, 9:13, 3:8].mean((1, 2, 3)))
    found = missing(portraits, face, 16)
    assert len(found.real) == 16
    assert found.judge_prefers_six == 1
    assert missing(portraits, paper, 16).judge_prefers_six == 0
    wrong = max(HAIR, PAPER, key=lambda colour: math.dist(colour, SKIN))
    assert found.loss_one == pytest.approx(math.dist(wrong, SKIN) ** 2 / 127.5**2 / (20 * 20 * 3), rel=1e-5)
    assert (found.loss_one < found.loss_six).all()


def test_other_pictures_than_drawn_portraits_are_refused(squares: np.ndarray) -> None:
    """With the knob that would have to change."""
    with pytest.raises(AtelierError, match=r"collect\.source to portraits"):
        labelled(squares, pd.DataFrame({"split": ["train"] * 64}))


# Negatives


def test_shares_are_of_scores_above_zero() -> None:
    """A judge by brightness takes what is light."""
    light, dark = np.full((16, 4, 4, 3), 200, np.uint8), np.full((16, 4, 4, 3), 20, np.uint8)
    found = positives({"bright": Judge(lambda it: it.mean((1, 2, 3)))}, {"light": light, "dark": dark})
    assert (found.share("bright", "light"), found.share("bright", "dark")) == (1, 0)


def test_without_negatives_everything_is_real(squares: np.ndarray) -> None:
    """As the lecture warns; with noise for negatives, noise is refused."""
    setting = Setting(16, 3, 64, CPU, torch.float32)
    bare = noise(64, 16, 3, 0)
    judges = {}
    for name, negatives in (("none", None), ("noise", as_input(bare))):
        torch.manual_seed(0)
        judges[name] = taught(KNOBS, setting, lessons(squares, 0), negatives, 80)
    found = positives(judges, {"real": squares, "noise": noise(64, 16, 3, 1)})
    assert found.share("none", "noise") == found.share("none", "real") == 1
    assert found.share("noise", "noise") < 0.1 < 0.9 < found.share("noise", "real")


# Classes


def test_classes_without_examples_are_counted() -> None:
    """By hand: hair alone, then hair and eyes."""
    manifest = pd.DataFrame(
        {
            "split": ["train"] * 4 + ["heldout"] * 4,
            "label.eyes": ["a", "b", "c", "c", "a", "b", "c", "d"],
            "label.hair": ["long", "long", None, None, "long", None, None, "long"],
        }
    )
    found = unseen(manifest)
    assert found.labels == ("hair", "eyes")
    assert found.classes.tolist() == [2, 5]
    assert found.unseen.tolist() == [0, 0.5]  # no example of no hair and b, nor of long and d
    assert found.once.tolist() == [0, 0.25]  # one of long and a


# Carving


def test_the_share_near_the_centres_is_the_normal_distributions() -> None:
    """Integrated over the grid, the true density gives the set 1 − exp(−2.5² / 2) of its mass; and as many points lie on it."""
    ring = Ring(number=4, radius=0.6, deviation=0.1)
    points = plane(SIDE)
    apart = torch.cdist(points.flatten(1), ring.centres()).double()
    density = torch.exp(-apart.square() / (2 * ring.deviation**2)).sum(1)
    mass = masses(-0.01 * density.log().view(SIDE, SIDE), 0.01).flatten()[ring.near(points)].sum()
    expected = 1 - math.exp(-(2.5**2) / 2)
    assert float(mass) == pytest.approx(expected, abs=0.01)  # cells on the rim are in or out as a whole
    share = ring.near(ring.points(4000, torch.Generator().manual_seed(0))).double().mean()
    assert float(share) == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 4000))


def test_carving_starts_anywhere_and_comes_to_the_set() -> None:
    """Before the first round the negatives are spread over the square; 60 rounds later most lie on the set."""
    found = carve_plane(Ring(2, 0.5, 0.15), (0, 60), 0, CARVER)
    first, last = found.rounds
    assert first.on == pytest.approx(found.by_chance, abs=0.06)  # four deviations of 1024 chains
    assert last.on > first.on + 0.2
    assert first.energies.shape == (SIDE, SIDE)


def a_sampler() -> Sampler:
    """Draws by an energy that is least at 0.5 everywhere."""
    start = Start("noise", 4, 3)
    energy = Judge(lambda it: (it - 0.5).square().flatten(1).sum(1, keepdim=True))
    return Sampler(energy, start, Langevin(0.1, 0.0), 20, (3, 4, 4))


def test_a_drawing_is_shown_step_by_step() -> None:
    """From its start to what the sampler draws, its energy falling as it goes: by 0.8² a step, in this valley."""
    sampler = a_sampler()
    drawn = codes(6, sampler.latent, 0)
    real = np.full((5, 4, 4, 3), 191, np.uint8)  # 0.498
    found = carve_pictures(sampler, drawn, (0, 5, 20), real, noise(5, 4, 3, 0), {})
    assert np.array_equal(found.walk[0], to_uint8(sampler.start(drawn)))
    assert np.array_equal(found.walk[2], to_uint8(sampler(drawn)))
    assert found.energies[1:] == pytest.approx(0.64 * found.energies[:-1], rel=1e-4)
    assert found.energy_real == pytest.approx(0, abs=1e-3)
    assert found.steps == 20


def test_the_first_row_of_a_trainings_sheets_is_read_back(tmp_path: Path, squares: np.ndarray) -> None:
    """Pixel for pixel, in the order of the training."""
    for kimg in (0, 12):
        write_png(tmp_path / f"kimg-{kimg:06d}.png", grid(np.roll(squares, kimg, axis=0), columns=8, scale=2))
    found = previews(sorted(tmp_path.glob("*.png"), reverse=True), 16)
    assert list(found) == [0, 12]
    assert np.array_equal(found[12], np.roll(squares, 12, axis=0)[:8])


# Figures and the page


def test_the_same_findings_give_the_same_bytes(squares: np.ndarray, tmp_path: Path) -> None:
    """A figure is a function of what it shows."""
    game = played(squares, 2)
    found = events(game, lessons(squares, 1), as_input(squares[:16]), codes(16, game.latent, 0), 2)
    for name in ("one", "two"):
        save(draw_events(found), tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


COMPARED = Path("compare/quick")
PRESET = """
seeds: [0]
columns: 4
codes: 0
train: {kimg: 4, batch: 16}
methods:
  nonsaturating: &game
    name: gan
    network: {name: dcgan, latent: 8, width: 4}
  hinge:
    <<: *game
    objective: hinge
  glo: &alone
    name: glo
    network: {name: dcgan, latent: 8, width: 4}
  autoencoder:
    <<: *alone
    name: autoencoder
  vae:
    <<: *alone
    name: vae
  energy:
    <<: *alone
    name: energy
    draw_steps: 6
"""
DISTANCES = {"nonsaturating": 100.0, "energy": 140.0, "hinge": 120.0, "autoencoder": 150.0, "glo": 170.0, "vae": 200.0}
PACE = Pace(
    judged=32,
    swept=4,
    young=64,
    steps=2,
    ages=(32, 64, 96),
    last_word=2,
    pairs=16,
    altered=16,
    lessons=3,
    carved=8,
    walk=(0, 2, 6),
    rounds=(0, 2, 4),
    game=KNOBS,
    carver=Energy(network=Mlp(width=8), start="noise"),
    features=EvaluateConfig(extractor="pixels", size=4),
)


def put_results(folder: Path, distances: dict[str, float]) -> None:
    """What the step compare leaves."""
    spread = {name: {"mean": value, "deviation": None, "best": value} for name, value in distances.items()}
    rows = {
        name: {"trials": [value], "fd_lite0": spread[name], "parameters_generator": 1000, "failed": {}}
        for name, value in sorted(distances.items(), key=lambda pair: pair[1])
    }
    table = {"headline": "fd_lite0", "kimg": 4, "methods": rows, "real": {"fd_lite0": 10.0}}
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / "table.json").write_text(json.dumps(table))
    for name in ("distances.png", "samples.png"):
        write_png(folder / "results" / name, np.zeros((8, 8, 3), np.uint8))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 120 portraits, and a comparison of networks that have learnt nothing."""
    from ganlib.comparison.config import load_preset
    from ganlib.pictures.config import CurateConfig
    from tasks.curate import curate

    folder = tmp_path_factory.mktemp("workshop")
    source = Portraits(number=120, size=32)
    store = curate(CurateConfig(size=32, heldout=0.5), source.pictures(), source.count(), folder / "dataset")
    compared = folder / COMPARED
    compared.mkdir(parents=True)
    (compared / "params.yaml").write_text(PRESET)
    preset = load_preset(compared)
    for method in ("nonsaturating", *ROLES[1:]):
        knobs, model = preset.methods[method], compared / "trials" / f"{method}-0" / "model"
        model.mkdir(parents=True)
        torch.manual_seed(0)
        learner = knobs.learner(Setting(32, 3, len(store.train), CPU, torch.float32))
        card = {"dataset": store.digest, "size": 32, "channels": 3, "latent": learner.latent, "kimg": 4}
        write_model(model, learner.published(), knobs, card)
        for kimg in (0, 4):
            write_png(model / "samples" / f"kimg-{kimg:06d}.png", grid(store.train[:16], columns=8, scale=2))
    put_results(compared, DISTANCES)
    return folder


@pytest.fixture(scope="module")
def page(workshop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, written from the workshop."""
    return lecture(workshop / "dataset", workshop / COMPARED, tmp_path_factory.mktemp("docs") / "lecture.md", PACE)


SECTIONS = [
    "# Brief",
    "# Outline",
    "# Generation",
    "## Basic idea of Generator",
    "## Basic idea of Discriminator",
    "## The cycle",
    "# Algorithm",
    "### Event one",
    "### Event two",
    "# Structured Learning",
    "### The Challenge: One-Shot / Zero-Shot Learning",
    "#### Macro view and planning skill",
    "# Can Generator Learn by Itself?",
    "## Auto-Encoder and Auto-Decoder",
    "## Variational Auto-Encoder",
    "# Discriminator generate itself?",
    "### Detail of Training",
    "# Generator v.s. Discriminator",
    "### >> Generator",
    "#### Advantages",
    "#### Disadvantages",
    "### >> Discriminator",
    "#### Advantages",
    "#### Disadvantages",
    "## Benefit of GAN",
]


@pytest.mark.slow
def test_the_page_has_the_lectures_sections_and_every_figure(page: Path) -> None:
    """In the lecture's order; each figure that was written is shown once, each link leads somewhere, nothing is left unfilled."""
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# The lecture, run", *SECTIONS]
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert sorted(shown) == sorted(f"lecture/{path.name}" for path in page.with_suffix("").iterdir())
    for link in re.findall(r"\]\(\.\./([^)#]+)\)", text):
        assert (PROJECT / link).exists(), link
    anchors = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
    assert not re.search(r"\bnan\b|\{\{|\{%", text)


@pytest.mark.slow
def test_a_second_run_writes_the_same_page(page: Path, workshop: Path) -> None:
    """Text and figures, byte for byte, over the first ones."""
    before = contents(page.parent)
    lecture(workshop / "dataset", workshop / COMPARED, page, PACE)
    assert contents(page.parent) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_closing_sentences_follow_the_numbers(page: Path, workshop: Path, tmp_path: Path) -> None:
    """With other results, the same page says the opposite."""
    one = page.read_text()
    assert "the VAE has 200: behind all of them" in one
    assert "which bears the remark out" in one
    assert "plays no game" not in one
    shutil.copytree(workshop / COMPARED, tmp_path / COMPARED)
    put_results(tmp_path / COMPARED, {**DISTANCES, "vae": 90.0})
    two = lecture(workshop / "dataset", tmp_path / COMPARED, tmp_path / "two.md", PACE).read_text()
    assert "the VAE has 90: before all of them" in two
    assert "The first of all is `vae`, which plays no game" in two


def models(workshop: Path) -> dict[str, Path]:
    """Where the models of the workshop's comparison lie, by role."""
    methods = {role: "nonsaturating" if role == "gan" else role for role in ROLES}
    return {role: workshop / COMPARED / "trials" / f"{method}-0" / "model" for role, method in methods.items()}


def test_missing_trials_are_named_with_the_command(tmp_path: Path) -> None:
    """Which trials there are none of, and what makes them; nothing is written."""
    folder = tmp_path / COMPARED
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(PRESET)
    with pytest.raises(AtelierError, match=r"no model of nonsaturating-0, glo-0.*`make compare PRESET=quick`"):
        lecture(tmp_path / "dataset", folder, tmp_path / "lecture.md")
    (folder / "params.yaml").write_text(PRESET[: PRESET.index("  energy:")])
    with pytest.raises(AtelierError, match="found none of energy"):
        lecture(tmp_path / "dataset", folder, tmp_path / "lecture.md")
    assert not (tmp_path / "lecture.md").exists()


@pytest.mark.slow
def test_networks_that_learnt_from_other_pictures_are_refused(workshop: Path) -> None:
    """By the digest on the model's card."""
    store = Store.open(workshop / "dataset")
    store.info["digest"] = "other"
    folders = models(workshop)
    with pytest.raises(AtelierError, match="expected a model that learnt from the data set other"):
        load_cast(folders, store)


@pytest.mark.slow
def test_the_cast_draws_and_judges_as_published(workshop: Path) -> None:
    """Decoders take an encoder's codes as they are, whatever Gaussian new codes are drawn from; the game goes on from the
    published networks."""
    store = Store.open(workshop / "dataset")
    folders = models(workshop)
    cast = load_cast(folders, store)
    for role in ("autoencoder", "vae"):
        codes, generator = cast.encode[role](as_input(store.train[:3])), cast.models[role].generator
        drawn = cast.decoder[role](codes)
        generator.mean.add_(1)
        assert drawn.shape == (3, 3, 32, 32)
        assert torch.equal(cast.decoder[role](codes), drawn)
        assert not torch.equal(generator(codes), drawn)
    game = cast.game(store.train, 0)
    model = cast.models["gan"]
    assert np.array_equal(draw(game.g, model.latent, 3, 0), draw(model.generator, model.latent, 3, 0))
    assert torch.equal(game.d.eval()(as_input(store.train[:4])), cast.judge(as_input(store.train[:4])))
