"""What each extra brings, tried alone: `python extras.py plot`. Without it, the error says what to install."""

import os
import subprocess
import sys
from pathlib import Path

BACKENDS = ("jax", "torch")


def model():
    """A small network."""
    import keras

    return keras.Sequential([keras.Input((8, 8, 3), name="image"), keras.layers.Conv2D(2, 3)])


def report():
    """Its report."""
    import keras_cnnstats as cnnstats

    return cnnstats.analyze(model())


def command_line() -> None:
    """`cnnstats` is there, and says so where it is not."""
    command = [str(Path(sys.executable).with_name("cnnstats")), "explain", "F3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImportError(done.stderr)
    assert "F3" in done.stdout


def page() -> None:
    """A page needs Jinja2."""
    assert "<html" in report().to_html()


def plot() -> None:
    """A picture needs matplotlib."""
    report().plot.receptive_field()


def swept(**how):
    """A sweep of a builder that no module has."""
    import keras_cnnstats as cnnstats

    frame = cnnstats.sweep({"one": lambda: model(), "two": lambda: model()}, processes=1, **how)
    assert frame["error"].to_list() == ["", ""], frame["error"].to_list()


def sweep() -> None:
    """Functions without a name need cloudpickle, Parquet needs pyarrow."""
    swept(output="space.parquet")
    assert Path("space.parquet").stat().st_size


def distributed() -> None:
    """Workers of Dask."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        import keras_cnnstats as cnnstats

        frame = cnnstats.sweep({"one": (network, {})}, executor=client.get_executor(), processes=1)
        assert frame["error"].to_list() == [""], frame["error"].to_list()


def network():
    """A small network, by a name that workers find."""
    return model()


def backend() -> None:
    """The same numbers as on TensorFlow, measured by that backend's counter."""
    measured = report().verify(only=["work"])
    assert measured.totals.macs == 6 * 6 * 27 * 2
    assert measured.verification.differing == ()


def hub() -> None:
    """A backbone of keras-hub."""
    import keras_hub

    import keras_cnnstats as cnnstats

    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64], input_conv_kernel_sizes=[7], stackwise_num_filters=[64], stackwise_num_blocks=[1],
        stackwise_num_strides=[1], block_type="basic_block", image_shape=(32, 32, 3),
    )  # fmt: skip
    totals = cnnstats.analyze(backbone).totals
    assert totals.params == backbone.count_params()
    assert not totals.unknown_rows


TRIED = {
    "cli": command_line,
    "html": page,
    "plot": plot,
    "sweep": sweep,
    "distributed": distributed,
    "jax": backend,
    "torch": backend,
    "hub": hub,
}

if __name__ == "__main__":
    extra = sys.argv[1]
    if extra in BACKENDS:
        os.environ["KERAS_BACKEND"] = extra
    try:
        TRIED[extra]()
    except Exception as error:
        if not isinstance(error, ImportError) and f"keras-cnnstats[{extra}]" not in str(error):
            raise
        print(f"missing: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
        sys.exit(3)
    print(f"{extra}: works")
