"""Models come back from files as they were written, without their weights."""

import json
import zipfile

import h5py
import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.reading import custom_objects_of


@keras.saving.register_keras_serializable("reading")
class Scale(layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), name="factor")

    def call(self, x):
        return x * self.factor


@keras.saving.register_keras_serializable("reading")
class Written(keras.Model):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.first, self.second = layers.Conv2D(4, 3), layers.Dense(2)

    def build(self, shape):
        self.first.build(shape)
        self.second.build((None, 4))

    def call(self, x):
        return self.second(ops.mean(self.first(x), axis=(1, 2)))


def chain():
    stack = [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((16, 16, 3)), *stack])


def branches():
    image, other = keras.Input((16, 16, 3), name="image"), keras.Input((8,), name="other")
    tower = keras.Sequential(
        [keras.Input((16, 16, 4)), layers.Conv2D(4, 3, padding="same"), layers.ReLU()], name="tower"
    )
    x = layers.Conv2D(4, 1)(image)
    x = tower(x) + tower(tower(x)) * 2.0
    x = ops.concatenate([ops.mean(x, axis=(1, 2)), other], axis=-1)
    return keras.Model([image, other], {"y": layers.Dense(3, activation=keras.activations.gelu)(x)})


def custom():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, Scale()(layers.Conv2D(4, 3)(x)))


def written():
    model = Written()
    model.build((None, 16, 16, 3))
    return model


def recurrent():
    cells = [layers.LSTMCell(4), layers.GRUCell(3)]
    stack = [layers.Embedding(50, 8), layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.RNN(cells)]
    return keras.Sequential([keras.Input((12,), dtype="int32"), *stack, layers.Dense(2, kernel_regularizer="l2")])


def attention():
    x = keras.Input((12, 8))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return keras.Model(x, layers.TimeDistributed(layers.Dense(4))(y))


def half():
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, dtype="mixed_float16")])


def quantised():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dense(2)])
    model.quantize("int8")
    return model


def compiled():
    model = chain()
    model.compile("adam", "mse", metrics=["mae"])
    return model


def seeded():
    """Numbers that are large and no sizes, beside a layer that makes values as large as its input."""
    stack = [layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0]), layers.Dropout(0.5, seed=2**31 - 1)]
    last = layers.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=1_999_999_999))
    return keras.Sequential([keras.Input((16, 16, 3)), *stack, last])


def mobile():
    return keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3))


MODELS = {build.__name__: build for build in (chain, branches, custom, written, recurrent, attention, half, quantised,
                                              seeded, compiled, mobile)}  # fmt: skip
NOT_IN = {"h5": {"written", "quantised", "branches", "attention"}, "json": set(), "keras": set()}
"""What Keras itself does not write, or does not read again, in a format."""


def store(model, folder, kind):
    path = folder / f"model.{kind}"
    if kind == "json":
        path.write_text(model.to_json())
    else:
        model.save(path)
    return path


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, left in NOT_IN.items() for name in MODELS if name not in left]
)
def test_the_report_is_that_of_the_model(tmp_path, name, kind):
    model = MODELS[name]()
    path = store(model, tmp_path, kind)
    expected = cnnstats.analyze(model)
    again = cnnstats.analyze(cnnstats.read_model(path))
    if name == "written":  # the layers that it makes have other numbers
        assert cnnstats.compare(expected, again).is_same
        return
    assert again.rows == expected.rows
    assert again.disagreements == expected.disagreements or name == "compiled"
    assert again.totals == expected.totals


def test_no_weight_is_read(tmp_path):
    """A file whose weights are gone reads the same, and the model has none."""
    path = store(chain(), tmp_path, "keras")
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "bare.keras", "w") as bare:
        bare.writestr("config.json", archive.read("config.json"))
    model = cnnstats.read_model(tmp_path / "bare.keras")
    assert cnnstats.analyze(model).rows == cnnstats.analyze(cnnstats.read_model(path)).rows
    assert path.read_bytes() == whole
    assert not model.compiled


