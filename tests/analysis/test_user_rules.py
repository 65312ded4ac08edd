"""Rules of the user's own."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Cost, Elementwise, Pooling, Window


class Wider(layers.Conv2D):
    """A convolution by another name."""


class Cheaper(layers.Conv2D):
    """A convolution that does something else."""

    def call(self, x):
        return super().call(x) * 0


class Unruled(layers.Layer):
    """Has no rule."""

    def call(self, x):
        return x


def one_layer(layer: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((8, 8, 3)), layer])


def three_per_element(call):
    return [Elementwise(cost=Cost(3), elements=call.output.elements)]


def test_a_rule_of_the_user_counts():
    class Tripled(layers.Layer):
        def call(self, x):
            return x

    assert cnnstats.rule(Tripled)(three_per_element) is three_per_element
    row = cnnstats.analyze(one_layer(Tripled())).rows[0]
    assert (row.flops, row.source, row.receptive_field) == (3 * 192, "rule", (1, 1))


def test_a_second_rule_is_refused():
    with pytest.raises(cnnstats.RuleError) as caught:
        cnnstats.rule(layers.Conv2D)(three_per_element)
    assert str(caught.value) == (
        "rule: `Conv2D` has a rule already, `convolution`. "
        "To use another one for one analysis, pass analyze(model, rules={...})."
    )


def test_a_conflict_registers_none_of_the_targets():
    class Fresh(layers.Layer):
        pass

    with pytest.raises(cnnstats.RuleError):
        cnnstats.rule(Fresh, layers.Conv2D)(three_per_element)
    cnnstats.rule(Fresh)(three_per_element)


def test_what_is_no_class_can_have_no_rule():
    with pytest.raises(
        cnnstats.RuleError, match=r"expected a layer class or a function of keras\.ops\. Received: 'Conv2D'"
    ):
        cnnstats.rule("Conv2D")(three_per_element)


def test_rules_for_one_analysis_go_first_and_stay_there():
    model = one_layer(layers.Conv2D(4, 3, use_bias=False))
    assert cnnstats.analyze(model, rules={layers.Conv2D: three_per_element}).rows[0].macs == 0
    assert cnnstats.analyze(model).rows[0].macs == 36 * 27 * 4


def test_a_subclass_inherits_the_rule():
    row = cnnstats.analyze(one_layer(Wider(4, 3))).rows[0]
    assert (row.macs, row.source) == (36 * 27 * 4, "inherited")
    assert row.note == "counted as the `Conv2D` it is a subclass of"


def test_a_subclass_that_calls_otherwise_is_followed():
    report = cnnstats.analyze(one_layer(Cheaper(4, 3)))
    assert [(row.type, row.source) for row in report][:3] == [
        ("conv", "traced"),
        ("add", "traced"),
        ("multiply", "traced"),
    ]
    assert (report.totals.macs, report.totals.params) == (36 * 27 * 4, 112)


class Standardized(layers.Conv2D):
    """Writes what is done with the kernel anew, and leaves `call` as it is."""

    def convolution_op(self, inputs, kernel):
        kernel = keras.ops.stop_gradient(kernel)
        return super().convolution_op(inputs, kernel) + super().convolution_op(inputs, kernel)


def test_a_subclass_that_convolves_otherwise_is_followed():
    report = cnnstats.analyze(one_layer(Standardized(4, 3)))
    assert report.totals.macs == 2 * 36 * 27 * 4
    assert "inherited" not in {row.source for row in report.rows}


class Closed(layers.Conv2D):
    """Calls otherwise than its base class, and cannot be followed."""

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("no symbolic tensors here")
        return super().call(x)


def test_a_subclass_that_calls_otherwise_and_cannot_be_followed_is_measured():
    row = cnnstats.analyze(one_layer(Closed(4, 3))).rows[0]
    assert (row.source, row.macs) == ("measured", 36 * 27 * 4)
    assert "no symbolic tensors here" in row.note


class Locked(layers.Conv2D):
    """Calls otherwise than its base class, and cannot be followed or measured."""

    def call(self, x):
        keras.ops.convert_to_numpy(x)
        return super().call(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], 6, 6, 4))


def test_a_subclass_that_calls_otherwise_and_keeps_it_to_itself_says_so():
    row = cnnstats.analyze(one_layer(Locked(4, 3))).rows[0]
    assert (row.source, row.macs) == ("inherited", 36 * 27 * 4)
    assert row.note.endswith(
        "counted as the `Conv2D` it is a subclass of; it writes its own `call`, which may cost something else"
    )


def test_a_subclass_with_a_weight_more_is_found_out():
    class Scaled(layers.Conv2D):
        def build(self, shape):
            super().build(shape)
            self._tracker.unlock()
            self.scale = self.add_weight(shape=(4,))
            self._tracker.lock()

    report = cnnstats.analyze(one_layer(Scaled(4, 3)))
    (finding,) = [each for each in report.disagreements if not each.explained]
    assert (finding.code, finding.expected, finding.actual) == ("P0", 112, 116)


def test_a_rule_that_fails_costs_one_row():
    def failing(_call):
        raise ZeroDivisionError("nothing to share")

    row = cnnstats.analyze(one_layer(Unruled()), rules={Unruled: failing}).rows[0]
    assert (row.macs, row.note) == (None, "its rule failed: ZeroDivisionError: nothing to share")


def test_a_rule_may_write_lists():
    """Of windows, of maps: whatever has several of something."""

    def pooled(call):
        windows = [Window(kernel=3, padding="same", size=size, positions=size) for size in call.input.spatial]
        return [Pooling(windows=windows, channels=call.input.channels, average=True)]

    found = cnnstats.analyze(one_layer(Unruled()), rules={Unruled: pooled}).rows[0]
    expected = cnnstats.analyze(one_layer(layers.AveragePooling2D(3, strides=1, padding="same"))).rows[0]
    assert found.note == ""
    assert (found.flops, found.receptive_field) == (expected.flops, expected.receptive_field)


def test_windows_one_after_the_other_are_what_the_formula_says():
    """The textbook's formula goes through both: where it comes to what is counted, there is nothing to explain."""

    def pooled_twice(call):
        axes = [Window(kernel=3, padding="same", size=size, positions=size) for size in call.input.spatial]
        wide = [axis._replace(kernel=5) for axis in axes]
        pools = [Pooling(windows=windows, channels=call.input.channels, average=True) for windows in (axes, wide)]
        return [pools[0], Elementwise(cost=Cost(1), elements=call.output.elements), pools[1]]

    report = cnnstats.analyze(one_layer(Unruled(name="pooled")), rules={Unruled: pooled_twice})
    assert report["pooled"].receptive_field == (7, 7)
    assert [found for found in report.disagreements if found.quantity == "receptive field"] == []


