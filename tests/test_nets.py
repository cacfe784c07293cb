"""The networks: shapes at every resolution, and what each of them and their parts promise."""

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ganlib.errors import AtelierError
from ganlib.nets import NETWORKS
from ganlib.nets.base import DOUBLINGS, Network, check_size
from ganlib.nets.dcgan import Dcgan, batch_spread
from ganlib.nets.infogan import Infogan
from ganlib.nets.mlp import Mlp
from ganlib.nets.r3gan import Block, Downsample, R3gan, Upsample
from ganlib.nets.resample import ConvAfterDoubling, ConvBeforeHalving, compute_plainly
from ganlib.nets.resnet import Down, Resnet, Up

SIZE, CHANNELS, OUTPUTS = 16, 3, 5

#: Every network as small as it gets.
SMALL: dict[str, Network] = {
    "mlp": Mlp(width=16, depth=2),
    "dcgan": Dcgan(width=8, max_width=16),
    "infogan": Infogan(),
    "resnet": Resnet(latent=16, width=8, max_width=16),
    "r3gan": R3gan(width=8, max_width=16),
}

#: What a network can build, as a module and an input for it.
PARTS: dict[str, Callable[[Network], tuple[nn.Module, Tensor]]] = {
    "generator": lambda network: (network.generator(SIZE, CHANNELS), torch.randn(4, network.latent)),
    "discriminator": lambda network: (network.discriminator(SIZE, CHANNELS), _pictures(4)),
    "encoder": lambda network: (network.encoder(SIZE, CHANNELS, OUTPUTS), _pictures(4)),
}

each_network = pytest.mark.parametrize("network", SMALL.values(), ids=SMALL)
each_part = pytest.mark.parametrize("part", PARTS)


@pytest.fixture(autouse=True)
def _dice() -> None:
    """The same weights and inputs in every run."""
    torch.manual_seed(0)


def test_every_network_is_tried_here() -> None:
    """A new network gets its line in this file, too, and is registered by its name."""
    assert set(SMALL) == set(NETWORKS)
    assert all(NETWORKS[name].name == name for name in NETWORKS)


def _fitting() -> list[object]:
    """Cases for the next test: all sizes up to 64 that a network can do, and beyond where it can be made narrow."""
    cases = [(name, size) for name in SMALL for size in (1, 16, 28, 32, 64) if size in SMALL[name].sizes]
    cases += [(name, size) for name in ("dcgan", "resnet", "r3gan") for size in (128, 256)]
    heavy = {("infogan", 32), ("infogan", 64)}  # tens of millions of weights, at any width
    return [pytest.param(*case, marks=[pytest.mark.slow] if case in heavy else []) for case in cases]


@pytest.mark.parametrize(("name", "size"), _fitting())
def test_networks_fit_together_at_every_resolution(name: str, size: int) -> None:
    """Grey or colour, G's pictures have the asked shape, D gives each one score, and an encoder as many outputs as asked."""
    network = SMALL[name]
    for channels in (1, 3) if size <= 64 else (3,):
        pictures = network.generator(size, channels)(torch.randn(2, network.latent))
        assert pictures.shape == (2, channels, size, size)
        assert network.discriminator(size, channels)(pictures).shape == (2,)
        assert network.encoder(size, channels, OUTPUTS)(pictures).shape == (2, OUTPUTS)


def test_the_sizes_are_those_that_the_issue_asks_for() -> None:
    """All that double do 16 to 256 pixels; the pair of Lucic et al. does their 28; the fully connected one does points."""
    assert all(set(DOUBLINGS) <= set(network.sizes) for network in SMALL.values())
    assert 28 in Infogan.sizes
    assert 30 not in Infogan.sizes
    assert 1 in Mlp.sizes


@each_network
def test_a_published_generator_stays_in_range(network: Network) -> None:
    """In evaluation no pixel leaves [-1, 1], however far out the codes are, and pictures differ with their codes."""
    generator = _exercised(network.generator(SIZE, CHANNELS), torch.randn(4, network.latent)).eval()
    pictures = generator(100 * torch.randn(4, network.latent))
    assert pictures.abs().max() <= 1
    assert pictures.std(dim=0).max() > 0.01


