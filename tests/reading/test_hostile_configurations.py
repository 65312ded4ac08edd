"""Configurations that would run code, open files, or take all memory: refused, each with its reason."""

import io
import json
import os
import resource
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest
from keras.src.saving.serialization_lib import SafeModeScope

import keras_cnnstats as cnnstats
from keras_cnnstats.reading import limits

CANARY = "canary"


def sequential(*layers: Any, **more: Any) -> dict[str, Any]:
    inner = {"name": "s", "trainable": True, "layers": list(layers), "build_input_shape": [None, 4]}
    return {"module": "keras", "class_name": "Sequential", "config": inner, "registered_name": None} | more


def layer(kind: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def dense(**config: Any) -> dict[str, Any]:
    return sequential(layer("InputLayer", batch_shape=[None, 4], name="i"), layer("Dense", **{"units": 2} | config))


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def nested(depth: int) -> dict[str, Any]:
    """Models in models in models, each of which calls the one inside twice."""
    inner: Any = layer("Dense", units=4)
    for _ in range(depth):
        inner = sequential(inner, inner)
    return inner


def doubled(depth: int) -> dict[str, Any]:
    """A functional model that calls its inner model twice, which does the same: 2 to the depth calls."""
    configuration = json.loads(_pair(None).to_json())
    for _ in range(depth):
        outer = json.loads(_pair(None).to_json())
        inner = configuration | {"name": "inner", "inbound_nodes": outer["config"]["layers"][1]["inbound_nodes"]}
        outer["config"]["layers"][1] = inner
        configuration = outer
    return configuration


def tensor(name: str, number: int = 0) -> dict[str, Any]:
    inner = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, number, 0]}
    return {"class_name": "__keras_tensor__", "config": inner}


def functional(*called: dict[str, Any], size: int = 4) -> dict[str, Any]:
    """Layers in a graph, each with its calls."""
    first = layer("InputLayer", batch_shape=[None, size], name="i") | {"name": "i", "inbound_nodes": []}
    inner = {"name": "f", "layers": [first, *called], "input_layers": [["i", 0, 0]]}
    return sequential() | {"class_name": "Model", "config": inner | {"output_layers": [[called[-1]["name"], 0, 0]]}}


def called(made: dict[str, Any], name: str, *arguments: Any) -> dict[str, Any]:
    made["config"]["name"] = name
    return made | {"name": name, "inbound_nodes": [{"args": list(arguments), "kwargs": {}}]}


def backwards(count: int) -> dict[str, Any]:
    """A chain of layers, the last one first."""
    names = ["i", *(f"a{number}" for number in range(count))]
    chain = [called(layer("Activation", activation="relu"), name, tensor(before)) for before, name in pairwise(names)]
    return functional(*reversed(chain))


def shared(depth: int) -> dict[str, Any]:
    """Models that call each other twice, of which all but the first are told by their number alone."""
    made = []
    for number in range(depth):
        inside = layer("Dense", units=4) if number == 0 else sequential(shared_object_id=number - 1)
        twice = called(inside, "b", tensor("i"))
        twice["inbound_nodes"].append({"args": [tensor("b", 1)], "kwargs": {}})
        model = functional(twice) | {"shared_object_id": number}
        made.append(called(model, f"m{number}", tensor(f"m{number - 1}" if number else "i")))
    return functional(*made)


NUMPY = "keras.src.ops.numpy"


def _pair(_: None) -> keras.Model:
    x, inner = keras.Input((4,)), keras.layers.Dense(4, name="inner")
    return keras.Model(x, inner(inner(x)))


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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("config_json", "config.json"), data)
    return stream.getvalue()


def twice() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("config.json", json.dumps(dense()))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("config.json", "{}")
    return stream.getvalue()


