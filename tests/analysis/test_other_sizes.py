"""Models at other sizes than they were built for: the quick ways to their shapes say what the long ones say."""

import gc
import weakref

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.capture.models import function_of
from keras_cnnstats.capture.reader import _nodes
from keras_cnnstats.capture.results import _inferred, said_of_shapes
from keras_cnnstats.graph import TensorSpec
from tests.rules.zoo import ZOO, Case, built, cases


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
@pytest.mark.parametrize("case", [case for case in cases(ZOO) if isinstance(case.target, type)], ids=str)
def test_what_a_layer_says_of_shapes_is_what_keras_infers(case: Case) -> None:
    for node in _nodes(function_of(built(case))):
        specs = tuple(TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in node.input_tensors)
        said = said_of_shapes(node, specs)
        assert said is None or said == _inferred(node, specs)


def test_nearly_all_layers_are_asked_the_quick_way() -> None:
    model = keras.applications.MobileNetV3Small(weights=None, input_shape=(None, None, 3), include_top=False)
    nodes = [node for node in _nodes(function_of(model)) if isinstance(node.operation, layers.Layer)]
    given = [tuple(TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in node.input_tensors) for node in nodes]
    asked = [said_of_shapes(node, specs) is not None for node, specs in zip(nodes, given, strict=True)]
    assert sum(asked) > 0.9 * len(asked)


def test_a_report_at_another_size() -> None:
    model = keras.applications.MobileNet(weights=None, input_shape=(None, None, 3), include_top=False)
    report = cnnstats.analyze(model, input_shape=(96, 96, 3), batch_size=2, convention="macs")
    larger = report.with_input_shape((160, 128, 3))
    assert larger.rows == cnnstats.analyze(model, input_shape=(160, 128, 3), batch_size=2, convention="macs").rows
    assert report.with_input_shape((96, 96, 3), batch_size=3).totals.macs * 2 == report.totals.macs * 3


def test_a_report_at_another_size_keeps_its_rules_and_follows_the_model() -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.Dense(4), layers.Dense(5)])
    report = cnnstats.analyze(model, input_shape=(8, 3), rules={layers.Dense: lambda _: []}, sparsity=True)
    model.layers[0].trainable = False
    again = report.with_input_shape((16, 3))
    assert (again.totals.macs, again.totals.trainable_params) == (0, 25)
    assert again.totals.sparsity is not None


def test_a_report_whose_model_is_gone() -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.Dense(4)])
    report, seen = cnnstats.analyze(model, input_shape=(8, 3)), weakref.ref(model)
    stored = cnnstats.Report.from_json(report.to_json())
    with pytest.raises(cnnstats.ModelError, match="never here"):
        stored.with_input_shape((16, 3))
    del model
    gc.collect()
    assert seen() is None
    with pytest.raises(cnnstats.ModelError, match=r"with_input_shape: .* is gone"):
        report.with_input_shape((16, 3))