@each_network
def test_a_picture_does_not_depend_on_the_others(network: Network) -> None:
    """G gives a code the same picture, and an encoder, even in training, a picture the same outputs, in any batch."""
    generator = _exercised(network.generator(SIZE, CHANNELS), torch.randn(4, network.latent)).eval()
    encoder = network.encoder(SIZE, CHANNELS, OUTPUTS)
    for module, inputs in ((generator, torch.randn(4, network.latent)), (encoder, _pictures(4))):
        others = torch.cat([inputs[:1], 3 * torch.randn_like(inputs[1:])])
        torch.testing.assert_close(module(inputs)[0], module(others)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "network", [*SMALL.values(), Infogan(norm=False), Resnet(width=8, spectral=False), Dcgan(width=8, norm=True)]
)
def test_a_network_says_what_its_discriminator_has(network: Network) -> None:
    """`batch_normed` and `bounded` are what D is built of; no encoder has batch norm."""
    discriminator, encoder = network.discriminator(SIZE, CHANNELS), network.encoder(SIZE, CHANNELS, OUTPUTS)
    assert network.batch_normed == _has_batch_norm(discriminator)
    assert network.bounded == any(hasattr(layer, "parametrizations") for layer in discriminator.modules())
    assert not _has_batch_norm(encoder)


def test_batch_norm_in_the_discriminator_couples_pictures() -> None:
    """With `norm` the score of a picture depends on the rest of the batch; without it does not."""
    one, rest, other = _pictures(1), _pictures(3), _pictures(3)
    for norm in (True, False):
        discriminator = Infogan(norm=norm).discriminator(SIZE, CHANNELS)
        moved = discriminator(torch.cat([one, rest]))[0] - discriminator(torch.cat([one, other]))[0]
        assert (moved.abs() > 1e-3) == norm


@each_network
def test_an_encoder_is_smooth(network: Network) -> None:
    """Its slope along a line changes as its second derivative says: no kinks for the energy-based method to stumble over."""
    differences, bends = _curvature(network.encoder(SIZE, CHANNELS, OUTPUTS))
    assert bends.abs().max() > 0
    # Central differences with step h err by h²/6 · the slope's third derivative, which here is of the order of its first.
    torch.testing.assert_close(differences, bends, rtol=0, atol=1e-3 * bends.abs().max().item())


def test_kinks_would_be_seen() -> None:
    """The same measure on a discriminator with leaky ReLUs: between kinks it is flat, across them it jumps."""
    blocks = Dcgan(width=32).discriminator(SIZE, CHANNELS).get_submodule("blocks")
    differences, bends = _curvature(nn.Sequential(blocks, nn.Flatten()), step=1e-2)
    assert bends.abs().max() == 0
    assert differences.abs().max() > 1e-3


@each_network
@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_learning_reaches_every_parameter(network: Network, part: str) -> None:
    """One backward pass gives every parameter a gradient, but for those that are idle by design.

    In the pair of Lucic et al. these are biases before a batch norm, for ever; in R3GAN the first two layers of each block,
    as long as the third is zero: that is, for the first step.
    """
    module, inputs = PARTS[part](network)
    assert _idle(module, inputs) == {name for name, _ in module.named_parameters() if _idle_by_design(network.name, name)}
    if network.name == "r3gan":
        torch.optim.SGD(module.parameters(), lr=1e-3).step()
        assert _idle(module, inputs) == set()


@each_network
@each_part
def test_weights_that_were_kept_give_the_same_bits(network: Network, part: str) -> None:
    """A state put into a new network answers alike, also when both then go on in training (batch norm, spectral norm)."""
    module, inputs = PARTS[part](network)
    _exercised(module, inputs)
    again = PARTS[part](network)[0]
    again.load_state_dict({name: tensor.clone() for name, tensor in module.state_dict().items()}, strict=True)
    for train in (False, True, True, False):
        assert torch.equal(module.train(train)(inputs), again.train(train)(inputs))


