"""Backbones of attention over images, and over what images are made of."""

import keras
from keras_hub import layers, models
from keras_hub.src.models.stable_diffusion_3.mmdit import MMDiT

from tests.hub.backbones.backbone import IMAGE, LARGE_IMAGE, ON_TENSORFLOW, PATCHES, Backbone


def vit() -> keras.Model:
    return models.ViTBackbone(image_shape=IMAGE, patch_size=16, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=64)


def mit() -> keras.Model:
    return models.MiTBackbone(
        layerwise_depths=[1, 2, 1, 1],
        num_layers=4,
        layerwise_num_heads=[1, 2, 2, 4],
        layerwise_sr_ratios=[8, 4, 2, 1],
        max_drop_path_rate=0.1,
        layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
        hidden_dims=[8, 16, 24, 32],
        image_shape=IMAGE,
    )


def swin() -> keras.Model:
    return models.SwinTransformerBackbone(
        image_shape=IMAGE, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4
    )


def vit_det() -> keras.Model:
    return models.ViTDetBackbone(
        hidden_size=16,
        num_layers=3,
        intermediate_dim=64,
        num_heads=4,
        global_attention_layer_indices=[2],
        patch_size=16,
        num_output_channels=16,
        window_size=3,
        image_shape=LARGE_IMAGE,
    )


def sam() -> keras.Model:
    return models.SAMBackbone(
        image_encoder=vit_det(),
        prompt_encoder=layers.SAMPromptEncoder(
            hidden_size=16, image_embedding_size=(8, 8), input_image_size=(128, 128), mask_in_channels=16
        ),
        mask_decoder=layers.SAMMaskDecoder(
            num_layers=2,
            hidden_size=16,
            intermediate_dim=32,
            num_heads=2,
            embedding_dim=16,
            num_multimask_outputs=3,
            iou_head_depth=3,
            iou_head_hidden_dim=8,
        ),
    )


def diffusion_transformer() -> keras.Model:
    return MMDiT(
        patch_size=2,
        hidden_dim=32,
        num_layers=2,
        num_heads=2,
        position_size=16,
        latent_shape=(8, 8, 16),
        context_shape=(20, 24),
        pooled_projection_shape=(28,),
        qk_norm="rms_norm",
        dual_attention_indices=(0,),
    )


def flux() -> keras.Model:
    return models.FluxBackbone(
        input_channels=16,
        hidden_size=32,
        mlp_ratio=2.0,
        num_heads=2,
        depth=2,
        depth_single_blocks=2,
        axes_dim=[4, 6, 6],
        theta=10_000,
        use_bias=True,
        guidance_embed=True,
        image_shape=(12, 16),
        text_shape=(10, 24),
        image_ids_shape=(12, 3),
        text_ids_shape=(10, 3),
        y_shape=(20,),
    )


VISION_TRANSFORMERS: dict[str, Backbone] = {
    "ViT": Backbone(vit, IMAGE),
    "DeiT": Backbone(lambda: models.DeiTBackbone(**PATCHES), IMAGE),
    "DINOv2": Backbone(lambda: models.DINOV2Backbone(position_embedding_shape=(64, 64), **PATCHES), {"images": IMAGE}),
    "DINOv3": Backbone(lambda: models.DINOV3Backbone(**PATCHES), {"pixel_values": IMAGE}),
    "MiT": Backbone(mit, IMAGE),
    "SegFormer": Backbone(
        lambda: models.SegFormerBackbone(image_encoder=mit(), projection_filters=16), IMAGE, runs_on=ON_TENSORFLOW
    ),
    "Swin": Backbone(swin, IMAGE),
    "ViTDet": Backbone(vit_det, LARGE_IMAGE, runs_on=ON_TENSORFLOW),
    "SAM": Backbone(
        sam,
        {"images": LARGE_IMAGE, "points": (2, 2), "labels": (2,), "boxes": (1, 2, 2), "masks": (1, 32, 32, 1)},
        runs_on=ON_TENSORFLOW,
    ),
    "Stable Diffusion 3": Backbone(
        diffusion_transformer, {"latent": (8, 8, 16), "context": (20, 24), "pooled_projection": (28,), "timestep": (1,)}
    ),
    "Flux": Backbone(
        flux,
        {
            "image": (12, 16),
            "image_ids": (12, 3),
            "text": (10, 24),
            "text_ids": (10, 3),
            "y": (20,),
            "timesteps": (),
            "guidance": (),
        },
    ),
}
