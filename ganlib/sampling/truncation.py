"""Truncation: nearer to the middle of the codes, where pictures are more alike and more often well drawn."""

from torch import Tensor

from ganlib.conditions.conditions import Conditions
from ganlib.sampling.bounds import within
from ganlib.sampling.space import joined, parted


def truncated(codes: Tensor, psi: float, conditions: Conditions | None = None) -> Tensor:
    """Codes [..., latent] with their free numbers times ψ, from 0 (one picture for all) to 1 (as they are); what they ask for
    stays (Karras et al. 2019, appendix B, with the mean code 0). Raises `AtelierError` for another ψ."""
    free, asking = parted(codes, conditions)
    return joined(within("truncation", psi, 0, 1) * free, asking)
