"""Dense layers and convolutions turn into each other: as layers, as matrices, and as whole classifiers."""

from keras_cnnstats.equivalence.dense import dense_to_conv
from keras_cnnstats.equivalence.fully import to_fully_convolutional
from keras_cnnstats.equivalence.matrix import ConvolutionMatrix, conv_to_dense

__all__ = ["ConvolutionMatrix", "conv_to_dense", "dense_to_conv", "to_fully_convolutional"]
