"""Directions: those of a generator that is known are found, and bear the name of what they move."""

import json
from pathlib import Path

import pytest
import torch
from linear import LATENT, Linear, gauge, model_of, orthogonal, speaking

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.methods.conditional import Conditional
from ganlib.methods.langevin import Sampler
from ganlib.methods.priors import FittedCodes
from ganlib.nets import NETWORKS
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.closed_form import closed_form
from ganlib.sampling.directions import direction_named, find_directions, read_directions, write_directions
from ganlib.sampling.early import reached
from ganlib.sampling.fitted import fitted, linear, logistic
from ganlib.sampling.moves import moves
from ganlib.sampling.principal import principal

STRENGTHS = torch.tensor([0.4, 0.2, 0.1, 0.05, 0.025, 0.0125])


@pytest.fixture(scope="module")
def turns() -> torch.Tensor:
    """The right singular vectors of the matrix below, as rows."""
    return orthogonal(LATENT, LATENT, 1).T


@pytest.fixture(scope="module")
def matrix(turns: torch.Tensor) -> torch.Tensor:
    return orthogonal(48, LATENT, 2) @ torch.diag(STRENGTHS) @ turns


def test_a_linear_generators_principal_directions_are_its_singular_vectors(matrix: torch.Tensor, turns: torch.Tensor) -> None:
    """In the order of its singular values, with the shares of their squares. Of 1,024 codes covariances are wrong by 1/32, which
    turns directions whose strengths are as 2 to 1 by 2/3 of that: a cosine of 0.9998, and of 0.99 with room for several."""
    found = principal(model_of(Linear(matrix)), 4)
    cosines = (found.directions * turns[:4]).sum(dim=1).abs()
    assert (cosines > 0.99).all()
    shares = STRENGTHS.square() / STRENGTHS.square().sum()
    torch.testing.assert_close(found.shares.float(), shares[:4], rtol=5 * (2 / 1024) ** 0.5, atol=0)


def test_closed_form_directions_are_exactly_the_singular_vectors(matrix: torch.Tensor, turns: torch.Tensor) -> None:
    """Up to which way is forwards, which is where the greatest number is positive."""
    found = closed_form(model_of(Linear(matrix)), LATENT)
    signs = (found.directions * turns).sum(dim=1, keepdim=True).sign()
    torch.testing.assert_close(found.directions, turns * signs, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.shares.float(), STRENGTHS.square() / STRENGTHS.square().sum(), rtol=1e-3, atol=0)
    assert (found.directions.gather(1, found.directions.abs().argmax(dim=1, keepdim=True)) > 0).all()


def test_closed_form_directions_are_those_of_what_comes_before_the_first_layer_too(matrix: torch.Tensor) -> None:
    """Codes are brought to a Gaussian that is wide along one axis only: of an even layer behind it, that is the strongest."""
    covariance = torch.diag(torch.tensor([1.0, 1.0, 25.0, *[1.0] * (LATENT - 3)]))
    generator = FittedCodes(Linear(orthogonal(48, LATENT, 2)), LATENT).fit(torch.zeros(LATENT), covariance)
    found = closed_form(model_of(generator), 1)
    one = generator.factor @ found.directions[0]
    assert one[2].abs() == pytest.approx(5, rel=1e-4)
    assert found.shares[0] == pytest.approx(25 / (25 + LATENT - 1), rel=1e-3)


def test_a_model_that_walks_to_its_pictures_has_no_directions() -> None:
    """The error says so, and advises nothing that there is not."""
    walker = Sampler.__new__(Sampler)
    torch.nn.Module.__init__(walker)
    with pytest.raises(AtelierError, match=r"Directions: .* found one of the method energy"):
        find_directions(model_of(walker), None)


