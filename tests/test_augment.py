"""Augmentation: nothing at strength 0, the papers' distributions at 1, gradients all the way, a strength that finds itself."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.augment import Augment, augmented
from ganlib.pictures.augmentations import AUGMENTATIONS
from ganlib.sampling.model import build_method
from ganlib.training.state import to_tensors

KINDS = sorted(AUGMENTATIONS)
SETTING = Setting(16, 3, 50, torch.device("cpu"), torch.float32)
PARAMS = Path(__file__).parent.parent / "params.yaml"


def rolled(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(number: int, channels: int = 3, size: int = 8) -> Tensor:
    return torch.rand(number, channels, size, size, generator=rolled(99), dtype=torch.float64) * 2 - 1


def at(strength: float, kind: str, before: Tensor, seed: int = 0) -> Tensor:
    """One kind of augmentation, at a strength, with fresh dice."""
    return augmented(before, [kind], torch.tensor(strength), rolled(seed))


def share(values: Tensor) -> float:
    return values.double().mean().item()


def near(values: Tensor, expected: float, spread: float) -> bool:
    """Whether the mean of independent values is within 4 standard errors, given the standard deviation of one."""
    return abs(share(values) - expected) <= 4 * spread / math.sqrt(len(values))


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_at_strength_0_every_bit_stays(kind: str, channels: int) -> None:
    """Nothing is touched, not even rounded; at strength 1 pictures do change, in no other shape or type."""
    before = pictures(16, channels).float()
    assert torch.equal(at(0.0, kind, before), before)
    after = at(1.0, kind, before)
    assert not torch.equal(after, before)
    assert (after.shape, after.dtype) == (before.shape, before.dtype)


def test_without_kinds_nothing_is_done_at_all() -> None:
    """The very same tensor comes back, and no random number is drawn: a run without augmentation costs nothing for it."""
    before, dice = pictures(2), rolled()
    assert augmented(before, [], torch.tensor(1.0), dice) is before
    assert torch.equal(dice.get_state(), rolled().get_state())


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_numbers_are_drawn_whatever_the_strength(kind: str) -> None:
    """What is drawn after an augmentation does not depend on its strength; and it draws something."""
    states = []
    for strength in (0.0, 0.5, 1.0):
        dice = rolled()
        augmented(pictures(5), [kind], torch.tensor(strength), dice)
        states.append(dice.get_state())
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])
    assert not torch.equal(states[0], rolled().get_state())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_dice_give_the_same_pictures(kind: str) -> None:
    """Bit for bit; and other dice give others."""
    before = pictures(16).float()
    assert torch.equal(at(0.7, kind, before), at(0.7, kind, before))
    assert not torch.equal(at(0.7, kind, before), at(0.7, kind, before, seed=1))


@pytest.mark.parametrize("kind", KINDS)
def test_each_picture_is_augmented_for_itself(kind: str) -> None:
    """Another first picture changes nothing in the others."""
    before = pictures(8)
    other = torch.cat([-before[:1], before[1:]])
    assert torch.equal(at(1.0, kind, before)[1:], at(1.0, kind, other)[1:])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_flow_twice(kind: str, channels: int) -> None:
    """First and second derivatives agree with finite differences, where some pictures are touched."""
    before = pictures(6, channels, size=4).requires_grad_()
    assert not torch.equal(at(0.8, kind, before), before)

    def bent(given: Tensor) -> Tensor:
        return at(0.8, kind, given).square()  # its second derivative is not 0

    assert torch.autograd.gradcheck(bent, before, fast_mode=True)
    assert torch.autograd.gradgradcheck(bent, before, fast_mode=True)


#: What share of the pictures is touched at strength p. Side 16: translations by -2 to 2, of which 0 is none.
TOUCHED = {
    "colour": lambda p: p,
    "translation": lambda p: p * 24 / 25,
    "cutout": lambda p: p,
    "mirror": lambda p: p / 2,
    "quarter_turns": lambda p: p * 3 / 4,
    "shift": lambda p: p * 24 / 25,
    "geometry": lambda p: 1 - (1 - p) ** 4,
    "colour_matrix": lambda p: 1 - (1 - p) ** 4 * (1 - p / 2),
}


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_the_strength_is_the_share_of_pictures_touched(kind: str, strength: float) -> None:
    """Within 4 standard errors of the closed form, and exactly where that is 0 or 1."""
    before = pictures(2000, size=16).float()
    touched = (at(strength, kind, before) != before).flatten(1).any(1)
    expected = TOUCHED[kind](strength)
    assert near(touched, expected, math.sqrt(expected * (1 - expected)))


def uniform_within(values: Tensor, low: float, high: float) -> bool:
    """Whether mean and variance are a uniform distribution's, within 4 standard errors, and no value lies outside."""
    middle, width = (low + high) / 2, high - low
    squares = ((values - middle) / width).square()  # mean 1/12, and variance 1/80 - 1/144
    inside = bool(values.min() >= low - 1e-9) and bool(values.max() <= high + 1e-9)
    return inside and near(values, middle, width / math.sqrt(12)) and near(squares, 1 / 12, math.sqrt(1 / 180))


