"""What a training costs beside its pictures: the numbers that it has to learn."""

import torch
from torch import nn

from ganlib.methods.base import Learner, Setting
from ganlib.pictures.store import Store
from ganlib.training.config import TrainConfig


def parameters(config: TrainConfig, store: Store) -> tuple[int, int]:
    """How many numbers are learnt: in the generator that draws, and in all that is trained (averages are not learnt)."""
    setting = Setting(store.size, store.channels, len(store.train), torch.device("cpu"), torch.float32)
    learner: Learner = config.method.learner(setting)
    modules = [part for part in learner.parts().values() if isinstance(part, nn.Module)]
    learnt = {id(weight): weight.numel() for module in modules for weight in module.parameters() if weight.requires_grad}
    generator = config.method.generator(store.size, store.channels)
    return sum(weight.numel() for weight in generator.parameters()), sum(learnt.values())
