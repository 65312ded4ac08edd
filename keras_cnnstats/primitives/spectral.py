"""Spectral normalization: in training a kernel is divided by the largest of its singular values."""

from collections.abc import Sequence
from dataclasses import dataclass

from keras_cnnstats.primitives.base import Learned, Primitive, is_called
from keras_cnnstats.primitives.normalization import Normalization
from keras_cnnstats.primitives.wrapping import Wrapped
from keras_cnnstats.units import NO_WORK, Training, Work

_KERNELS = ("kernel", "embeddings")


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class SpectralNorm(Wrapped):
    """A layer whose kernel `w`, as a matrix, is divided by `s = v @ w @ u` once in each step of training.

    Two vectors `u` and `v` that were kept come nearer to the singular ones first: `v = w @ u` and `u = v @ w`, each set
    to length 1, so many times over. They are constants to the gradient.

    Attributes:
        columns: values of `u`, the columns of the matrix.
        iterations: how often the vectors come nearer.
    """

    columns: int
    iterations: int

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        done = self.primitive.training(towards, learns, samples)
        if done is None:
            return None
        weights = done.weights.plus(self._gradient) if self._kernel.name in learns else done.weights
        return Training(done.forward.plus(self._found), done.inputs, weights)

    @property
    def _kernel(self) -> Learned:
        return next(each for each in self.primitive.learned if _is_kernel(each))

    @property
    def _found(self) -> Work:
        """What finds the value and divides by it; XLA also sees that the kernel is no zero."""
        size, columns = self._kernel.size, self.columns
        rows = size // columns
        lengths = [Normalization(groups=1, size=each, method="unit").work() or NO_WORK for each in (rows, columns)]
        macs = (2 * self.iterations + 1) * size + columns
        products = Work(
            macs=macs,
            inside=macs,
            outputs=self.iterations * (rows + columns) + columns + 1,
            arithmetic=size,
            registered=size,
            hlo=3 * size,
        )
        return products.plus(lengths[0].plus(lengths[1]).times(self.iterations))

    @property
    def _gradient(self) -> Work:
        """`g / s`, and what comes back through `s`: the sum of `-g * w / s / s`, times `v` and `u`."""
        size, columns = self._kernel.size, self.columns
        macs = size + columns
        steps = size + 3 * size + (size - 1) + size
        return Work(macs=macs, inside=macs, outputs=macs, arithmetic=steps, hlo=5 * size + 2)


def spectral(primitives: Sequence[Primitive], columns: int, iterations: int) -> list[Primitive] | None:
    """Returns the primitives of a layer, its kernel divided in training; `None` where no single one has the kernel.

    Args:
        primitives: those of the layer.
        columns: columns of the kernel as a matrix.
        iterations: how often the vectors come nearer.
    """
    first, *others = primitives
    if not any(map(_is_kernel, first.learned)) or any(each.learned for each in others):
        return None
    return [SpectralNorm(primitive=first, columns=columns, iterations=iterations), *others]


def _is_kernel(each: Learned) -> bool:
    return any(is_called(each.name, name) for name in _KERNELS)
