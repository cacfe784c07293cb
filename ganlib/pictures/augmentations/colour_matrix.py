"""Colour as ADA has it (Karras et al. 2020, appendix B, colour transformations): one affine map of each picture's colours.

The paper multiplies five matrices. They all map the luma axis v (the greys) to itself and the plane of chroma beside it to
itself, so that their product is written down at once: y = M (x + b), with

    M = c (±v vᵀ + s (cos θ (I - v vᵀ) + sin θ [v]×)),

brightness b, contrast c, luma inverted or not, saturation s, hue turned by θ.
"""

import math

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import normal, uniform

_BRIGHTNESS = 0.2  # standard deviation of b
_CONTRAST = 0.5 * math.log(2)  # standard deviation of log c
_SATURATION = math.log(2)  # standard deviation of log s


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each of the five with probability `strength`, for itself (luma is inverted in half of these, hue turned by any angle).

    Hue needs three channels and saturation two: they do nothing to grey pictures. Values may leave [-1, 1]. At strength 1 it
    leaks what hue a picture has, and whether it is a negative.
    """
    *gates, side, turn = uniform(7, pictures, dice)
    bright, contrasted, inverted, turned, saturated = (gate < strength for gate in gates)
    brightness, contrast, saturation = normal(3, pictures, dice)
    c = torch.exp(_CONTRAST * contrast * contrasted)
    s = torch.exp(_SATURATION * saturation * saturated)
    sign = torch.where(inverted & (side < 0.5), -1.0, 1.0).to(pictures)
    angle = 2 * math.pi * (turn - 0.5) * turned
    changed = _mapped(pictures + _BRIGHTNESS * brightness * bright, _matrix(c, sign, s, angle, pictures.shape[1]))
    touched = bright | contrasted | inverted | turned | saturated
    return changed.where(touched, pictures)


def _matrix(contrast: Tensor, sign: Tensor, saturation: Tensor, angle: Tensor, channels: int) -> Tensor:
    """The matrices M [N, C, C] of numbers [N, 1, 1, 1]; with other than three channels there is no hue to turn."""
    contrast, sign, saturation, angle = (numbers.view(-1, 1, 1) for numbers in (contrast, sign, saturation, angle))
    luma = contrast.new_full((channels, channels), 1 / channels)
    chroma = torch.eye(channels, dtype=luma.dtype, device=luma.device) - luma
    if channels == 3:
        turned = torch.eye(3, dtype=luma.dtype, device=luma.device).roll(1, 0)
        across = (turned - turned.T) / math.sqrt(3)  # made where it is: numbers from here would have to be waited for
        chroma = torch.cos(angle) * chroma + torch.sin(angle) * across
    return contrast * (sign * luma + saturation * chroma)


def _mapped(pictures: Tensor, matrices: Tensor) -> Tensor:
    """Every pixel's colour times its picture's matrix."""
    return torch.einsum("nij,njhw->nihw", matrices, pictures)