@pytest.mark.parametrize("name", ["no_end", "model.txt", "model.h5", "a b.zip"])
def test_the_name_says_nothing(tmp_path, name):
    store(chain(), tmp_path, "keras").rename(tmp_path / name)
    assert cnnstats.read_model(tmp_path / name).count_params() == chain().count_params()


def test_custom_objects(tmp_path):
    class Twice(layers.Layer):
        def call(self, x):
            return x + x

    x = keras.Input((4,))
    path = store(keras.Model(x, Twice()(x)), tmp_path, "keras")
    with pytest.raises(cnnstats.FileError, match=r"Twice is no class of Keras.*name its module"):
        cnnstats.read_model(path)
    assert cnnstats.read_model(path, {"Twice": Twice}).layers[1].__class__ is Twice


def test_custom_objects_of_modules():
    found = custom_objects_of([Scale.__module__])
    assert found["Scale"] is found["reading>Scale"]
    assert found["store"].__name__ == "store"
    for name, message in (("nowhere.at.all", "no module"), ("os; import sys", "name of a module")):
        with pytest.raises(cnnstats.FileError, match=message):
            custom_objects_of([name])


def test_modules_vouch_for_what_is_theirs(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("from keras.layers import Dense\nclass Mine(Dense):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {"Mine"} <= set(custom_objects_of(["mine"])) <= {"Mine", "Custom>Mine"}


@pytest.mark.parametrize(
    ("code", "message"),
    [("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"), ("1 +", "SyntaxError")],
)
def test_a_module_that_cannot_be_imported_is_named(tmp_path, monkeypatch, code, message):
    (tmp_path / "nowhere_at_all_layers.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(cnnstats.FileError, match="'nowhere_at_all_layers' cannot be imported") as caught:
        custom_objects_of(["nowhere_at_all_layers"])
    assert message in str(caught.value)


def test_nothing_is_left_behind(tmp_path):
    path = store(chain(), tmp_path, "keras")
    before = layers.Dense(1).name
    cnnstats.read_model(path)
    number = int(before.rpartition("_")[2]) if "_" in before else 0
    assert layers.Dense(1).name == f"dense_{number + 1}"
    bad = json.loads(chain().to_json())
    bad["config"]["layers"][1]["config"]["filters"] = -3
    (tmp_path / "bad.json").write_text(json.dumps(bad))
    with pytest.raises(cnnstats.FileError):
        cnnstats.read_model(tmp_path / "bad.json")
    # One of the chain that was made for its configuration.
    assert layers.Dense(1).name == f"dense_{number + 3}"


def test_hdf5_of_keras_2(tmp_path):
    """As tf.keras wrote it: tuples with a tag, classes without modules, shapes where the input is."""
    first = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 8, 8, 3], "dtype": "float32", "name": "i"},
    }
    second = {
        "class_name": "Conv2D",
        "config": {
            "name": "conv",
            "filters": 4,
            "kernel_size": {"class_name": "__tuple__", "items": [3, 3]},
            "padding": "same",
            "activation": "relu",
            "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        },
    }
    config = {"class_name": "Sequential", "config": {"name": "old", "layers": [first, second]}}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
    assert cnnstats.analyze(cnnstats.read_model(tmp_path / "old.h5"))["conv"].macs == 64 * 27 * 4


def test_a_saved_model(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)]).export(
        tmp_path / "saved", verbose=False
    )
    with pytest.raises(cnnstats.FileError, match="is a program"):
        cnnstats.read_model(tmp_path / "saved")
    report = cnnstats.analyze(cnnstats.read_model(tmp_path / "saved", trusted=True))
    assert (report.totals.macs, report.totals.params) == (36 * 27 * 4 + 144 * 2, 112 + 290)
    assert [row.source for row in report.rows] == ["measured"]
