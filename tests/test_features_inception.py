"""The Inception graph of 2015 against a second reading of it, and its file of weights."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganlib.errors import AtelierError
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import inception, load_extractor
from ganlib.metrics.features import extract


@pytest.fixture(scope="module")
def weights():
    """Random weights under the official names, as an old file has them: without the counters of newer batch norms."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, tensor in inception.Inception().state_dict().items():
        if name.endswith("conv.weight"):
            state[name] = torch.randn(tensor.shape, generator=generator) * (2 / tensor[0].numel()) ** 0.5
        elif name.endswith(("running_var", "bn.weight")):
            state[name] = torch.rand(tensor.shape, generator=generator) + 0.5
        elif not name.endswith("num_batches_tracked"):
            state[name] = 0.1 * torch.randn(tensor.shape, generator=generator)
    return state


class Reference:
    """The graph written out step by step, on the names of the file, with unfolded norms."""

    def __init__(self, weights):
        self.weights = weights
        self.outputs = {}

    @property
    def shapes(self):
        return {name: tuple(x.shape[1:]) for name, x in self.outputs.items()}

    def unit(self, x, name, stride=1, padding=(0, 0)):
        w = self.weights
        x = F.conv2d(x, w[f"{name}.conv.weight"], None, stride, padding)
        norm = [w[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *norm, eps=1e-3).relu()

    def walk(self, x, block, *steps):
        for name, padding in steps:
            x = self.unit(x, f"{block}.{name}", padding=padding)
        return x

    def forward(self, x):
        x = self.unit(self.unit(x, "Conv2d_1a_3x3", 2), "Conv2d_2a_3x3")
        x = F.max_pool2d(self.unit(x, "Conv2d_2b_3x3", 1, (1, 1)), 3, 2)
        x = F.max_pool2d(self.unit(self.unit(x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3"), 3, 2)
        for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = {"5": self.five, "6": self.six}[name[6]](x, name)
            self.outputs[name] = x
        for name, pool in (("Mixed_7a", None), ("Mixed_7b", "average"), ("Mixed_7c", "maximum")):
            x = self.seven(x, name, pool)
            self.outputs[name] = x
        return F.adaptive_avg_pool2d(x, 1).flatten(1)

    def average(self, x):
        """The average over those of nine neighbours that lie within the picture."""
        counts = F.avg_pool2d(torch.ones_like(x), 3, 1, 1)
        return F.avg_pool2d(x, 3, 1, 1) / counts

    def five(self, x, b):
        one, three, five = (0, 0), (1, 1), (2, 2)
        return torch.cat(
            [
                self.walk(x, b, ("branch1x1", one)),
                self.walk(x, b, ("branch5x5_1", one), ("branch5x5_2", five)),
                self.walk(x, b, ("branch3x3dbl_1", one), ("branch3x3dbl_2", three), ("branch3x3dbl_3", three)),
                self.walk(self.average(x), b, ("branch_pool", one)),
            ],
            1,
        )

    def six(self, x, b):
        one, row, column = (0, 0), (0, 3), (3, 0)
        if b == "Mixed_6a":
            double = self.walk(x, b, ("branch3x3dbl_1", one), ("branch3x3dbl_2", (1, 1)))
            return torch.cat(
                [self.unit(x, f"{b}.branch3x3", 2), self.unit(double, f"{b}.branch3x3dbl_3", 2), F.max_pool2d(x, 3, 2)], 1
            )
        return torch.cat(
            [
                self.walk(x, b, ("branch1x1", one)),
                self.walk(x, b, ("branch7x7_1", one), ("branch7x7_2", row), ("branch7x7_3", column)),
                self.walk(x, b, *((f"branch7x7dbl_{i}", p) for i, p in enumerate((one, column, row, column, row), 1))),
                self.walk(self.average(x), b, ("branch_pool", one)),
            ],
            1,
        )

    def seven(self, x, b, pool):
        one = (0, 0)
        if b == "Mixed_7a":
            three = self.unit(self.unit(x, f"{b}.branch3x3_1"), f"{b}.branch3x3_2", 2)
            seven = self.walk(x, b, ("branch7x7x3_1", one), ("branch7x7x3_2", (0, 3)), ("branch7x7x3_3", (3, 0)))
            return torch.cat([three, self.unit(seven, f"{b}.branch7x7x3_4", 2), F.max_pool2d(x, 3, 2)], 1)
        three = self.unit(x, f"{b}.branch3x3_1")
        double = self.walk(x, b, ("branch3x3dbl_1", one), ("branch3x3dbl_2", (1, 1)))
        pooled = self.average(x) if pool == "average" else F.max_pool2d(x, 3, 1, 1)
        return torch.cat(
            [
                self.unit(x, f"{b}.branch1x1"),
                self.unit(three, f"{b}.branch3x3_2a", padding=(0, 1)),
                self.unit(three, f"{b}.branch3x3_2b", padding=(1, 0)),
                self.unit(double, f"{b}.branch3x3dbl_3a", padding=(0, 1)),
                self.unit(double, f"{b}.branch3x3dbl_3b", padding=(1, 0)),
                self.unit(pooled, f"{b}.branch_pool"),
            ],
            1,
        )


def test_it_computes_what_a_second_reading_of_the_graph_computes(weights):
    """With random weights, on pictures that are resized and normalised point by point here; every block has its known shape."""
    pictures = np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3), np.uint8)
    reference = Reference(weights)
    with torch.inference_mode():
        expected = reference.forward((torch.from_numpy(pictures).permute(0, 3, 1, 2).double() - 128).div(128).float())
    found = extract(pictures, inception.build("0" * 64, weights))
    assert found.shape == (2, 2048)
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3 * float(expected.abs().mean()))
    assert list(reference.shapes.values()) == [
        *[(256, 35, 35), (288, 35, 35), (288, 35, 35)],
        *[(768, 17, 17)] * 5,
        *[(1280, 8, 8), (2048, 8, 8), (2048, 8, 8)],
    ]


@pytest.fixture(scope="module")
def walked(weights):
    """What every layer of the network puts out in float64, by name, with norms as they are in the file; and the reference."""
    network = inception.Inception().double().eval()
    network.load_state_dict(weights)
    outputs = {}
    for name, module in network.named_children():
        module.register_forward_hook(lambda _, inputs, output, name=name: outputs.update({name: output}))
    dice = np.random.default_rng(1)
    picture = torch.from_numpy(dice.uniform(-1, 1, (1, 3, 299, 299)))
    reference = Reference({name: tensor.double() for name, tensor in weights.items()})
    with torch.inference_mode():
        outputs["features"], reference.outputs["features"] = network(picture), reference.forward(picture)
    return outputs, reference.outputs


def test_every_block_agrees_with_the_second_reading_to_float64s_rounding(walked):
    """So that no difference is small enough to hide behind float32's: from 5b to the pooled features."""
    found, expected = walked
    assert len(expected) == 12
    for name, output in expected.items():
        torch.testing.assert_close(found[name], output, rtol=1e-9, atol=1e-9 * float(output.abs().mean()), msg=name)


def test_every_layer_has_its_published_shape(walked):
    """Channels, height and width for a picture of 299 pixels (Szegedy et al. 2016, table 1)."""
    found, _ = walked
    stem = {
        "Conv2d_1a_3x3": (32, 149, 149),
        "Conv2d_2a_3x3": (32, 147, 147),
        "Conv2d_2b_3x3": (64, 147, 147),
        "Conv2d_3b_1x1": (80, 73, 73),
        "Conv2d_4a_3x3": (192, 71, 71),
    }
    early = dict.fromkeys(("Mixed_5c", "Mixed_5d"), (288, 35, 35))
    middle = dict.fromkeys((f"Mixed_6{letter}" for letter in "abcde"), (768, 17, 17))
    late = {"Mixed_7a": (1280, 8, 8), "Mixed_7b": (2048, 8, 8), "Mixed_7c": (2048, 8, 8), "features": (2048,)}
    shapes = {name: tuple(output.shape[1:]) for name, output in found.items()}
    assert shapes == {**stem, "Mixed_5b": (256, 35, 35), **early, **middle, **late}


def test_it_has_as_many_weights_as_are_published():
    """94 convolutions of 21,751,136 weights, norms of 17,216 channels; the file's last layer tells 1,008 classes."""
    state = inception.Inception().state_dict()
    kernels = [tensor for name, tensor in state.items() if name.endswith("conv.weight")]
    assert (len(kernels), sum(kernel.numel() for kernel in kernels)) == (94, 21_751_136)
    assert sum(tensor.numel() for name, tensor in state.items() if name.endswith("bn.bias")) == 17_216
    assert tuple(state["fc.weight"].shape) == (1008, 2048)


def test_the_file_of_weights_is_loaded_when_its_digest_is_right(weights, monkeypatch, tmp_path):
    """The digest found stands in the extractor, for the fingerprint."""
    path = tmp_path / "inception.pth"
    torch.save(weights, path)
    monkeypatch.setattr(inception, "SHA256", "")
    extractor = load_extractor(EvaluateConfig("inception", weights=str(path)))
    assert (extractor.name, extractor.size, extractor.dimension) == ("inception", 299, 2048)
    assert len(extractor.weights) == 64


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_weights_of_another_graph_are_refused(weights, change):
    """Every name must be there, and none besides."""
    state = dict(weights)
    if change == "missing":
        del state["Mixed_7c.branch_pool.conv.weight"]
    else:
        state["AuxLogits.conv0.conv.weight"] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=r"(Missing|Unexpected) key"):
        inception.build("0" * 64, state)


def test_a_file_with_another_digest_is_refused(tmp_path):
    """What was expected, what was found, what to do."""
    path = tmp_path / "other.pth"
    path.write_bytes(b"other weights")
    with pytest.raises(AtelierError, match=r"other.pth: expected weights with sha256 6726825d…, found [0-9a-f]{64}.*lite0"):
        load_extractor(EvaluateConfig("inception", weights=str(path)))


def test_no_file_is_an_error_that_says_where_to_get_it(tmp_path):
    """Neither a missing file nor a missing knob is a traceback."""
    with pytest.raises(AtelierError, match=r"nowhere.pth: expected a file .*mseitzer/pytorch-fid"):
        load_extractor(EvaluateConfig("inception", weights=str(tmp_path / "nowhere.pth")))
    with pytest.raises(AtelierError, match=r"evaluate.weights, found none.*mseitzer/pytorch-fid"):
        load_extractor(EvaluateConfig("inception"))