@each_network
@each_part
def test_a_copy_answers_alike_and_goes_its_own_way(network: Network, part: str) -> None:
    """As the average needs it: a deep copy gives the same answers, and shares no weight."""
    module, inputs = PARTS[part](network)
    before = _exercised(module, inputs).eval()(inputs)
    double = copy.deepcopy(module).requires_grad_(False)
    assert torch.equal(double(inputs), before)
    torch._foreach_mul_(list(double.parameters()), 2)
    assert torch.equal(module(inputs), before)
    assert not torch.equal(double(inputs), before)


def test_a_size_that_a_network_cannot_do_is_refused_with_what_can() -> None:
    """The sentence has the sizes that it can do, and the names of those networks that can do the asked one."""
    for network in SMALL.values():
        check_size(network, SIZE, NETWORKS.values())
    with pytest.raises(
        AtelierError, match=r"resnet: expected pictures of 16, 32, 64, 128, 256 pixels, found 28;.*\(infogan, mlp\)"
    ):
        check_size(SMALL["resnet"], 28, NETWORKS.values())
    with pytest.raises(
        AtelierError, match=r"infogan: expected pictures of 8 to 256 \(in steps of 4\) pixels, found 30;.*\(mlp\)"
    ):
        check_size(SMALL["infogan"], 30, NETWORKS.values())


@pytest.mark.slow
@each_network
def test_a_generator_is_traced_with_a_free_number_of_pictures(network: Network) -> None:
    """As the record logs it (`pt2`): traced with four codes, it draws three as the network itself does."""
    generator = _exercised(network.generator(SIZE, CHANNELS), torch.randn(4, network.latent)).eval()
    number = torch.export.Dim("number", min=1)
    traced = torch.export.export(generator, (torch.randn(4, network.latent),), dynamic_shapes=({0: number},)).module()
    codes = torch.randn(3, network.latent)
    torch.testing.assert_close(traced(codes), generator(codes))


def test_the_batch_spread_is_the_mean_standard_deviation() -> None:
    """Two pictures at 0 and 2 everywhere spread by 1; equal ones by (nearly) nothing."""
    apart = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), 2.0)])
    assert batch_spread(apart).item() == pytest.approx(1, abs=1e-6)
    assert batch_spread(torch.ones(2, 3, 4, 4)).item() == pytest.approx(1e-4, rel=1e-3)


def test_the_infogan_pair_has_the_published_layers() -> None:
    """Parameters at 28 × 28 × 1 with codes of 64, counted by hand from the published layers: weights + biases, layer by layer."""
    generator = (64 + 1) * 1024 + 2 * 1024  # FC 1024 and its norm
    generator += (1024 + 1) * 6272 + 2 * 6272  # FC 128 · 7 · 7 and its norm
    generator += 128 * 64 * 16 + 64 + 2 * 64 + 64 * 1 * 16 + 1  # transposed 64 and its norm, transposed 1
    discriminator = 1 * 64 * 16 + 64 + 64 * 128 * 16 + 128 + (6272 + 1) * 1024 + (1024 + 1)  # conv 64, conv 128, FC 1024, FC 1
    assert (generator, discriminator) == (6_642_241, 6_556_865)
    with torch.device("meta"):
        assert _count(Infogan().generator(28, 1)) == generator
        assert _count(Infogan(norm=False).discriminator(28, 1)) == discriminator
        assert _count(Infogan().discriminator(28, 1)) == discriminator + 2 * 128 + 2 * 1024


