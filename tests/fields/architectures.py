"""The architectures that fields are talked about for: small enough here to be poked, and elsewhere as published."""

from collections.abc import Sequence
from typing import Any

from keras import layers as kl
from keras import ops

from tests.fields.graphs import Graph, branching

# Encoders and decoders


def twice(x: Any, padding: str, name: str, filters: int = 2) -> Any:
    x = kl.Conv2D(filters, 3, padding=padding, activation="relu", name=f"{name}_a")(x)
    return kl.Conv2D(filters, 3, padding=padding, activation="relu", name=f"{name}_b")(x)


def u_net(x: Any, depth: int, padding: str, up: str) -> Any:
    """U-Net: what is pooled on the way down is stretched on the way up, beside what was there before the pooling."""
    passed = []
    for level in range(depth):
        x = twice(x, padding, f"down{level}")
        passed.append(x)
        x = kl.MaxPooling2D(2, name=f"pool{level}")(x)
    x = twice(x, padding, "bottom")
    for level in reversed(range(depth)):
        if up == "convolution":
            x = kl.Conv2DTranspose(2, 2, strides=2, name=f"up{level}")(x)
        else:
            x = kl.Conv2D(2, 2, padding="same", name=f"up{level}")(kl.UpSampling2D(2, name=f"stretch{level}")(x))
        beside = passed.pop()
        margins = [(was - now) // 2 for was, now in zip(beside.shape[1:3], x.shape[1:3], strict=True)]
        if any(margins):
            beside = kl.Cropping2D([(margin, margin) for margin in margins], name=f"crop{level}")(beside)
        x = twice(kl.Concatenate(name=f"join{level}")([beside, x]), padding, f"up{level}")
    return kl.Conv2D(2, 1, name="classes")(x)


def seg_net(x: Any, blocks: Sequence[int]) -> Any:
    """SegNet: blocks of convolutions, pooled and unpooled, with nothing passed beside."""
    for level, count in enumerate(blocks):
        for place in range(count):
            x = kl.Conv2D(2, 3, padding="same", use_bias=False, name=f"down{level}_{place}")(x)
            x = kl.ReLU()(kl.BatchNormalization()(x))
        x = kl.MaxPooling2D(2, name=f"pool{level}")(x)
    for level, count in reversed(list(enumerate(blocks))):
        x = kl.UpSampling2D(2, name=f"unpool{level}")(x)
        for place in range(count):
            x = kl.Conv2D(2, 3, padding="same", name=f"up{level}_{place}")(x)
    return kl.Conv2D(2, 1, name="classes")(x)


# Pyramids


def feature_pyramid(x: Any, levels: int) -> list[Any]:
    """FPN: each level's map and the stretched one of the level above, added, and a last convolution of each."""
    maps = []
    for level in range(levels):
        y = kl.Conv2D(2, 3, strides=2, padding="same", activation="relu", name=f"down{level}")(x)
        x = kl.Add(name=f"residual{level}")([y, kl.Conv2D(2, 3, padding="same", name=f"map{level}")(y)])
        maps.append(x)
    merged = kl.Conv2D(2, 1, name=f"lateral{levels - 1}")(maps[-1])
    outputs = [kl.Conv2D(2, 3, padding="same", name=f"out{levels - 1}")(merged)]
    for level in reversed(range(levels - 1)):
        lateral = kl.Conv2D(2, 1, name=f"lateral{level}")(maps[level])
        merged = kl.Add(name=f"merged{level}")([lateral, kl.UpSampling2D(2, name=f"stretch{level}")(merged)])
        outputs.append(kl.Conv2D(2, 3, padding="same", name=f"out{level}")(merged))
    return outputs


def deep_lab(x: Any, strides: int, rates: Sequence[int], image_level: bool) -> Any:
    """DeepLab: dilated convolutions side by side on a map that is no longer pooled, and the mean of the image."""
    for place in range(strides):
        x = kl.Conv2D(2, 3, strides=2, padding="same", activation="relu", name=f"down{place}")(x)
    branches = [kl.Conv2D(2, 1, name="point")(x)]
    for rate in rates:
        y = kl.DepthwiseConv2D(3, padding="same", dilation_rate=rate, name=f"atrous{rate}")(x)
        branches.append(kl.Conv2D(2, 1, name=f"mixed{rate}")(y))
    if image_level:
        mean = kl.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
        mean = kl.Conv2D(2, 1, name="mean_mixed")(mean)
        branches.append(kl.UpSampling2D(x.shape[1:3], interpolation="bilinear", name="mean_spread")(mean))
    x = kl.Conv2D(2, 1, name="classes")(kl.Concatenate(name="join")(branches))
    return kl.UpSampling2D(2**strides, interpolation="bilinear", name="full_size")(x)


# Detectors


def cross_stage(x: Any, count: int, name: str) -> Any:
    """Half of the channels through residual blocks, half beside them."""
    beside = kl.Conv2D(1, 1, name=f"{name}_beside")(x)
    x = kl.Conv2D(1, 1, name=f"{name}_through")(x)
    for place in range(count):
        y = kl.Conv2D(1, 1, activation="silu", name=f"{name}_{place}_a")(x)
        y = kl.Conv2D(1, 3, padding="same", activation="silu", name=f"{name}_{place}_b")(y)
        x = kl.Add(name=f"{name}_{place}")([x, y])
    return kl.Conv2D(2, 1, name=f"{name}_mixed")(kl.Concatenate(name=f"{name}_join")([x, beside]))


def pooled_pyramid(x: Any, size: int) -> Any:
    """SPP: the map and its maxima over windows of three sizes, side by side."""
    maxima = [x]
    for place in range(3):
        maxima.append(kl.MaxPooling2D(size, strides=1, padding="same", name=f"maxima{place}")(maxima[-1]))
    return kl.Conv2D(2, 1, name="maxima_mixed")(kl.Concatenate(name="maxima_join")(maxima))


def detector(x: Any, counts: Sequence[int], pooled: int) -> list[Any]:
    """YOLO: three maps, mixed from the coarsest to the finest and back, and a head on each."""
    maps = []
    for level in range(3):
        x = kl.Conv2D(2, 3, strides=2, padding="same", activation="silu", name=f"down{level}")(x)
        x = cross_stage(x, counts[level], f"stage{level}")
        maps.append(x)
    maps[2] = pooled_pyramid(maps[2], pooled)
    for level in (1, 0):
        above = kl.UpSampling2D(2, name=f"stretch{level}")(maps[level + 1])
        maps[level] = cross_stage(
            kl.Concatenate(name=f"join{level}")([maps[level], above]), counts[level], f"fine{level}"
        )
    for level in (1, 2):
        below = kl.Conv2D(2, 3, strides=2, padding="same", name=f"back{level}")(maps[level - 1])
        maps[level] = cross_stage(
            kl.Concatenate(name=f"meet{level}")([maps[level], below]), counts[level], f"coarse{level}"
        )
    return [kl.Conv2D(3, 1, name=f"head{level}")(x) for level, x in enumerate(maps)]


# Sequences


def wave_net(x: Any, dilations: Sequence[int], saturating: bool = True) -> Any:
    """WaveNet: causal convolutions of growing dilation, gated, each added to what came in and to the output.

    Where nothing may saturate, because a poke would not come through, the gate is added instead.
    """
    steep, flat, meet = ("tanh", "sigmoid", kl.Multiply) if saturating else ("relu", "softplus", kl.Add)
    x = kl.Conv1D(2, 2, padding="causal", name="first")(x)
    skipped = []
    for place, rate in enumerate(dilations):
        value = kl.Conv1D(2, 2, padding="causal", dilation_rate=rate, activation=steep, name=f"value{place}")(x)
        gate = kl.Conv1D(2, 2, padding="causal", dilation_rate=rate, activation=flat, name=f"gate{place}")(x)
        y = meet(name=f"gated{place}")([value, gate])
        skipped.append(kl.Conv1D(2, 1, name=f"skip{place}")(y))
        x = kl.Add(name=f"sum{place}")([x, kl.Conv1D(2, 1, name=f"mixed{place}")(y)])
    y = kl.ReLU(name="skips_rectified")(kl.Add(name="skips")(skipped))
    return kl.Conv1D(2, 1, name="values")(kl.Conv1D(2, 1, activation="relu", name="hidden")(y))


# Windows that move


def shifted_windows(x: Any, shift: int) -> Any:
    """Swin: a map rolled along both axes between the blocks; what is rolled over the edge is no interval."""
    x = kl.Conv2D(2, 2, strides=2, name="patches")(x)
    x = ops.roll(x, (-shift, -shift), axis=(1, 2))
    return kl.Dense(2, name="mixed")(x)


def of(shape: tuple[int, ...], connect: Any, **how: Any) -> Any:
    """Returns a builder of an architecture."""
    return branching(shape)(lambda x: connect(x, **how))


ARCHITECTURES: dict[str, Graph] = {
    "U-Net, valid": Graph(build=of((64, 68, 1), u_net, depth=2, padding="valid", up="convolution"), period=4),
    "U-Net, same": Graph(build=of((48, 56, 1), u_net, depth=2, padding="same", up="convolution"), period=4),
    "U-Net, stretched": Graph(build=of((64, 72, 1), u_net, depth=2, padding="same", up="stretching"), period=4),
    "SegNet": Graph(build=of((64, 72, 1), seg_net, blocks=(2, 2, 1)), period=8),
    "feature pyramid": Graph(build=of((112, 128, 1), feature_pyramid, levels=3), period=4),
    "DeepLab": Graph(
        build=of((64, 80, 1), deep_lab, strides=2, rates=(2, 3), image_level=True),
        near=of((64, 80, 1), deep_lab, strides=2, rates=(2, 3), image_level=False),
        margin=3,
    ),
    "YOLO": Graph(build=of((144, 160, 1), detector, counts=(0, 1, 1), pooled=2), period=4),
    "WaveNet": Graph(build=of((64, 1), wave_net, dilations=(1, 2, 4, 8) * 2, saturating=False), axes=(1,)),
}