def normal_with(values: Tensor, spread: float) -> bool:
    """Whether mean and variance are those of N(0, spread²), within 4 standard errors."""
    return near(values, 0, spread) and near((values / spread).square(), 1, math.sqrt(2))


def unrelated(one: Tensor, other: Tensor) -> bool:
    """Whether the correlation is 0, within 4 standard errors."""
    one, other = ((values - values.mean()) / values.std() for values in (one, other))
    return near(one * other, 0, 1)


def test_colour_is_brightness_saturation_and_contrast() -> None:
    """Uniform amounts, as DiffAugment has them: -0.5 to 0.5, 0 to 2, 0.5 to 1.5; each for itself."""
    before = pictures(2000)
    after = at(1.0, "colour", before)
    greys = (before.mean(1), after.mean(1))  # saturation leaves them alone
    centred = [grey - grey.mean((1, 2), keepdim=True) for grey in greys]
    contrast = (centred[1] / centred[0]).mean((1, 2))
    colours = [(given[:, 0] - grey) for given, grey in zip((before, after), greys, strict=True)]
    saturation = (colours[1] / colours[0]).mean((1, 2)) / contrast
    brightness = after.mean((1, 2, 3)) - before.mean((1, 2, 3))
    assert uniform_within(brightness, -0.5, 0.5)
    assert uniform_within(contrast, 0.5, 1.5)
    assert uniform_within(saturation, 0, 2)
    assert unrelated(brightness, contrast)
    assert unrelated(brightness, saturation)
    assert unrelated(contrast, saturation)


@pytest.mark.parametrize(("kind", "mode"), [("translation", "constant"), ("shift", "reflect")])
def test_translations_move_by_whole_pixels(kind: str, mode: str) -> None:
    """Every picture is a window into itself padded by an eighth, and all windows are as likely."""
    before = pictures(1000, channels=1, size=16).float()
    after, padded = at(1.0, kind, before), pad(before, (2, 2, 2, 2), mode=mode)
    windows = torch.stack([padded[:, :, row : row + 16, column : column + 16] for row in range(5) for column in range(5)])
    found = (windows == after).flatten(2).all(2).double()
    assert torch.equal(found.sum(0), torch.ones(1000, dtype=torch.float64))
    assert all(near(of_one, 1 / 25, math.sqrt(24) / 25) for of_one in found)


