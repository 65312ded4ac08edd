"""The reference layers: the textbook's formulas as Keras layers, written to be read, and equal to Keras and PyTorch."""

from keras_cnnstats.layers.bicubic import BicubicUpSampling2D
from keras_cnnstats.layers.convolution import ReferenceConv1D, ReferenceConv2D, ReferenceConv3D
from keras_cnnstats.layers.depthwise import ReferenceDepthwiseConv2D
from keras_cnnstats.layers.dilated import DilatedBlock1D, DilatedBlock2D
from keras_cnnstats.layers.pixel_shuffle import PixelShuffle, PixelUnshuffle, SubPixelConv2D
from keras_cnnstats.layers.pooling import (
    ReferenceAveragePooling1D,
    ReferenceAveragePooling2D,
    ReferenceAveragePooling3D,
    ReferenceMaxPooling1D,
    ReferenceMaxPooling2D,
    ReferenceMaxPooling3D,
)
from keras_cnnstats.layers.separable import ReferenceSeparableConv2D
from keras_cnnstats.layers.softmax import StableSoftmax
from keras_cnnstats.layers.transposed import ReferenceConv2DTranspose

__all__ = [
    "BicubicUpSampling2D",
    "DilatedBlock1D",
    "DilatedBlock2D",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReferenceAveragePooling1D",
    "ReferenceAveragePooling2D",
    "ReferenceAveragePooling3D",
    "ReferenceConv1D",
    "ReferenceConv2D",
    "ReferenceConv2DTranspose",
    "ReferenceConv3D",
    "ReferenceDepthwiseConv2D",
    "ReferenceMaxPooling1D",
    "ReferenceMaxPooling2D",
    "ReferenceMaxPooling3D",
    "ReferenceSeparableConv2D",
    "StableSoftmax",
    "SubPixelConv2D",
]
