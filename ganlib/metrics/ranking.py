"""Which generated pictures are the most like real ones, and which the least."""

import torch
from torch import Tensor

from ganlib.metrics.balls import balls_around
from ganlib.metrics.distances import squared_distances
from ganlib.metrics.moments import Features, double
from ganlib.metrics.parallel import parallel

BLOCK = 512


def ranking(generated: Features, real: Features, neighbours: int = 5) -> list[int]:
    """The rows of [N, D] generated features, the one that lies in most balls of [M, D] real ones first (its density).

    Those in as many, none for instance, are ordered by how far inside or outside of the nearest ball they are, in its radii.
    """
    centre = double(real).mean(dim=0)  # distances from afar lose digits
    whole = torch.zeros(1, len(real), dtype=torch.bool)
    true = balls_around(double(real) - centre, whole, neighbours, BLOCK)
    radii = true.radii[0]

    def place(rows: Tensor) -> Tensor:
        distances = squared_distances(rows, true.centres)
        outside = (distances / radii.clamp(min=torch.finfo(distances.dtype).tiny)).amin(dim=1)
        return torch.stack([-(distances <= radii).sum(dim=1).double(), outside], dim=1)

    places = torch.cat(list(parallel(place, torch.split(double(generated) - centre, BLOCK)))).tolist()
    return sorted(range(len(places)), key=lambda row: (*places[row], row))