def encrypted() -> bytes:
    data = bytearray(archive(config_json=b"{}"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    return bytes(data)


def lying() -> bytes:
    """A table of contents that says that the member is small, where it is enormous."""
    data = bytearray(archive(config_json=b" " * 200_000_000))
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def hdf5(value: Any, name: str = "model_config") -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs[name] = value
    return stream.getvalue()


def outside() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["model_config"] = h5py.ExternalLink("/etc/passwd", "/")
    return stream.getvalue()


GOOD = archive(config_json=json.dumps(dense()).encode())

FILES: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "neither"),
    "zeros": (b"\0" * 1000, "neither"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "neither"),
    "the beginning of an archive": (b"PK", "damaged"),
    "an archive of nothing": (b"PK\x05\x06" + b"\0" * 18, "an archive with 0"),
    "an archive cut off": (GOOD[: len(GOOD) // 2], "damaged"),
    "an archive without its beginning": (GOOD[20:], "neither"),
    "an archive with a torn member": (GOOD[:60] + b"\xff" * 40 + GOOD[100:], "damaged"),
    "an archive of other things": (archive(**{"a.txt": b"x"}), "an archive with 0"),
    "a member that leads outside": (
        archive(config_json=json.dumps(dense()).encode(), **{"../../canary": b"x"}),
        "leads out of its folder",
    ),
    "two configurations": (twice, "an archive with 2"),
    "an encrypted member": (encrypted, "encrypted"),
    "a bomb": (lambda: archive(config_json=b" " * 300_000_000), "at most 33,554,432 bytes"),
    "a bomb that lies": (lying, "damaged"),
    "a table of contents without end": (GOOD[:-10] + b"\xff\xff\xff\x7f" + GOOD[-6:], "table of contents"),
    "no UTF-8": (archive(config_json=b"\xff\xfe"), "expected UTF-8"),
    "no JSON": (archive(config_json=b"{'a': 1}"), "expected JSON"),
    "a list": (archive(config_json=b"[1]"), "expected the configuration of a model"),
    "brackets": (archive(config_json=b"[" * 1_000_000), "nested deeper"),
    "objects in objects": (archive(config_json=b'{"class_name":' * 100_000), "nested deeper"),
    "levels": (archive(config_json=b'{"class_name":"Sequential","config":' + b"[" * 400 + b"]" * 400 + b"}"), "levels"),
    "digits": (archive(config_json=b'{"class_name":"S","config":' + b"9" * 5000 + b"}"), "expected JSON"),
    "HDF5 of nothing": (lambda: hdf5("x", "other"), "a whole model"),
    "HDF5 with a number": (lambda: hdf5(3), "as text"),
    "HDF5 with a list": (lambda: hdf5([1, 2, 3]), "as one text"),
    "HDF5 cut off": (lambda: hdf5("{}")[:300], "damaged"),
    "HDF5 with other JSON": (lambda: hdf5("{}"), "expected the configuration"),
    "HDF5 with a link": (outside, "a whole model"),
    "HDF5 with a Lambda": (lambda: hdf5(json.dumps(REFUSED["a Lambda"][0])), "Lambda is refused"),
    "millions of lists": (
        b'{"class_name": "Sequential", "config": [' + b"[]," * 2_000_000 + b"1]}",
        "millions of values",
    ),
    "JSON cut off": (b'{"class_name": "Seq', "expected JSON"),
    "JSON without end": (b"{" + b" " * 40_000_000, "at most 33,554,432 bytes"),
    "JSON of something else": (b'{"a": 1}', "expected the configuration"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none(here: Path, name: str) -> None:
    content, message = FILES[name]
    (here / "model.keras").write_bytes(content() if callable(content) else content)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(cnnstats.FileError) as caught:
        cnnstats.read_model(here / "model.keras")
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(here / "model.keras"))
    assert [each.name for each in here.iterdir()] == ["model.keras"]
    # In kilobytes: what is unpacked at most, a few times over.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 6 * limits.CONFIG_BYTES / 1024


@pytest.mark.parametrize("made", ["folder", "missing", "unreadable", "pipe"])
def test_no_file(here: Path, made: str) -> None:
    path = here / "model.keras"
    if made == "folder":
        path.mkdir()
    if made == "pipe":
        os.mkfifo(path)
    if made == "unreadable":
        path.symlink_to(path)
    with pytest.raises(cnnstats.FileError, match=r"model\.keras"):
        cnnstats.read_model(path)


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
def test_giants_take_no_memory(here: Path, name: str) -> None:
    """A number that is large is no reason to refuse: it is counted, or refused by Keras, without being made."""
    (here / "model.json").write_text(json.dumps(GIANTS[name]))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        report = cnnstats.analyze(cnnstats.read_model(here / "model.json"))
    except cnnstats.CNNStatsError:
        report = None
    assert report is None or len(report) >= 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 100_000


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
