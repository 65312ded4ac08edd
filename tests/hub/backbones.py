"""Backbones of keras-hub, each from a small plain configuration: name -> how to build it, and what it is fed."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
from keras_hub import layers, models
from keras_hub.src.models.stable_diffusion_3.mmdit import MMDiT
from keras_hub.src.models.vae.vae_backbone import VAEBackbone

Shape = tuple[int, ...]
Shapes = Shape | Mapping[str, Shape]


class Backbone(NamedTuple):
    """A backbone, and what the tests have to know of it beforehand.

    Attributes:
        build: makes the model.
        shapes: the shape of one sample of each of its inputs.
        unknown: rows of these types have no count: it depends on a method or on values, or they cannot be followed.
        runs_on: backends where it can be compared: it is all `keras.ops` there, and no map is resized by products.
    """

    build: Callable[[], keras.Model]
    shapes: Shapes
    unknown: frozenset[str] = frozenset()
    runs_on: frozenset[str] = frozenset({"tensorflow", "jax"})

    def fed(self, model: keras.Model) -> Any:
        """Shape and dtype of a batch of one sample."""
        if not isinstance(self.shapes, Mapping):
            return keras.KerasTensor((1, *self.shapes), model.inputs[0].dtype)
        return {name: keras.KerasTensor((1, *shape), model.input[name].dtype) for name, shape in self.shapes.items()}


SELECTS = frozenset({"top_k"})
ON_TENSORFLOW, ON_JAX = frozenset({"tensorflow"}), frozenset({"jax"})

IMAGE = (64, 64, 3)
TEXT = {"token_ids": (24,), "padding_mask": (24,)}
SEGMENTS = TEXT | {"segment_ids": (24,)}
TRANSLATED = {
    "encoder_token_ids": (24,), "encoder_padding_mask": (24,), "decoder_token_ids": (20,), "decoder_padding_mask": (20,)
}  # fmt: skip

ENCODER = {"vocabulary_size": 100, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "intermediate_dim": 48}
DECODER = {
    "vocabulary_size": 100, "num_layers": 2, "num_query_heads": 4, "num_key_value_heads": 2, "hidden_dim": 32,
    "intermediate_dim": 48,
}  # fmt: skip


def resnet(block: str, stem: int = 16, **more: Any) -> Callable[[], keras.Model]:
    return lambda: models.ResNetBackbone(
        input_conv_filters=[stem],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 24, 32],
        stackwise_num_blocks=[2, 2, 1],
        stackwise_num_strides=[1, 2, 2],
        block_type=block,
        image_shape=IMAGE,
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


def four_stages() -> keras.Model:
    return models.ResNetBackbone(
        input_conv_filters=[16],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 16, 24, 32],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="bottleneck_block",
        image_shape=(128, 128, 3),
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
        image_shape=(128, 128, 3),
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


def vae() -> keras.Model:
    return VAEBackbone(
        encoder_num_filters=[32, 32, 64, 64],
        encoder_num_blocks=[1, 1, 2, 1],
        decoder_num_filters=[64, 64, 32, 32],
        decoder_num_blocks=[1, 2, 1, 1],
    )


BACKBONES: dict[str, Backbone] = {
    # Images
    "ResNet": Backbone(resnet("bottleneck_block"), IMAGE),
    "ResNet, basic": Backbone(resnet("basic_block", stem=64, use_pre_activation=True), IMAGE),
    "ResNet-vd": Backbone(
        lambda: models.ResNetBackbone(
            input_conv_filters=[8, 8, 16],
            input_conv_kernel_sizes=[3, 3, 3],
            stackwise_num_filters=[64, 24],
            stackwise_num_blocks=[2, 2],
            stackwise_num_strides=[1, 2],
            block_type="bottleneck_block_vd",
            image_shape=IMAGE,
        ),
        IMAGE,
    ),
    "ViT": Backbone(
        lambda: models.ViTBackbone(
            image_shape=IMAGE, patch_size=16, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=64
        ),
        IMAGE,
    ),
    "DeiT": Backbone(
        lambda: models.DeiTBackbone(
            image_shape=IMAGE, patch_size=16, num_layers=2, num_heads=4, hidden_dim=32, intermediate_dim=64
        ),
        IMAGE,
    ),
    "MiT": Backbone(mit, IMAGE),
    "CSPDarkNet": Backbone(csp("dark_block", "dark"), IMAGE),
    "CSPNet, cross stage": Backbone(
        csp("bottleneck_block", "csp", bottle_ratio=[0.5], block_ratio=[1.0], expand_ratio=[2.0]), IMAGE
    ),
    "EfficientNet": Backbone(efficientnet, IMAGE),
    "DenseNet": Backbone(lambda: models.DenseNetBackbone([2, 2, 2], image_shape=IMAGE, growth_rate=8), IMAGE),
    "VGG": Backbone(lambda: models.VGGBackbone([1, 2, 2], [8, 16, 16], image_shape=IMAGE), IMAGE),
    "Xception": Backbone(
        lambda: models.XceptionBackbone(
            stackwise_conv_filters=[[8, 16], [16, 32], [32, 32]],
            stackwise_pooling=[True, True, False],
            image_shape=IMAGE,
        ),
        IMAGE,
    ),
    "DINOv2": Backbone(
        lambda: models.DINOV2Backbone(
            patch_size=16,
            num_layers=2,
            hidden_dim=32,
            num_heads=4,
            intermediate_dim=64,
            image_shape=IMAGE,
            position_embedding_shape=(64, 64),
        ),
        {"images": IMAGE},
    ),
    "DINOv3": Backbone(
        lambda: models.DINOV3Backbone(
            patch_size=16, num_layers=2, hidden_dim=32, num_heads=4, intermediate_dim=64, image_shape=IMAGE
        ),
        {"pixel_values": IMAGE},
    ),
    "Swin": Backbone(
        lambda: models.SwinTransformerBackbone(
            image_shape=IMAGE, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4
        ),
        IMAGE,
    ),
    "MobileNet": Backbone(mobilenet, IMAGE),
    "HGNetV2": Backbone(
        lambda: models.HGNetV2Backbone(
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
        ),
        IMAGE,
    ),
    "RetinaNet": Backbone(
        lambda: models.RetinaNetBackbone(
            image_encoder=four_stages(), min_level=3, max_level=6, use_p5=True, image_shape=(128, 128, 3)
        ),
        (128, 128, 3),
    ),
    "ViTDet": Backbone(vit_det, (128, 128, 3), runs_on=ON_TENSORFLOW),
    "DeepLabV3": Backbone(
        lambda: models.DeepLabV3Backbone(
            image_encoder=resnet("bottleneck_block")(),
            projection_filters=8,
            low_level_feature_key="P2",
            spatial_pyramid_pooling_key="P4",
            upsampling_size=4,
            dilation_rates=[2, 4],
            image_shape=IMAGE,
        ),
        IMAGE,
        runs_on=ON_TENSORFLOW,
    ),
    "SegFormer": Backbone(
        lambda: models.SegFormerBackbone(image_encoder=mit(), projection_filters=16), IMAGE, runs_on=ON_TENSORFLOW
    ),
    "SAM": Backbone(
        sam,
        {"images": (128, 128, 3), "points": (2, 2), "labels": (2,), "boxes": (1, 2, 2), "masks": (1, 32, 32, 1)},
        runs_on=ON_TENSORFLOW,
    ),
    "VAE": Backbone(vae, (64, 64, 3)),
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
    # Text
    "ALBERT": Backbone(lambda: models.AlbertBackbone(embedding_dim=16, **ENCODER), SEGMENTS),
    "BERT": Backbone(lambda: models.BertBackbone(**ENCODER), SEGMENTS),
    "BART": Backbone(lambda: models.BartBackbone(**ENCODER), TRANSLATED),
    "BLOOM": Backbone(lambda: models.BloomBackbone(**ENCODER), TEXT),
    "DeBERTaV3": Backbone(lambda: models.DebertaV3Backbone(**ENCODER), TEXT, runs_on=ON_JAX),
    "DistilBERT": Backbone(lambda: models.DistilBertBackbone(**ENCODER), TEXT),
    "ELECTRA": Backbone(
        lambda: models.ElectraBackbone(
            vocab_size=100, num_layers=2, num_heads=4, hidden_dim=32, embedding_dim=16, intermediate_dim=48
        ),
        SEGMENTS,
    ),
    "ESM": Backbone(lambda: models.ESMBackbone(**ENCODER), {"token_ids": (24,)}),
    "F-Net": Backbone(
        lambda: models.FNetBackbone(vocabulary_size=100, num_layers=2, hidden_dim=32, intermediate_dim=48),
        {"token_ids": (24,), "segment_ids": (24,)},
        unknown=frozenset({"fft2"}),
    ),
    "Falcon": Backbone(
        lambda: models.FalconBackbone(
            vocabulary_size=100, num_layers=2, num_attention_heads=4, hidden_dim=32, intermediate_dim=48
        ),
        TEXT,
        runs_on=ON_TENSORFLOW,
    ),
    "Gemma": Backbone(lambda: models.GemmaBackbone(head_dim=8, **DECODER), TEXT),
    "Gemma 2": Backbone(
        lambda: models.GemmaBackbone(
            head_dim=8,
            use_post_ffw_norm=True,
            use_post_attention_norm=True,
            attention_logit_soft_cap=50.0,
            final_logit_soft_cap=30.0,
            use_sliding_window_attention=True,
            sliding_window_size=16,
            **DECODER,
        ),
        TEXT,
    ),
    "Gemma 3": Backbone(
        lambda: models.Gemma3Backbone(
            image_size=64,
            head_dim=8,
            use_post_ffw_norm=True,
            use_post_attention_norm=True,
            use_sliding_window_attention=True,
            sliding_window_size=16,
            **DECODER,
        ),
        TEXT,
    ),
    "GPT-2": Backbone(lambda: models.GPT2Backbone(**ENCODER), TEXT),
    "GPT-NeoX": Backbone(lambda: models.GPTNeoXBackbone(**ENCODER), TEXT),
    "gpt-oss": Backbone(lambda: models.GptOssBackbone(num_experts=4, **DECODER), TEXT, unknown=SELECTS),
    "Llama": Backbone(lambda: models.LlamaBackbone(**DECODER), TEXT),
    "Llama 3": Backbone(lambda: models.Llama3Backbone(**DECODER), TEXT),
    "Mistral": Backbone(lambda: models.MistralBackbone(**DECODER), TEXT),
    "Mixtral": Backbone(lambda: models.MixtralBackbone(num_experts=4, **DECODER), TEXT, unknown=SELECTS),
    "OPT": Backbone(lambda: models.OPTBackbone(**ENCODER), TEXT),
    "Phi-3": Backbone(lambda: models.Phi3Backbone(**DECODER), TEXT),
    "Qwen": Backbone(lambda: models.QwenBackbone(**DECODER), TEXT),
    "Qwen3": Backbone(lambda: models.Qwen3Backbone(head_dim=8, **DECODER), TEXT),
    "Qwen3 MoE": Backbone(
        lambda: models.Qwen3MoeBackbone(moe_intermediate_dim=24, num_experts=4, top_k=2, **DECODER),
        TEXT,
        unknown=SELECTS,
    ),
    "RoBERTa": Backbone(lambda: models.RobertaBackbone(**ENCODER), TEXT),
    "SmolLM3": Backbone(
        lambda: models.SmolLM3Backbone(
            vocabulary_size=100,
            hidden_dim=32,
            intermediate_dim=48,
            num_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            attention_bias=False,
            attention_dropout=0.0,
            rope_layer_enabled_list=[True, False],
            layer_types=["attention"] * 2,
            mlp_bias=False,
            layer_norm_epsilon=1e-5,
            max_position_embeddings=64,
            rope_theta=10000.0,
            partial_rotary_factor=1.0,
        ),
        TEXT,
    ),
    "T5": Backbone(lambda: models.T5Backbone(**ENCODER), TRANSLATED, runs_on=ON_TENSORFLOW),
    "XLM-RoBERTa": Backbone(lambda: models.XLMRobertaBackbone(**ENCODER), TEXT),
    # Sound
    "Whisper": Backbone(
        lambda: models.WhisperBackbone(
            num_mels=20, max_encoder_sequence_length=64, max_decoder_sequence_length=32, **ENCODER
        ),
        {"encoder_features": (64, 20), "decoder_token_ids": (20,), "decoder_padding_mask": (20,)},
    ),
    # Images and text
    "CLIP": Backbone(
        lambda: models.CLIPBackbone(
            vision_encoder=models.CLIPVisionEncoder(
                patch_size=16, hidden_dim=32, num_layers=2, num_heads=4, intermediate_dim=64, image_shape=IMAGE
            ),
            text_encoder=models.CLIPTextEncoder(embedding_dim=32, **ENCODER),
            projection_dim=24,
        ),
        {"images": IMAGE, "token_ids": (24,)},
        runs_on=ON_TENSORFLOW,
    ),
    "PaliGemma": Backbone(
        lambda: models.PaliGemmaBackbone(
            image_size=64,
            head_dim=8,
            vit_patch_size=16,
            vit_num_heads=4,
            vit_hidden_dim=32,
            vit_num_layers=2,
            vit_intermediate_dim=64,
            **DECODER,
        ),
        {"images": IMAGE, "token_ids": (24,), "padding_mask": (24,), "response_mask": (24,)},
    ),
}
