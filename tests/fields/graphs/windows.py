"""Networks of windows without branches: convolutions, poolings, padding and cropping."""

from typing import Any

from keras import layers as kl

from tests.fields.graphs.graph import Graph, branching, conv, path


@branching((18, 20, 2))
def separable(x: Any) -> Any:
    x = kl.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2)(x)
    return kl.DepthwiseConv2D((3, 2), dilation_rate=(1, 1))(kl.Conv2D(4, 1)(x))


WINDOWS: dict[str, Graph] = {
    # Convolutions
    "conv same 3, 5": Graph(build=path((14, 17, 2), conv(3, padding="same"), conv(5, padding="same"))),
    "conv valid 5, 3": Graph(build=path((14, 17, 2), conv(5), conv(3))),
    "conv strides 2, 3": Graph(build=path((31, 40, 2), conv(3, strides=2), conv(4, strides=3), conv(2))),
    "conv same strided, even size": Graph(
        build=path((24, 32, 2), conv(3, strides=2, padding="same"), conv(3, strides=2, padding="same"), conv(2))
    ),
    "conv same strided, odd size": Graph(
        build=path((23, 33, 2), conv(3, strides=2, padding="same"), conv(3, strides=2, padding="same"), conv(2))
    ),
    "conv even kernels": Graph(
        build=path((20, 22, 2), conv(2, padding="same"), conv(4, padding="same"), conv((2, 6), padding="same"))
    ),
    "conv asymmetric": Graph(
        build=path((20, 21, 2), conv((1, 7)), conv((7, 1), padding="same"), conv((2, 3), strides=(1, 2)))
    ),
    "conv stride over kernel": Graph(build=path((23, 26, 2), conv(1, strides=2), conv(2, strides=3))),
    "conv dilated valid": Graph(build=path((20, 24, 2), conv(3, dilation_rate=2), conv((3, 2), dilation_rate=(3, 2)))),
    "conv dilated same": Graph(
        build=path(
            (26, 30, 2),
            conv(3, dilation_rate=2, padding="same"),
            conv(4, dilation_rate=(1, 3), padding="same"),
            conv(3, padding="same"),
        )
    ),
    "conv grouped": Graph(build=path((12, 14, 2), conv(3, groups=2), conv(3, groups=2, strides=2))),
    "separable and depthwise": Graph(build=separable),
    "conv 1-D same and causal": Graph(
        build=path(
            (40, 2),
            lambda: kl.Conv1D(2, 4, padding="same"),
            lambda: kl.Conv1D(2, 3, padding="causal"),
            lambda: kl.Conv1D(2, 3, padding="causal", dilation_rate=4),
        ),
        axes=(1,),
    ),
    "conv 1-D causal strided": Graph(
        build=path(
            (41, 2),
            lambda: kl.Conv1D(2, 3, padding="causal", strides=2),
            lambda: kl.Conv1D(2, 4, padding="causal", strides=3),
        ),
        axes=(1,),
    ),
    "conv 1-D depthwise, pooled, stretched": Graph(
        build=path(
            (36, 2),
            lambda: kl.DepthwiseConv1D(3, padding="same"),
            lambda: kl.MaxPooling1D(3, strides=2, padding="same"),
            lambda: kl.ZeroPadding1D((2, 1)),
            lambda: kl.SeparableConv1D(2, 3),
            lambda: kl.UpSampling1D(2),
            lambda: kl.Conv1D(2, 3),
            lambda: kl.Cropping1D((1, 3)),
            lambda: kl.AveragePooling1D(2),
        ),
        axes=(1,),
    ),
    "conv 1-D transposed": Graph(
        build=path(
            (18, 2),
            lambda: kl.Conv1DTranspose(2, 5, strides=3),
            lambda: kl.Conv1D(2, 4),
            lambda: kl.Conv1DTranspose(2, 4, strides=2, padding="same"),
            lambda: kl.Conv1D(2, 3),
        ),
        axes=(1,),
    ),
    "conv 3-D": Graph(
        build=path(
            (9, 12, 14, 1),
            lambda: kl.Conv3D(2, (3, 2, 1), strides=(1, 2, 1), padding="same"),
            lambda: kl.MaxPooling3D((1, 2, 3), strides=(1, 1, 2)),
            lambda: kl.Conv3D(1, 2),
        ),
        axes=(1, 2, 3),
        dtype="float32",  # TensorFlow pools no volumes of float64
    ),
    "conv 3-D stretched": Graph(
        build=path(
            (6, 7, 8, 1),
            lambda: kl.UpSampling3D((1, 2, 3)),
            lambda: kl.Conv3D(1, (1, 3, 2)),
            lambda: kl.ZeroPadding3D(((0, 1), (1, 0), (0, 0))),
            lambda: kl.Conv3DTranspose(1, (2, 1, 3), strides=(2, 1, 1)),
            lambda: kl.Cropping3D(((1, 0), (0, 1), (0, 0))),
            lambda: kl.AveragePooling3D(2),
        ),
        axes=(1, 2, 3),
        dtype="float32",  # TensorFlow pools no volumes of float64
    ),
    # Pooling
    "max pooling valid": Graph(
        build=path((29, 38, 2), lambda: kl.MaxPooling2D(2), conv(3), lambda: kl.MaxPooling2D((3, 4), strides=2))
    ),
    "max pooling same": Graph(
        build=path(
            (23, 30, 2),
            lambda: kl.MaxPooling2D(3, strides=2, padding="same"),
            conv(3, padding="same"),
            lambda: kl.MaxPooling2D(2, padding="same"),
        )
    ),
    "average pooling same": Graph(
        build=path(
            (25, 30, 2),
            lambda: kl.AveragePooling2D(4, strides=3, padding="same"),
            lambda: kl.AveragePooling2D(2, strides=1, padding="same"),
        )
    ),
    "adaptive pooling, sizes divide": Graph(
        build=path((12, 20, 2), conv(3, padding="same"), lambda: kl.AdaptiveAveragePooling2D((4, 5)), conv(2))
    ),
    "adaptive pooling, sizes do not divide": Graph(
        build=path((34, 44, 2), lambda: kl.AdaptiveMaxPooling2D((14, 16)), conv(2), lambda: kl.AveragePooling2D(2, 1))
    ),
    "adaptive pooling, stretching": Graph(
        build=path((19, 21, 2), conv(2), lambda: kl.AdaptiveAveragePooling2D((24, 26)), conv(3))
    ),
    # Padding and cropping
    "padding": Graph(
        build=path(
            (15, 18, 2), lambda: kl.ZeroPadding2D(((3, 1), (0, 2))), conv(4), lambda: kl.ZeroPadding2D(1), conv(3)
        )
    ),
    "cropping": Graph(
        build=path((21, 22, 2), conv(3, padding="same"), lambda: kl.Cropping2D(((1, 4), (3, 0))), conv(3, strides=2))
    ),
}