def test_the_infogan_pair_ends_in_a_sigmoid_stretched_to_our_range() -> None:
    """Its pixels are 2s - 1 with the paper's sigmoid s."""
    generator = Infogan().generator(8, 1).eval()
    codes = torch.randn(2, 64)
    logits = generator.get_submodule("maps")(generator.get_submodule("flat")(codes))
    torch.testing.assert_close(generator(codes), 2 * torch.sigmoid(logits) - 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("activation", [nn.LeakyReLU, nn.SiLU])
def test_a_modern_block_is_the_identity_at_first(activation: Callable[[], nn.Module]) -> None:
    """Exactly, whatever comes in; once its last layer has learnt something, no longer."""
    block, maps = Block(8, 16, 2, depth=6, activation=activation), 10 * torch.randn(2, 8, 5, 5)
    assert torch.equal(block(maps), maps)
    nn.init.normal_(block.residual[-1].weight)
    assert not torch.allclose(block(maps), maps)


def test_a_modern_network_begins_linear() -> None:
    """With all blocks the identity, D is a linear function of the picture, and G of the code."""
    one, other = _pictures(2).split(1)
    encoder = SMALL["r3gan"].encoder(SIZE, CHANNELS, OUTPUTS)
    torch.testing.assert_close(encoder(one - 2 * other), encoder(one) - 2 * encoder(other), rtol=1e-4, atol=1e-5)
    generator = SMALL["r3gan"].generator(SIZE, CHANNELS)
    codes = torch.randn(2, SMALL["r3gan"].latent)
    torch.testing.assert_close(generator(-codes), -generator(codes), rtol=1e-4, atol=1e-5)


def test_a_modern_generator_is_only_clamped_in_evaluation() -> None:
    """In training its pixels may leave [-1, 1], so that the slope there is not lost; in evaluation they are held at the edge."""
    generator = SMALL["r3gan"].generator(SIZE, CHANNELS)
    codes = 3 * torch.randn(8, SMALL["r3gan"].latent)
    free = generator.train()(codes)
    assert free.abs().max() > 1
    assert torch.equal(generator.eval()(codes), free.clamp(-1, 1))


def test_upsampling_puts_the_mean_between_pixels() -> None:
    """[1, 2, 1]: every second pixel is the old one, those between are means of two or four, and nothing lies beyond the edge."""
    maps = torch.randn(2, 3, 4, 4)
    here, padded = maps.numpy(), np.pad(maps.numpy(), ((0, 0), (0, 0), (0, 1), (0, 1)))
    right, below, across = padded[..., :-1, 1:], padded[..., 1:, :-1], padded[..., 1:, 1:]
    wanted = np.empty((2, 3, 8, 8), np.float32)
    wanted[..., 0::2, 0::2] = here
    wanted[..., 0::2, 1::2] = (here + right) / 2
    wanted[..., 1::2, 0::2] = (here + below) / 2
    wanted[..., 1::2, 1::2] = (here + right + below + across) / 4
    np.testing.assert_allclose(Upsample()(maps), wanted, rtol=0, atol=1e-6)


def test_downsampling_is_upsampling_transposed() -> None:
    """⟨up(a), b⟩ = 4 ⟨a, down(b)⟩ for all maps, and inside a constant map nothing changes."""
    small, large = torch.randn(2, 3, 4, 4).double(), torch.randn(2, 3, 8, 8).double()
    up, down = Upsample().double()(small), Downsample().double()(large)
    assert (up * large).sum().item() == pytest.approx(4 * (small * down).sum().item(), rel=1e-12)
    assert torch.equal(Downsample()(torch.ones(1, 1, 8, 8))[..., 1:, 1:], torch.ones(1, 1, 3, 3))


@pytest.mark.parametrize("knobs", [{"width": 3}, {"max_width": 90}, {"group": 5}])
def test_widths_that_make_no_whole_groups_are_refused(knobs: dict[str, int]) -> None:
    """Grouped convolutions need channels that their groups divide."""
    with pytest.raises(ValueError, match=r"must have (max_)?width × expansion in whole groups"):
        R3gan(**knobs)


def test_a_residual_block_without_its_residual_is_its_shortcut() -> None:
    """What holds in SNGAN's blocks, which do not begin as the identity: with the last convolution at zero the shortcut is left.

    In the block that keeps side and width it is the identity; elsewhere the paper's 1 × 1 convolution, after the doubling or
    before the halving, though it is computed where it costs a quarter.
    """
    keeps, halves, up = Down(8, 8, relu, _as_it_is, halves=False), Down(8, 12, relu, _as_it_is), Up(12, 8)
    for block in (keeps, halves, up):
        nn.init.zeros_(block.second.weight)
    for block in (keeps, halves):
        nn.init.zeros_(block.second.bias)
    maps, wide = torch.randn(2, 8, 8, 8), torch.randn(2, 12, 4, 4)
    assert torch.equal(keeps(maps), maps)
    torch.testing.assert_close(halves(maps), avg_pool2d(halves.shortcut(maps), 2))
    torch.testing.assert_close(up(wide), up.shortcut(interpolate(wide, scale_factor=2)))


@pytest.mark.parametrize("kind", [ConvAfterDoubling, ConvBeforeHalving])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (4, 6), (8, 8)])
def test_a_joined_convolution_is_the_plain_one(
    kind: type[ConvAfterDoubling | ConvBeforeHalving], height: int, width: int
) -> None:
    """Outputs, and gradients of maps, weights and biases, to rounding in float64; edges are where a mistake would show."""
    joined = kind(3, 5).double()
    plain = copy.deepcopy(joined)
    compute_plainly(nn.Sequential(plain), True)
    maps = torch.randn(2, 3, height, width).double()
    found = []
    for module in (joined, plain):
        inputs = maps.clone().requires_grad_()
        outputs = module(inputs)
        outputs.square().sum().backward()
        found.append([outputs.detach(), inputs.grad, module.weight.grad, module.bias.grad])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)
    assert outputs.shape[2:] == ((2 * height, 2 * width) if kind is ConvAfterDoubling else (height // 2, width // 2))


@pytest.mark.parametrize("part", PARTS)
def test_networks_are_the_same_computed_plainly(part: str) -> None:
    """The residual pair, spectral norm and batch norm included: nothing but rounding tells the two apart."""
    module, inputs = PARTS[part](SMALL["resnet"])
    module = _exercised(module, inputs).double().eval()
    joined = module(inputs.double())
    compute_plainly(module, True)
    torch.testing.assert_close(module(inputs.double()), joined, rtol=1e-11, atol=1e-12)
    assert any(getattr(layer, "plain", False) for layer in module.modules())


def test_the_residual_discriminator_of_the_paper_for_cifar() -> None:
    """128 channels throughout, 32 → 16 → 8, two blocks there, counted by hand from the published layers; G has 256."""
    network = Resnet(width=256, max_width=256, d_width=128, d_max_width=128, smallest=8, flat=2)
    opening = 3 * 128 * 9 + 128 + 128 * 128 * 9 + 128 + 3 * 128
    block, shortcut = 2 * (128 * 128 * 9 + 128), 128 * 128
    with torch.device("meta"):
        discriminator, generator = network.discriminator(32, 3), network.generator(32, 3)
    assert _count(discriminator) == opening + 3 * block + shortcut + 128 + 1
    assert [block.halves for block in discriminator.blocks] == [True, True, False, False]
    assert _count(generator) == (128 + 1) * 4096 + 3 * (2 * 256 * 256 * 9 + 256 * 256 + 4 * 256) + 2 * 256 + 256 * 3 * 9 + 3


def test_a_wide_discriminator_goes_down_to_2() -> None:
    """With `smallest: 2, flat: 0` at 64 pixels: five blocks, 64 to 1024 channels, as mimicry has them."""
    with torch.device("meta"):
        discriminator = Resnet(width=64, max_width=1024, smallest=2, flat=0).discriminator(64, 3)
        assert discriminator.blocks(torch.empty(1, 3, 64, 64)).shape == (1, 1024, 2, 2)
    assert [block.second.out_channels for block in discriminator.blocks] == [64, 128, 256, 512, 1024]


def test_spectral_norm_holds_every_layer_at_one() -> None:
    """After many passes the largest singular value of every layer of D is 1, by a decomposition; without the norm it is not.

    The gap-free bound of the power method (Kuczyński & Woźniakowski 1992): after k steps on n × n its value of σ² is short by
    0.871 ln n / (k - 1) of itself on average, here 2.0 % with n = 144 and k = 215, so σ by 1.0 %; twice that is allowed.
    """
    discriminator = SMALL["resnet"].discriminator(SIZE, CHANNELS)
    layers = [layer for layer in discriminator.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    nn.init.normal_(layers[-1].parametrizations.weight.original, std=3)  # the estimates must follow where training takes them
    with torch.no_grad():
        for _ in range(200):
            discriminator(_pictures(1))
    largest = torch.stack([_largest(layer.eval().weight) for layer in layers])
    assert len(layers) == 3 + 3 + 2 + 1
    assert largest.min() > 1 - 1e-5  # the estimate is never above the truth
    assert largest.max() < 1.02
    assert max(_largest(layer.parametrizations.weight.original) for layer in layers) > 1.5


def test_a_normed_discriminator_is_as_steep_however_large_its_weights() -> None:
    """Weights ten times as large change no score, which is what bounds the slope."""
    discriminator, pictures = SMALL["resnet"].discriminator(SIZE, CHANNELS).eval(), _pictures(3)
    before = discriminator(pictures)
    with torch.no_grad():
        for name, parameter in discriminator.named_parameters():
            parameter.mul_(10 if name.endswith("original") else 1)
    torch.testing.assert_close(discriminator(pictures), before, rtol=1e-4, atol=1e-5)


def _pictures(number: int) -> Tensor:
    return 2 * torch.rand(number, CHANNELS, SIZE, SIZE) - 1


def _exercised(module: nn.Module, inputs: Tensor) -> nn.Module:
    """The module, moved off its first weights and estimates as a few steps of training would."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for _ in range(3):
            module.train()(inputs)
    return module


def _has_batch_norm(module: nn.Module) -> bool:
    return any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in module.modules())


def _curvature(module: nn.Module, step: float = 1e-3) -> tuple[Tensor, Tensor]:
    """Along a line through pictures: differences of the slope, and the second derivative at the same points."""
    module = _exercised(module, _pictures(2)).double()
    places = torch.linspace(-1, 1, 9).double()
    start, way = _pictures(1).double(), _pictures(1).double()
    mix = torch.randn(module(start).shape[1]).double()

    def slope(places: Tensor) -> Tensor:
        values = module(start + places[:, None, None, None] * way) @ mix
        return torch.autograd.grad(values.sum(), places, create_graph=True)[0]

    ahead, behind = (slope((places + sign * step).requires_grad_()) for sign in (1, -1))
    here = places.requires_grad_()
    (bends,) = torch.autograd.grad(slope(here).sum(), here)
    return ((ahead - behind) / (2 * step)).detach(), bends


def _idle(module: nn.Module, inputs: Tensor) -> set[str]:
    """The names of the parameters that one backward pass in training leaves without a gradient, but for rounding."""
    module.double().zero_grad()
    outputs = module(inputs.double())
    (outputs * torch.randn_like(outputs)).sum().backward()
    norms = {name: math.inf if each.grad is None else each.grad.norm().item() for name, each in module.named_parameters()}
    assert math.inf not in norms.values()
    return {name for name, norm in norms.items() if norm <= 1e-12 * max(norms.values())}


def _idle_by_design(network: str, name: str) -> bool:
    if network == "infogan":
        return name in ("flat.0.bias", "flat.3.bias", "maps.1.bias", "layers.2.bias", "layers.6.bias")
    return network == "r3gan" and (".residual.0." in name or ".residual.2." in name)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _largest(weight: Tensor) -> Tensor:
    return torch.linalg.svdvals(weight.detach().flatten(1)).max()


def _as_it_is(layer: nn.Module) -> nn.Module:
    return layer
