"""Configurations that would run code, open files, or take all memory: refused, each with its reason."""

import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import pytest
from keras.src.saving.serialization_lib import SafeModeScope

import keras_cnnstats as cnnstats
from tests.reading.configurations import (
    NUMPY,
    backwards,
    called,
    dense,
    doubled,
    function,
    functional,
    layer,
    sequential,
    shared,
    tensor,
)

CANARY = "canary"
CODE = f"open({CANARY!r}, 'w').write('x')"
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}

REFUSED: dict[str, tuple[Any, str]] = {
    "a Lambda": (sequential(layer("Lambda", function=LAMBDA)), "Lambda is refused: its function is code"),
    "a lambda as activation": (dense(activation=LAMBDA), "__lambda__ is refused"),
    "a Lambda under another module": (
        sequential(layer("Lambda", "keras.src.layers.core.lambda_layer")),
        "Lambda is refused",
    ),
    "a SavedModel inside": (sequential(layer("TFSMLayer", filepath="/tmp/x")), "TFSMLayer is refused"),
    "a module of PyTorch": (sequential(layer("TorchModuleWrapper", module="x")), "TorchModuleWrapper is refused"),
    "a layer of JAX": (sequential(layer("JaxLayer", call_fn="x")), "JaxLayer is refused"),
    "a layer of Flax": (sequential(layer("FlaxLayer", module="x")), "FlaxLayer is refused"),
    "a type of TensorFlow": (dense(activation={"class_name": "__typespec__", "config": []}), "__typespec__ is refused"),
    "a builtin as a class": (sequential(layer("exec", "builtins", source=CODE)), "builtins.exec is no class"),
    "a builtin as activation": (dense(activation=function("builtins", "exec")), "builtins.exec is no function"),
    "the shell": (dense(activation=function("os", "system")), "os.system is no function"),
    "the shell as a class": (sequential(layer("system", "os", command=f"touch {CANARY}")), "os.system is no class"),
    "a subprocess": (sequential(layer("Popen", "subprocess", args=["touch", CANARY])), "subprocess.Popen is no class"),
    "pickles": (dense(kernel_initializer=function("pickle", "loads")), "pickle.loads is no function"),
    "arrays from files": (dense(activation=function("numpy", "load")), "numpy.load is no function"),
    "a utility of Keras": (
        dense(activation=function("keras.utils", "get_file")),
        "keras.utils.get_file is no function",
    ),
    "a utility that loads": (dense(activation=function("keras.models", "load_model")), "load_model is no function"),
    "a setting of Keras": (
        dense(activation=function("keras.config", "enable_unsafe_deserialization")),
        "enable_unsafe_deserialization is no function",
    ),
    "Keras' inside": (
        dense(activation=function("keras.src.utils.python_utils", "func_load")),
        "func_load is no function",
    ),
    "a class of Keras that is no layer": (
        sequential(layer("CustomObjectScope", "keras.saving")),
        "CustomObjectScope is no class",
    ),
    "a callback": (sequential(layer("LambdaCallback", "keras.callbacks")), "LambdaCallback is no class"),
    "a data set": (sequential(layer("PyDataset", "keras.utils")), "PyDataset is no class"),
    "a dotted class": (sequential(layer("layers.Dense", "keras", units=1)), "layers.Dense is no class"),
    "a private name": (dense(activation=function("keras.activations", "__builtins__")), "is no function"),
    "a private module": (sequential(layer("Dense", "keras.__dict__")), "is no class"),
    "the package's own": (sequential(layer("Report", "keras_cnnstats")), "keras_cnnstats.Report is no class"),
    "another package of the family": (sequential(layer("Backbone", "keras_hub.models")), "is no class"),
    "a registered name that nobody registered": (
        sequential(layer("Thing", None) | {"registered_name": "theirs>Thing"}),
        "Thing is no class",
    ),
    "a vocabulary from a file": (
        sequential(layer("StringLookup", vocabulary="/etc/passwd")),
        "`vocabulary` is the path of a file",
    ),
    "words from a file": (
        sequential(layer("TextVectorization", vocabulary="/etc/passwd")),
        "`vocabulary` is the path of a file",
    ),
    "integers from a file": (
        sequential(layer("IntegerLookup", vocabulary="/etc/passwd")),
        "`vocabulary` is the path of a file",
    ),
    "in the settings of a wrapper": (
        sequential(layer("TimeDistributed", layer=layer("Lambda", function=LAMBDA))),
        "Lambda is refused",
    ),
    "in how it was built": (dense() | {"build_config": {"x": LAMBDA}}, "__lambda__ is refused"),
    "in how it was compiled": (dense() | {"compile_config": {"loss": LAMBDA}}, "__lambda__ is refused"),
    "no class at all": ({"class_name": 3, "config": {}}, "expected the names of a class"),
    "a class that is a list": ({"class_name": ["Dense"], "config": {}}, "expected the names of a class"),
    "a module that is a list": (sequential(layer("Dense", ["os"])), "expected the names of a class"),
    "an optimizer for a model": (layer("Adam", "keras.optimizers"), "model."),
    "a layer for a model": (layer("Dense", units=2), "expected a model"),
    "settings that are no settings": ({"module": "keras", "class_name": "Sequential", "config": [1]}, "Keras cannot"),
    "text for a number": (dense(units="many"), "Keras cannot make a model of it"),
    "a negative number": (dense(units=-1), "Keras cannot make a model of it"),
    "a fraction": (dense(units=1.5), "Keras cannot make a model of it"),
    "an unknown setting": (dense(colour="red"), "Keras cannot make a model of it"),
    "an unknown activation": (dense(activation="nonsense"), "Keras cannot make a model of it"),
    "an integer of no backend": (dense(units=2**70), "integers of at most"),
    "axes without end": (sequential(layer("InputLayer", batch_shape=[1] * 5000, name="i")), "at most 64 axes"),
    "a name without end": (dense(name="x" * 200_000), "texts of at most"),
    "calls without end": (doubled(24), "calls of layers"),
    "calls without end, by numbers": (shared(40), "calls of layers"),
    "an order without end": (backwards(3000), "further down"),
    "values computed at once": (
        functional(called(layer("BroadcastTo", NUMPY, shape=[10**10]), "b", 1.0)),
        "a call of no tensor",
    ),
    "values for each of many features": (
        sequential(
            layer("InputLayer", batch_shape=[None, 10**10], name="i"), layer("Normalization", mean=0, variance=1)
        ),
        "makes so much",
    ),
    "as many tensors as positions": (
        functional(called(layer("Unstack", "keras.src.ops.core", axis=1), "u", tensor("i")), size=10**9),
        "makes so much",
    ),
    "as many tensors as asked for": (
        functional(called(layer("Split", NUMPY, indices_or_sections=10**9), "u", tensor("i"))),
        "indices_or_sections",
    ),
    "axes of a convolution": (
        sequential(layer("BaseConv", "keras.src.layers.convolutional.base_conv", rank=10**9, filters=1)),
        "rank",
    ),
    "letters of a value": (
        functional(
            called(
                layer("Add", NUMPY), "a", tensor("i"), {"class_name": "__numpy__", "config": {"dtype": "U999999999"}}
            )
        ),
        "a dtype of Keras",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(here: Path, name: str) -> None:
    configuration, message = REFUSED[name]
    for path in (here / "model.json", here / "model.keras"):
        text = json.dumps(configuration)
        if path.suffix == ".json":
            path.write_text(text)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("config.json", text)
        with pytest.raises(cnnstats.FileError) as caught:
            cnnstats.read_model(path)
        assert message in str(caught.value)
        assert len(str(caught.value)) < 1500
    assert sorted(each.name for each in here.iterdir()) == ["model.json", "model.keras"]


@pytest.mark.parametrize("name", ["a Lambda", "a builtin as activation", "a utility of Keras"])
def test_is_refused_where_keras_has_been_told_to_trust(here: Path, name: str) -> None:
    """The process' own settings do not open the door."""
    (here / "model.json").write_text(json.dumps(REFUSED[name][0]))
    with SafeModeScope(False), pytest.raises(cnnstats.FileError):
        cnnstats.read_model(here / "model.json")


GIANTS = {
    "a layer of a million by a million": dense(units=10**6),
    "2 to the 50 units": dense(units=2**50),
    "a kernel of a billion": sequential(
        layer("InputLayer", batch_shape=[None, 8, 8, 3], name="i"),
        layer("Conv2D", filters=4, kernel_size=[10**9, 10**9]),
    ),
    "a table of 2 to the 40 rows": sequential(
        layer("InputLayer", batch_shape=[None, 4], dtype="int32", name="i"),
        layer("Embedding", input_dim=2**40, output_dim=1000),
    ),
    "a picture of 2 to the 60 pixels": sequential(
        layer("InputLayer", batch_shape=[None, 2**30, 2**30, 1], name="i"), layer("MaxPooling2D", pool_size=2)
    ),
    "repeated 2 to the 50 times": sequential(
        layer("InputLayer", batch_shape=[None, 4], name="i"), layer("RepeatVector", n=2**50)
    ),
}


@pytest.mark.parametrize("name", GIANTS)
def test_giants_take_no_memory(here: Path, at_most: Any, name: str) -> None:
    """A number that is large is no reason to refuse: it is counted, or refused by Keras, without being made."""
    (here / "model.json").write_text(json.dumps(GIANTS[name]))
    report = None
    with at_most(40_000_000), suppress(cnnstats.CNNStatsError):
        report = cnnstats.analyze(cnnstats.read_model(here / "model.json"))
    assert report is None or len(report) >= 1


def test_hostile_names_come_through_as_text(here: Path) -> None:
    """They are the names of the layers, as they are; each rendering escapes them."""
    name = "<script>alert(1)\x1b[31m=1+1|`$"
    (here / "model.json").write_text(json.dumps(dense(name=name)))
    assert [row.layer for row in cnnstats.analyze(cnnstats.read_model(here / "model.json")).rows] == [name]


def test_a_class_of_the_users_vouches_for_its_own_settings(here: Path) -> None:
    class Named(keras.layers.Layer):
        def __init__(self, filename: str, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.filename = filename

        def call(self, x: Any) -> Any:
            return x

    own = layer("Named", "theirs", filename="x.txt") | {"registered_name": "theirs>Named"}
    (here / "model.json").write_text(json.dumps(sequential(layer("InputLayer", batch_shape=[None, 4], name="i"), own)))
    assert cnnstats.read_model(here / "model.json", {"theirs>Named": Named}).layers[0].filename == "x.txt"
