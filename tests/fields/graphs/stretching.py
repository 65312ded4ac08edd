"""Networks that stretch or resize their maps: up-sampling, transposed convolutions, resizing."""

from keras import layers as kl

from tests.fields.graphs.graph import Graph, conv, path, up_conv

STRETCHING: dict[str, Graph] = {
    "up-sampling nearest": Graph(build=path((12, 14, 2), conv(3), lambda: kl.UpSampling2D((2, 3)), conv(3), conv(2))),
    "up-sampling bilinear": Graph(
        build=path(
            (12, 14, 2),
            lambda: kl.UpSampling2D(2, interpolation="bilinear"),
            conv(3, padding="same"),
            conv(3, strides=2),
        )
    ),
    "up-sampling bilinear by 3": Graph(
        build=path((12, 14, 2), lambda: kl.UpSampling2D(3, interpolation="bilinear"), conv(2))
    ),
    "up-sampling bicubic": Graph(
        build=path((14, 16, 2), lambda: kl.UpSampling2D((2, 4), interpolation="bicubic"), conv(3))
    ),
    "up-sampling, then strided": Graph(
        build=path((16, 18, 2), lambda: kl.UpSampling2D(3), conv(3, strides=2), conv(2), lambda: kl.MaxPooling2D(3))
    ),
    "transposed kernel over stride": Graph(build=path((11, 12, 2), up_conv(4, strides=2), conv(3), conv(2))),
    "transposed kernel is stride": Graph(build=path((11, 12, 2), conv(3), up_conv(2, strides=2), conv(3))),
    "transposed kernel under stride": Graph(build=path((11, 12, 2), up_conv(2, strides=3), conv(2), conv(3))),
    "transposed same": Graph(
        build=path((11, 12, 2), up_conv(4, strides=2, padding="same"), conv(3), up_conv(3, strides=2, padding="same"))
    ),
    "transposed same, odd kernels": Graph(
        build=path((11, 12, 2), up_conv((3, 5), strides=(2, 3), padding="same"), conv(2), up_conv(3, padding="same"))
    ),
    "transposed same, kernel under stride": Graph(
        build=path((9, 10, 2), up_conv((1, 2), strides=3, padding="same"), conv(3))
    ),
    "transposed output padding": Graph(
        build=path(
            (10, 11, 2),
            up_conv(3, strides=2, output_padding=1),
            conv(3),
            up_conv(3, strides=2, padding="same", output_padding=(1, 0)),
            conv(3),
        )
    ),
    "transposed same, output padding": Graph(
        build=path((10, 11, 2), up_conv(4, strides=(2, 3), padding="same", output_padding=(0, 1)), conv(3)),
        runs_on=frozenset({"jax"}),  # TensorFlow refuses the size that Keras has inferred
    ),
    "transposed dilated": Graph(
        build=path((12, 13, 2), up_conv(3, dilation_rate=2), conv(3), up_conv((2, 3), dilation_rate=3, padding="same")),
        runs_on=frozenset({"jax"}),
    ),
    "resizing up, nearest": Graph(
        build=path((12, 14, 2), lambda: kl.Resizing(18, 20, interpolation="nearest"), conv(3))
    ),
    "resizing down, nearest": Graph(
        build=path((46, 44, 2), lambda: kl.Resizing(26, 16, interpolation="nearest"), conv(2))
    ),
    "resizing up, bilinear": Graph(build=path((12, 14, 2), lambda: kl.Resizing(18, 20), conv(3))),
    "resizing down, bilinear": Graph(build=path((30, 35, 2), conv(3), lambda: kl.Resizing(16, 12), conv(2))),
    "resizing bicubic": Graph(build=path((16, 20, 2), lambda: kl.Resizing(24, 14, interpolation="bicubic"), conv(2))),
    "resizing down, against aliasing": Graph(
        build=path((30, 40, 2), lambda: kl.Resizing(12, 16, interpolation="bilinear", antialias=True), conv(2))
    ),
    "resizing, lanczos": Graph(
        build=path((30, 40, 2), lambda: kl.Resizing(45, 20, interpolation="lanczos3"), conv(2)),
        runs_on=frozenset({"tensorflow", "jax"}),
    ),
    "resizing, cropped to the aspect ratio": Graph(
        build=path((20, 40, 2), lambda: kl.Resizing(10, 10, crop_to_aspect_ratio=True, name="resize")),
    ),
    "resizing, padded to the aspect ratio": Graph(
        build=path((20, 40, 2), lambda: kl.Resizing(10, 10, pad_to_aspect_ratio=True, name="resize")),
    ),
}
