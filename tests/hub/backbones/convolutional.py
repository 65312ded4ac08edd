"""Backbones of convolutions."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras_hub import models
from keras_hub.src.models.vae.vae_backbone import VAEBackbone

from tests.hub.backbones.backbone import IMAGE, LARGE_IMAGE, ON_TENSORFLOW, Backbone, Shape


def resnet(
    block: str,
    filters: Sequence[int] = (64, 24, 32),
    repeats: Sequence[int] = (2, 2, 1),
    stem: Sequence[int] = (16,),
    stem_kernel: int = 7,
    image_shape: Shape = IMAGE,
    **more: Any,
) -> Callable[[], keras.Model]:
    """Stages of blocks, each but the first of stride 2."""
    return lambda: models.ResNetBackbone(
        input_conv_filters=list(stem),
        input_conv_kernel_sizes=[stem_kernel] * len(stem),
        stackwise_num_filters=list(filters),
        stackwise_num_blocks=list(repeats),
        stackwise_num_strides=[1, *[2] * (len(filters) - 1)],
        block_type=block,
        image_shape=image_shape,
        **more,
    )


def csp(block: str, stage: str, **more: Any) -> Callable[[], keras.Model]:
    return lambda: models.CSPNetBackbone(
        stem_filters=8,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_depth=[1, 2, 2],
        stackwise_strides=[1, 2, 2],
        stackwise_num_filters=[16, 24, 32],
        block_type=block,
        stage_type=stage,
        image_shape=IMAGE,
        **more,
    )


def mobilenet() -> keras.Model:
    return models.MobileNetBackbone(
        stackwise_expansion=[[16, 24], [40, 56]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[16, 16], [24, 24]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=64,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        last_layer_filter=32,
        squeeze_and_excite=0.5,
        image_shape=IMAGE,
    )


def efficientnet() -> keras.Model:
    return models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 4,
        stackwise_depth_coefficients=[1.0] * 4,
        stackwise_kernel_sizes=[3, 3, 5, 3],
        stackwise_num_repeats=[1, 2, 2, 1],
        stackwise_input_filters=[16, 16, 24, 32],
        stackwise_output_filters=[16, 24, 32, 48],
        stackwise_expansion_ratios=[1, 4, 4, 6],
        stackwise_squeeze_and_excite_ratios=[0.0, 0.25, 0.25, 0.25],
        stackwise_strides=[1, 2, 2, 2],
        stackwise_block_types=["fused", "fused", "unfused", "unfused"],
        stackwise_force_input_filters=[0] * 4,
        stackwise_nores_option=[False] * 4,
        num_features=64,
        input_shape=IMAGE,
    )


def xception() -> keras.Model:
    return models.XceptionBackbone(
        stackwise_conv_filters=[[8, 16], [16, 32], [32, 32]],
        stackwise_pooling=[True, True, False],
        image_shape=IMAGE,
    )


def hgnet() -> keras.Model:
    return models.HGNetV2Backbone(
        depths=[1, 2],
        embedding_size=8,
        hidden_sizes=[16, 32],
        stem_channels=[3, 8, 8],
        hidden_act="relu",
        use_learnable_affine_block=True,
        stackwise_stage_filters=[(8, 8, 16, 1, 2, 3), (16, 8, 32, 2, 2, 5)],
        apply_downsample=[False, True],
        use_lightweight_conv_block=[False, True],
        image_shape=IMAGE,
    )


def retina_net() -> keras.Model:
    encoder = resnet("bottleneck_block", (64, 16, 24, 32), (1, 1, 1, 1), image_shape=LARGE_IMAGE)
    return models.RetinaNetBackbone(
        image_encoder=encoder(), min_level=3, max_level=6, use_p5=True, image_shape=LARGE_IMAGE
    )


def deep_lab() -> keras.Model:
    return models.DeepLabV3Backbone(
        image_encoder=resnet("bottleneck_block")(),
        projection_filters=8,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        upsampling_size=4,
        dilation_rates=[2, 4],
        image_shape=IMAGE,
    )


def vae() -> keras.Model:
    return VAEBackbone(
        encoder_num_filters=[32, 32, 64, 64],
        encoder_num_blocks=[1, 1, 2, 1],
        decoder_num_filters=[64, 64, 32, 32],
        decoder_num_blocks=[1, 2, 1, 1],
    )


CONVOLUTIONAL: dict[str, Backbone] = {
    "ResNet": Backbone(resnet("bottleneck_block"), IMAGE),
    "ResNet, basic": Backbone(resnet("basic_block", stem=(64,), use_pre_activation=True), IMAGE),
    "ResNet-vd": Backbone(resnet("bottleneck_block_vd", (64, 24), (2, 2), stem=(8, 8, 16), stem_kernel=3), IMAGE),
    "CSPDarkNet": Backbone(csp("dark_block", "dark"), IMAGE),
    "CSPNet, cross stage": Backbone(
        csp("bottleneck_block", "csp", bottle_ratio=[0.5], block_ratio=[1.0], expand_ratio=[2.0]), IMAGE
    ),
    "EfficientNet": Backbone(efficientnet, IMAGE),
    "DenseNet": Backbone(lambda: models.DenseNetBackbone([2, 2, 2], image_shape=IMAGE, growth_rate=8), IMAGE),
    "VGG": Backbone(lambda: models.VGGBackbone([1, 2, 2], [8, 16, 16], image_shape=IMAGE), IMAGE),
    "Xception": Backbone(xception, IMAGE),
    "MobileNet": Backbone(mobilenet, IMAGE),
    "HGNetV2": Backbone(hgnet, IMAGE),
    "RetinaNet": Backbone(retina_net, LARGE_IMAGE),
    "DeepLabV3": Backbone(deep_lab, IMAGE, runs_on=ON_TENSORFLOW),
    "VAE": Backbone(vae, IMAGE),
}
