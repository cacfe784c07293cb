"""What Langevin walks begin with: noise, or blurred pictures from a Gaussian that is fitted to the data's."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from ganlib.methods.moments import Moments
from ganlib.methods.priors import FittedCodes, UniformCodes

Kind = Literal["blurred", "noise"]

_COARSE = 8  # the side in pixels of the pictures that blurred ones are enlarged from


class Start(nn.Module):
    """Standard normal codes, of which it takes the first `numbers`, to pictures [N, channels, size, size] in [-1, 1].

    `noise` is uniform. `blurred` is standard normal noise, too, until it has been fitted.
    """

    def __init__(self, kind: Kind, size: int, channels: int) -> None:
        super().__init__()
        self.fits = kind == "blurred"
        self.side = min(_COARSE, size) if self.fits else size
        self.numbers = channels * self.side**2
        shape = (channels, self.side, self.side)
        self.map = FittedCodes(Enlarged(shape, size), self.numbers) if self.fits else UniformCodes(nn.Unflatten(1, shape))

    def forward(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.map(codes[:, : self.numbers])
        return pictures

    def coarse(self, pictures: Tensor) -> Tensor:
        """What pictures [N, channels, size, size] are to a blurred start: [N, numbers]."""
        return adaptive_avg_pool2d(pictures, self.side).flatten(1)

    def fit(self, moments: Moments) -> None:
        """Let a blurred start be like coarse pictures of these moments; noise stays as it is."""
        if isinstance(self.map, FittedCodes):
            self.map.fit(moments.mean, moments.covariance())


class Enlarged(nn.Module):
    """The numbers [N, C · side²] of coarse pictures to smooth ones [N, C, size, size], cut off at -1 and 1."""

    def __init__(self, shape: tuple[int, int, int], size: int) -> None:
        super().__init__()
        self.shape, self.size = shape, size

    def forward(self, numbers: Tensor) -> Tensor:
        return interpolate(numbers.reshape(-1, *self.shape), size=(self.size, self.size), mode="bilinear").clamp(-1, 1)