def test_a_cutout_hides_a_square_and_nothing_else() -> None:
    """What is not 0 is untouched; the hidden area has the mean of 16 of 32 pixels a side, from a centre anywhere from 0 to 32."""
    before = torch.ones(2000, 1, 32, 32)
    after = at(1.0, "cutout", before)
    assert ((after == 0) | (after == 1)).all()
    rows, columns = (after[:, 0] == 0).any(2), (after[:, 0] == 0).any(1)
    assert torch.equal(after[:, 0] == 0, rows[:, :, None] & columns[:, None, :])
    lengths = torch.tensor([min(centre + 8, 32) - max(centre - 8, 0) for centre in range(33)]).double()
    for sides in (rows, columns):
        assert near(sides.sum(1), lengths.mean().item(), lengths.std().item())


def test_mirrored_and_turned_pictures_are_whole() -> None:
    """Half are mirrored; each quarter of a turn is taken by a quarter of the pictures; nothing else happens to them."""
    before = pictures(2000)
    mirrored = (at(1.0, "mirror", before) == before.flip(3)).flatten(1).all(1)
    kept = (at(1.0, "mirror", before) == before).flatten(1).all(1)
    assert torch.equal(mirrored, ~kept)
    assert near(mirrored, 0.5, 0.5)
    turned = at(1.0, "quarter_turns", before)
    quarters = torch.stack([(turned == before.rot90(turns, (2, 3))).flatten(1).all(1) for turns in range(4)])
    assert torch.equal(quarters.sum(0), torch.ones(2000, dtype=torch.int64))
    assert all(near(quarter, 0.25, math.sqrt(3) / 4) for quarter in quarters)


def affine_of_geometry(strength: float, number: int) -> tuple[Tensor, Tensor]:
    """Where the pixels of augmented pictures come from, as matrices [N, 2, 2] and places [N, 2] of their centres: read off
    pictures whose two channels are the coordinates x and y, which bilinear sampling keeps to the digit."""
    axis = (torch.arange(32, dtype=torch.float64) + 0.5) / 16 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    after = at(strength, "geometry", torch.stack([x, y]).expand(number, 2, 32, 32))[:, :, 15:17, 15:17]
    along_x, along_y = after.diff(dim=3).mean((2, 3)) * 16, after.diff(dim=2).mean((2, 3)) * 16
    return torch.stack([along_x, along_y], dim=2), after.mean((2, 3))


def test_geometry_has_the_papers_distributions() -> None:
    """Enlargement and stretching log-normal (0.2 octaves), translation normal (an eighth of the side) and after all else, angles
    uniform, both of the picture and of the direction in which it is stretched."""
    matrices, centres = affine_of_geometry(1.0, 2000)
    inside = (centres.abs() < 0.9).all(1) & (torch.linalg.det(matrices) > 0)  # where no reflection shows
    assert share(inside) > 0.99
    matrices, centres = matrices[inside], centres[inside]
    spread = 0.2 * math.log(2)
    enlarged = -torch.linalg.det(matrices).log() / 2
    assert normal_with(enlarged, spread)
    left, stretches, right = torch.linalg.svd(matrices)
    long, short = stretches.unbind(1)
    assert near(((long / short).log() / 2 / spread).square(), 1, math.sqrt(2))
    turn = torch.atan2(matrices[:, 1, 0] - matrices[:, 0, 1], matrices[:, 0, 0] + matrices[:, 1, 1])
    assert uniform_within(turn, -math.pi, math.pi)
    moves = -torch.linalg.solve(matrices, centres)
    assert all(normal_with(move, 2 * 0.125) for move in moves.unbind(1))
    assert unrelated(moves.norm(dim=1).log(), enlarged)
    for direction in (left[:, :, 0], right[:, 0]):
        assert uniform_within(torch.atan(direction[:, 1] / direction[:, 0]), -math.pi / 2, math.pi / 2)


def test_geometry_turns_as_many_as_its_strength_says() -> None:
    """Of two turns at least one takes place with probability p: the share of upright pictures is 1 - p."""
    matrices, _ = affine_of_geometry(0.3, 1000)
    upright = (matrices[:, 0, 1].abs() < 1e-9) & (matrices[:, 1, 0].abs() < 1e-9)
    assert near(upright, 0.7, math.sqrt(0.21))