def test_a_rule_has_to_return_primitives():
    def wrong(_call):
        return 42

    with pytest.raises(cnnstats.RuleError, match=r"the rule `wrong` has to return a list of primitives\. Received: 42"):
        cnnstats.analyze(one_layer(Unruled(name="layer")), rules={Unruled: wrong})


def test_an_activation_of_the_user_is_counted():
    plain = cnnstats.analyze(one_layer(layers.Conv2D(4, 3))).rows[0]
    row = cnnstats.analyze(one_layer(layers.Conv2D(4, 3, activation=lambda x: x * x))).rows[0]
    assert (row.macs, row.flops - plain.flops) == (plain.macs, 36 * 4)


def test_an_activation_of_the_user_that_mixes_values_makes_the_row_unknown():
    row = cnnstats.analyze(one_layer(layers.Conv2D(4, 3, activation=lambda x: x - keras.ops.max(x)))).rows[0]
    assert (row.macs, row.note) == (None, "the activation `<lambda>` is no function of each element by itself")


def test_an_activation_layer_inside_a_layer_is_counted():
    plain, ending = layers.Dense(4), layers.Dense(4, activation=layers.LeakyReLU(0.1))
    difference = cnnstats.analyze(one_layer(ending)).rows[0].flops - cnnstats.analyze(one_layer(plain)).rows[0].flops
    assert difference == 2 * 8 * 8 * 4


@pytest.mark.parametrize(
    ("shape", "note"), [((8, 8, 3), "its rule leaves a size open"), ((None, 8, 3), "pass input_shape")]
)
def test_a_size_that_a_rule_leaves_open_is_not_asked_of_the_input(shape, note):
    def pooled(call):
        windows = [Window(kernel=3, size=size) for size in call.input.spatial]
        return [Pooling(windows=windows, channels=call.input.channels, average=False)]

    model = keras.Sequential([keras.Input(shape), keras.layers.MaxPooling2D(3, strides=1, name="pooled")])
    row = cnnstats.analyze(model, rules={keras.layers.MaxPooling2D: pooled})["pooled"]
    assert row.flops is None
    assert note in row.note


class Chosen(layers.Layer):
    """As many of the rows as have a positive sum."""

    def call(self, x):
        rows = keras.ops.convert_to_numpy(x)[0]
        return rows[None, rows.sum(axis=-1) > 0]

    def compute_output_spec(self, x):
        return keras.KerasTensor((None, None, x.shape[-1]))


def test_a_size_that_the_values_decide_is_not_asked_of_the_input():
    inputs = keras.Input((8, 3))
    row = cnnstats.analyze(keras.Model(inputs, layers.Dense(2, name="dense")(Chosen()(inputs))))["dense"]
    assert (row.macs, row.note) == (None, "its sizes are known only when the model runs")
