"""What goes through a head while it is converted: a map, and the vector that it stands for."""

from dataclasses import dataclass
from typing import Any

from keras_cnnstats.layers.maps import map_shape, spatial


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A tensor of the converted model, and what the original has in its place.

    Attributes:
        tensor: the tensor.
        shape: shape of the original's, or of the map that was flattened to it, batch axis included.
        data_format: where the channels are.
        flattened: data format of the `Flatten` that has made it a vector; `None` where it is a map.
        in_head: whether a step of the head has made it.
    """

    tensor: Any
    shape: tuple[Any, ...]
    data_format: str
    flattened: str | None = None
    in_head: bool = False

    @property
    def positions(self) -> tuple[Any, ...]:
        """Sizes of the spatial axes."""
        return spatial(self.shape, self.data_format)

    @property
    def channel_axis(self) -> int:
        """The axis that the channels are on."""
        return 1 if self.data_format == "channels_first" else len(self.shape) - 1

    @property
    def is_one_position(self) -> bool:
        """Whether nothing but channels is left."""
        return all(size == 1 for size in self.positions)

    def with_channels(self, tensor: Any, channels: int, flattened: str | None) -> "Flow":
        """A tensor of the head that has so many channels at a single position."""
        shape = map_shape((1,) * len(self.positions), channels, self.shape, self.data_format)
        return Flow(tensor=tensor, shape=shape, data_format=self.data_format, flattened=flattened, in_head=True)
