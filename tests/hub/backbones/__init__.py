"""Backbones of keras-hub, each from a small plain configuration: name -> how to build it, and what it is fed."""

from tests.hub.backbones.backbone import Backbone
from tests.hub.backbones.convolutional import CONVOLUTIONAL
from tests.hub.backbones.several import SEVERAL
from tests.hub.backbones.texts import TEXTS
from tests.hub.backbones.vision_transformers import VISION_TRANSFORMERS

__all__ = ["BACKBONES"]

BACKBONES: dict[str, Backbone] = CONVOLUTIONAL | VISION_TRANSFORMERS | TEXTS | SEVERAL
