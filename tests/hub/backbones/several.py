"""Backbones that read text beside sound or images."""

import keras
from keras_hub import models

from tests.hub.backbones.backbone import (
    DECODER,
    ENCODER,
    IMAGE,
    ON_TENSORFLOW,
    PATCHES,
    TEXT,
    TOKENS,
    TRANSLATION,
    Backbone,
)


def whisper() -> keras.Model:
    return models.WhisperBackbone(
        num_mels=20, max_encoder_sequence_length=64, max_decoder_sequence_length=32, **ENCODER
    )


def clip() -> keras.Model:
    return models.CLIPBackbone(
        vision_encoder=models.CLIPVisionEncoder(**PATCHES),
        text_encoder=models.CLIPTextEncoder(embedding_dim=32, **ENCODER),
        projection_dim=24,
    )


def pali_gemma() -> keras.Model:
    return models.PaliGemmaBackbone(
        image_size=64,
        head_dim=8,
        vit_patch_size=16,
        vit_num_heads=4,
        vit_hidden_dim=32,
        vit_num_layers=2,
        vit_intermediate_dim=64,
        **DECODER,
    )


SEVERAL: dict[str, Backbone] = {
    "Whisper": Backbone(whisper, {"encoder_features": (64, 20)} | TRANSLATION),
    "CLIP": Backbone(clip, {"images": IMAGE} | TOKENS, runs_on=ON_TENSORFLOW),
    "PaliGemma": Backbone(pali_gemma, {"images": IMAGE} | TEXT | {"response_mask": (24,)}),
}