def test_a_transposed_convolution_counts_as_the_matrix_that_it_is() -> None:
    """Its weights [inputs, outputs, 4, 4] on a map of one pixel: the direction that moves most is the input with most weight."""
    layer = torch.nn.ConvTranspose2d(LATENT, 3, 4, bias=False)
    layer.weight.data = torch.randn(LATENT, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.01
    layer.weight.data[2] += 1
    generator = torch.nn.Sequential(torch.nn.Unflatten(1, (LATENT, 1, 1)), layer)
    assert closed_form(model_of(generator), 1).directions[0].argmax() == 2


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_has_directions_of_its_free_numbers_alone(network: str) -> None:
    """Of a conditional generator, too: layers that are told nothing but conditions are passed over."""
    given = Conditions((Attribute.of("hair", ["red", "blond"]), Attribute.of("length", [0.0, 1.0])))
    method = Conditional(network=NETWORKS[network](latent=8), conditions=tuple(given.names), penalties={})
    size = 28 if network == "infogan" else 16
    model = model_of(method.given(given, size, 3), 10, size, conditions=given)
    assert len(reached(model.generator, 10, 8)) >= 2
    for found in (principal(model, 2), closed_form(model, 2)):
        assert found.directions.shape == (2, 10)
        assert (found.directions[:, 8:] == 0).all()
        torch.testing.assert_close(found.directions.norm(dim=1), torch.ones(2))


def test_layers_are_found_in_the_order_in_which_they_are_computed() -> None:
    """The linear layer, then the first convolution: not the modulation between them, which is given conditions alone."""
    generator = Dcgan(width=4, latent=8).generator(16, 3, conditions=2)
    assert reached(generator, 10, 8)[:2] == [generator.first, generator.blocks[2]]


def test_directions_bear_the_names_of_what_they_move() -> None:
    """Brightness, both tints, and no name for a pattern that nobody has a word for; each name once, what moves most first."""
    model = speaking()
    found = find_directions(model, gauge(), count=3)
    names = [one.name for one in found]
    assert {"brightness", "tint: red", "tint: blue", "principal 3", "closed-form 3"} <= set(names)
    assert len(set(names)) == len(names)
    assert abs(direction_named("brightness", found).vector[0]) > 0.99
    assert direction_named("tint: red", found).vector[1] > 0.9
    assert direction_named("tint: blue", found).vector[1] < -0.9
    assert direction_named("principal 3", found).attribute is None
    effects = [one.effect for one in found if one.attribute]
    assert effects == sorted(effects, reverse=True)


def test_what_is_ahead_of_a_direction_has_more_of_its_number() -> None:
    """Whichever way the eigenvector points: along a direction with a number's name the number grows."""
    model, reader = speaking(), gauge()
    for one in find_directions(model, reader, count=1):
        if one.attribute == "brightness":
            assert moves(model, one.vector, reader)[0].effect > 0.5
            assert one.moves["brightness"] == pytest.approx(one.effect)


def test_a_move_is_measured_by_how_well_its_ends_are_told_apart() -> None:
    """The number of brightness between codes 2 to either side: ends are N(±2, 1), so δ = 2 Φ(4 / √2) - 1 = 0.9953, which 40,000
    pairs give to 0.01. What a direction does not touch moves by nothing."""
    model = speaking()
    along = {move.attribute: move.effect for move in moves(model, torch.eye(LATENT)[0], gauge())}
    assert along["brightness"] == pytest.approx(0.9953, abs=0.01)
    against = {move.attribute: move.effect for move in moves(model, -torch.eye(LATENT)[0], gauge())}
    assert against["brightness"] == -along["brightness"]
    across = {move.attribute: move.effect for move in moves(model, torch.eye(LATENT)[2], gauge())}
    assert across["brightness"] == pytest.approx(0, abs=0.01)


def test_what_the_reader_reads_badly_names_nothing() -> None:
    """A label below half of the way from guessing to no error is no name."""
    assert {one.attribute for one in find_directions(speaking(), gauge(tint=0.4), count=2)} <= {"brightness", None}


def test_without_labels_directions_have_no_names() -> None:
    """They are found all the same: of the two kinds that look at no pictures."""
    found = find_directions(speaking(), None, count=2)
    assert [one.name for one in found] == ["principal 1", "principal 2", "closed-form 1", "closed-form 2"]
    assert {(one.attribute, one.effect) for one in found} == {(None, 0.0)}


def test_what_can_be_asked_for_is_not_fitted() -> None:
    """A model with conditions has a number for it already."""
    given = Conditions((Attribute("brightness", knots=(0.0, 255.0)),))
    model = speaking()
    asked = model_of(model.generator, conditions=given)
    assert {aim.attribute for aim in fitted(model, gauge()).aims} == {"brightness", "tint"}
    assert {aim.attribute for aim in fitted(asked, gauge()).aims} == {"tint"}


def test_fits_find_the_coefficients_that_made_the_values() -> None:
    """Least squares those of a line, but for the ridge of 1/1000; logistic regression the ways to the two sides of a plane."""
    codes = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    truth = torch.tensor([1.0, -2.0, 0.0, 0.5, 0.0], dtype=torch.float64)
    torch.testing.assert_close(linear(codes, codes @ truth + 3), truth, rtol=0.01, atol=0.01)
    way = logistic(codes, (codes @ truth > 0).long(), 2)
    assert torch.cosine_similarity(way[1], truth, dim=0) > 0.99
    torch.testing.assert_close(way[0], -way[1], rtol=0.05, atol=0.05)


def test_directions_are_read_back_by_the_model_that_they_are_of(tmp_path: Path) -> None:
    """To seven digits; another model's, damaged ones and none are refused, each with what to do."""
    model = speaking()
    found = find_directions(model, gauge(), count=2)
    with pytest.raises(AtelierError, match=r"found none\. Find them: python -m tasks\.sample --directions"):
        read_directions(tmp_path, model)
    write_directions(tmp_path, model, found)
    assert read_directions(tmp_path, model) == found
    content = json.loads((tmp_path / "directions.json").read_text())
    assert {"name", "coordinates", "effect", "moves"} <= set(content["directions"][0])
    with pytest.raises(AtelierError, match="found another's"):
        read_directions(tmp_path, model_of(model.generator, LATENT + 1))
    (tmp_path / "directions.json").write_text('{"model": "digest"}')
    with pytest.raises(AtelierError, match="found it damaged"):
        read_directions(tmp_path, model)


def test_an_unknown_direction_is_answered_with_the_nearest() -> None:
    """And with all others after it."""
    found = find_directions(speaking(), gauge(), count=1)
    with pytest.raises(AtelierError, match=r"^brightnes: must be one of brightness, "):
        direction_named("brightnes", found)
