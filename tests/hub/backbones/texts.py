"""Backbones of text."""

import keras
from keras_hub import models

from tests.hub.backbones.backbone import (
    DECODER,
    ENCODER,
    ON_JAX,
    ON_TENSORFLOW,
    SIZES,
    TEXT,
    TOKENS,
    TRANSLATION,
    Backbone,
)

SEGMENTS = {"segment_ids": (24,)}
TRANSLATED = {"encoder_token_ids": (24,), "encoder_padding_mask": (24,)} | TRANSLATION
SELECTS = frozenset({"top_k"})
SLIDING = DECODER | {
    "head_dim": 8,
    "use_post_ffw_norm": True,
    "use_post_attention_norm": True,
    "use_sliding_window_attention": True,
    "sliding_window_size": 16,
}


def smol() -> keras.Model:
    return models.SmolLM3Backbone(
        vocabulary_size=100,
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
        **SIZES,
    )


TEXTS: dict[str, Backbone] = {
    # Encoders, and encoders with a decoder
    "ALBERT": Backbone(lambda: models.AlbertBackbone(embedding_dim=16, **ENCODER), TEXT | SEGMENTS),
    "BERT": Backbone(lambda: models.BertBackbone(**ENCODER), TEXT | SEGMENTS),
    "BART": Backbone(lambda: models.BartBackbone(**ENCODER), TRANSLATED),
    "DeBERTaV3": Backbone(lambda: models.DebertaV3Backbone(**ENCODER), TEXT, runs_on=ON_JAX),
    "DistilBERT": Backbone(lambda: models.DistilBertBackbone(**ENCODER), TEXT),
    "ELECTRA": Backbone(
        lambda: models.ElectraBackbone(vocab_size=100, num_heads=4, embedding_dim=16, **SIZES), TEXT | SEGMENTS
    ),
    "ESM": Backbone(lambda: models.ESMBackbone(**ENCODER), TOKENS),
    "F-Net": Backbone(
        lambda: models.FNetBackbone(vocabulary_size=100, **SIZES), TOKENS | SEGMENTS, unknown=frozenset({"fft2"})
    ),
    "RoBERTa": Backbone(lambda: models.RobertaBackbone(**ENCODER), TEXT),
    "T5": Backbone(lambda: models.T5Backbone(**ENCODER), TRANSLATED, runs_on=ON_TENSORFLOW),
    "XLM-RoBERTa": Backbone(lambda: models.XLMRobertaBackbone(**ENCODER), TEXT),
    # Decoders
    "BLOOM": Backbone(lambda: models.BloomBackbone(**ENCODER), TEXT),
    "Falcon": Backbone(
        lambda: models.FalconBackbone(vocabulary_size=100, num_attention_heads=4, **SIZES), TEXT, runs_on=ON_TENSORFLOW
    ),
    "Gemma": Backbone(lambda: models.GemmaBackbone(head_dim=8, **DECODER), TEXT),
    "Gemma 2": Backbone(
        lambda: models.GemmaBackbone(attention_logit_soft_cap=50.0, final_logit_soft_cap=30.0, **SLIDING), TEXT
    ),
    "Gemma 3": Backbone(lambda: models.Gemma3Backbone(image_size=64, **SLIDING), TEXT),
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
    "SmolLM3": Backbone(smol, TEXT),
}