def affine_of_colours(number: int) -> Tensor:
    """The maps [N, 4, 4] of homogeneous colours, read off black and the three primaries."""
    primaries = torch.cat([torch.zeros(3, 1), torch.eye(3)], dim=1).double().view(1, 3, 2, 2)
    after = at(1.0, "colour_matrix", primaries.expand(number, 3, 2, 2)).flatten(2)
    maps = torch.eye(4, dtype=torch.float64).repeat(number, 1, 1)
    maps[:, :3, 3] = after[:, :, 0]
    maps[:, :3, :3] = after[:, :, 1:] - after[:, :, :1]
    return maps


def papers_colours(brightness: Tensor, contrast: Tensor, sign: Tensor, angle: Tensor, saturation: Tensor) -> Tensor:
    """ADA's five matrices [N, 4, 4], multiplied one after the other (Karras et al. 2020, appendix B)."""
    number, v = len(brightness), torch.full((3, 1), 3**-0.5, dtype=torch.float64)
    across = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=torch.float64) / math.sqrt(3)
    eye = torch.eye(3, dtype=torch.float64)
    maps = torch.eye(4, dtype=torch.float64).repeat(number, 1, 1)
    maps[:, :3, 3] = brightness[:, None]
    for linear in (
        contrast[:, None, None] * eye,
        eye - (1 - sign)[:, None, None] * (v @ v.T),
        torch.linalg.matrix_exp(angle[:, None, None] * across),
        v @ v.T + saturation[:, None, None] * (eye - v @ v.T),
    ):
        step = torch.eye(4, dtype=torch.float64).repeat(number, 1, 1)
        step[:, :3, :3] = linear
        maps = step @ maps
    return maps


def test_the_colour_matrix_is_the_papers_five_in_one() -> None:
    """Read back from augmented pictures: the product of five matrices, and the five amounts distributed as published."""
    maps = affine_of_colours(2000)
    linear = maps[:, :3, :3]
    luma = linear.sum((1, 2)) / 3  # vᵀ M v, which is ±contrast
    sign, contrast = luma.sign(), luma.abs()
    brightness = maps[:, :3, 3].mean(1) / luma
    saturation = (torch.linalg.det(linear) / luma).sqrt() / contrast
    plane = torch.tensor([[1, -1, 0], [1, 1, -2]], dtype=torch.float64) / torch.tensor([[2], [6]]).sqrt()
    (a, _), (c, _) = (row.unbind(1) for row in (plane @ linear @ plane.T).unbind(1))
    angle = torch.atan2(c, a)
    assert torch.allclose(papers_colours(brightness, contrast, sign, angle, saturation), maps, atol=1e-5)
    assert normal_with(brightness, 0.2)
    assert normal_with(contrast.log(), 0.5 * math.log(2))
    assert near(sign, 0, 1)
    assert uniform_within(angle, -math.pi, math.pi)
    assert normal_with(saturation.log(), math.log(2))


