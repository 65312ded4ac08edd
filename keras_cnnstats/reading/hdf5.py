"""The configuration in an HDF5 file: one attribute of its root. No group is entered, no link followed, no data read."""

from typing import Any, BinaryIO

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading.bounded import BoundedFile
from keras_cnnstats.reading.limits import CONFIGURATION_BYTES, HDF5_READ
from keras_cnnstats.reading.words import said

ATTRIBUTE = "model_config"


def configuration_in_hdf5(stream: BinaryIO) -> bytes:
    """Returns the JSON text of the configuration in an HDF5 file.

    Raises:
        FileError: the file is damaged, or holds weights alone.
    """
    import h5py

    try:
        with h5py.File(BoundedFile(stream, HDF5_READ), "r") as file:
            if ATTRIBUTE not in file.attrs:
                raise FileError(
                    f"an HDF5 file without the attribute `{ATTRIBUTE}`: it holds weights alone, as `save_weights` "
                    f"writes them, and no architecture. Expected a whole model, as `model.save` writes it"
                )
            return _text(h5py, file.attrs)
    except FileError:
        raise
    except Exception as error:
        raise FileError(f"a damaged HDF5 file: {said(error)}") from error


def _text(h5py: Any, attributes: Any) -> bytes:
    attribute = attributes.get_id(ATTRIBUTE)
    # Before it is read: an attribute may be a table of many texts.
    size = max(attribute.get_storage_size(), attribute.dtype.itemsize)
    is_text = attribute.dtype.kind == "S" or h5py.check_string_dtype(attribute.dtype) is not None
    if attribute.shape != () or not is_text or size > CONFIGURATION_BYTES:
        raise FileError(f"an HDF5 file whose attribute `{ATTRIBUTE}` is not one text")
    found = attributes[ATTRIBUTE]
    return found.encode("utf-8", "surrogateescape") if isinstance(found, str) else bytes(found)
