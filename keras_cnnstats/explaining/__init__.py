"""What a layer does to an image, step by step, as arrays and as a picture."""

from keras_cnnstats.explaining.records import Box, ConvolutionExplanation, Explanation, PoolingExplanation
from keras_cnnstats.explaining.run import explain

__all__ = ["Box", "ConvolutionExplanation", "Explanation", "PoolingExplanation", "explain"]