@pytest.mark.parametrize("kind", ["colour", "colour_matrix"])
def test_grey_pictures_stay_grey(kind: str) -> None:
    """Hue and saturation do nothing to them: with one channel or three equal ones, each comes out as one line of what it was."""
    grey = pictures(16, channels=1)
    (one, three) = (at(1.0, kind, grey.repeat(1, channels, 1, 1)) for channels in (1, 3))
    assert torch.allclose(three, one.expand_as(three), atol=1e-6)
    x, y = grey.flatten(1), one.flatten(1)
    slope = (y[:, 1] - y[:, 0]) / (x[:, 1] - x[:, 0])
    assert torch.allclose(y, y[:, :1] + slope[:, None] * (x - x[:, :1]), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_costs_no_digits(kind: str) -> None:
    """Pictures are augmented in their own precision, also inside a block that computes products in bfloat16."""
    before = pictures(8).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = at(1.0, kind, before)
    assert torch.equal(inside, at(1.0, kind, before))


ADAPTIVE = Augment(["cutout"], target=0.6, ada_kimg=1.0)


def after_steps(augment: Augment, scores: Sequence[Tensor], strength: float | None = None) -> float:
    p = torch.tensor(augment.strength_at_first if strength is None else strength)
    for of_real in scores:
        p = augment.next_strength(p, of_real)
    return p.item()


def test_the_strength_rises_on_overfitting_and_falls_without() -> None:
    """By N / (1000 ada_kimg) a step: up where D is sure of the real pictures, down where it is not, nowhere on the target."""
    sure, unsure = torch.ones(10), torch.tensor([1.0] * 7 + [-1.0] * 3)  # mean signs 1 and 0.4
    assert ADAPTIVE.strength_at_first == 0
    assert after_steps(ADAPTIVE, [sure] * 5) == pytest.approx(0.05)
    assert after_steps(ADAPTIVE, [unsure] * 5, strength=0.3) == pytest.approx(0.25)
    assert after_steps(Augment(["cutout"], target=0.0, ada_kimg=1.0), [torch.tensor([2.0, -9.0])], strength=0.3) == pytest.approx(
        0.3
    )


def test_the_strength_stays_within_its_bounds() -> None:
    """From 0 to what the knobs allow, however long the scores say otherwise."""
    sure, unsure = torch.ones(100), -torch.ones(100)
    capped = Augment(["cutout"], strength=0.8, target=0.6, ada_kimg=1.0)
    assert after_steps(capped, [sure] * 50) == pytest.approx(0.8)
    assert after_steps(capped, [unsure] * 50, strength=0.8) == 0
    assert after_steps(ADAPTIVE, [sure] * 50) == 1


def test_the_strength_settles_where_the_scores_meet_the_target() -> None:
    """A D whose mean sign is 1 - p by its nature is held at the target 0.6 by p = 0.4."""
    dice, p, late = rolled(), torch.tensor(0.0), []
    for step in range(600):
        p = ADAPTIVE.next_strength(p, 1 - p / 2 - torch.rand(16, generator=dice))  # above 0 with probability 1 - p/2
        late += [p.item()] if step >= 200 else []
    # A step is 0.016; with 16 scores the median of the mean sign is off its mean by less than one of them, 1/8.
    assert sum(late) / len(late) == pytest.approx(0.4, abs=0.125 + 0.016)
    assert max(late) < 0.9


def test_without_a_target_the_strength_stays() -> None:
    """DiffAugment is as strong at the end as at the beginning, 1 unless said otherwise."""
    assert after_steps(Augment(["cutout"]), [torch.ones(100)] * 5) == 1
    assert after_steps(Augment(["cutout"], strength=0.3), [-torch.ones(100)] * 5) == pytest.approx(0.3)


class Watching(nn.Module):
    """A discriminator that remembers what it was shown, and is sure of it."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.ones(()))
        self.seen: list[Tensor] = []

    def forward(self, shown: Tensor) -> Tensor:
        self.seen.append(shown.detach())
        scores: Tensor = self.bias + 0 * shown.sum((1, 2, 3))
        return scores


class Copying(nn.Module):
    """A generator that gives the same pictures for any codes."""

    def __init__(self, given: Tensor) -> None:
        super().__init__()
        self.given = nn.Parameter(given)

    def forward(self, codes: Tensor) -> Tensor:
        return self.given + 0


def test_real_and_generated_are_augmented_by_separate_dice() -> None:
    """Of the same pictures, D is shown two versions in event one, and a third of the generated ones in event two."""
    real = pictures(8, size=16).float()
    game = Gan(network=Dcgan(width=4), penalties={}, augment=Augment(["translation"])).learner(SETTING)
    game.g, game.d = Copying(real), Watching()
    game.optimiser_g, game.optimiser_d = (torch.optim.Adam(part.named_parameters()) for part in (game.g, game.d))
    batch, codes = Batch(real, torch.arange(8), rolled()), torch.zeros(8, 64)
    game.event_one(batch, codes, penalise=False)
    game.event_two(batch, codes)
    versions = game.d.seen
    assert len(versions) == 3
    assert not any(torch.equal(one, other) for one, other in [versions[:2], versions[1:], versions[::2], (versions[0], real)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_learns_through_every_augmentation(kind: str) -> None:
    """Event two moves every one of G's weight tensors, with penalties on D's slope taken beside it in event one."""
    torch.manual_seed(0)
    game = Gan(network=Dcgan(width=4, latent=8), augment=Augment([kind]), penalty_every=1).learner(SETTING)
    before = [weight.clone() for weight in game.g.parameters()]
    game.step(Batch(pictures(4, size=16).float(), torch.arange(4), rolled()))
    assert not any(torch.equal(old, new) for old, new in zip(before, game.g.parameters(), strict=True))


def test_the_game_turns_the_strength_and_keeps_it() -> None:
    """From 0, at which pictures stay as they are, to one step higher after a step of a D that is sure of the real ones; what it
    is now is what pictures are augmented with, it is logged, and it is part of the run's state."""
    real = pictures(8, size=16).float()
    game = Gan(network=Dcgan(width=4), penalties={}, augment=ADAPTIVE).learner(SETTING)
    game.d = Watching()
    game.optimiser_d = torch.optim.Adam(game.d.named_parameters())
    seen = game.event_one(Batch(real, torch.arange(8), rolled()), torch.zeros(8, 64), penalise=False)
    assert torch.equal(game.d.seen[0], real)
    assert seen["augment"].item() == pytest.approx(0.008)
    assert to_tensors(game.parts())["dials/strength"].item() == pytest.approx(0.008)
    game.dials.strength.fill_(1.0)
    game.event_one(Batch(real, torch.arange(8), rolled()), torch.zeros(8, 64), penalise=False)
    assert (game.d.seen[2] != real).flatten(1).any(1).all()


def with_augment(folder: Path, *lines: str) -> Path:
    """The project's params.yaml with a section `augment`."""
    path, place = folder / "params.yaml", "    penalty_every: 4\n"
    text = PARAMS.read_text()
    assert text.count(place) == 1
    path.write_text(text.replace(place, "".join([place, "    augment:\n", *(f"      {line}\n" for line in lines)])))
    return path


def test_params_yaml_can_ask_for_augmentation(tmp_path: Path) -> None:
    """DiffAugment in a line, or ADA; and a model's card, which is JSON, gives the same knobs back."""
    method = load(with_augment(tmp_path, "kinds: [colour, translation, cutout]")).train.method
    assert method.augment == Augment(["colour", "translation", "cutout"])
    method = load(
        with_augment(tmp_path, "kinds: [mirror, geometry]", "target: 0.6", "ada_kimg: 50", "strength: 0.8")
    ).train.method
    assert method.augment == Augment(["mirror", "geometry"], strength=0.8, target=0.6, ada_kimg=50.0)
    assert build_method(json.loads(json.dumps(asdict(method)))) == method


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kinds: [colour, cutouts]", "train.method.augment.kinds.1 must be one of cutout, colour, "),
        ("kinds: [cutout, cutout]", "train.method.augment must name each of the kinds once"),
        ("target: 0.6", "train.method.augment must name kinds where it has a target"),
        ("{kinds: [cutout], target: 2}", "train.method.augment.target must be <= 1.0 (got 2)"),
        ("strength: 1.5", "train.method.augment.strength must be <= 1.0 (got 1.5)"),
        ("kind: [cutout]", "train.method.augment.kind is not a known key"),
    ],
)
def test_mistakes_in_augmentation_are_told(tmp_path: Path, line: str, sentence: str) -> None:
    """Unknown kinds with the nearest first, kinds given twice, a target for nothing, numbers out of range."""
    with pytest.raises(AtelierError) as caught:
        load(with_augment(tmp_path, line))
    assert sentence in str(caught.value)
