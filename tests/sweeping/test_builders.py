"""What may be given as builders, and what a builder may do."""

import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.sweeping.candidates import candidates
from tests.sweeping import builders

WELL = {
    "mapping of functions": {"a": builders.plain, "b": builders.strided},
    "mapping with arguments": {"a": (builders.plain, {"width": 3}), "b": builders.plain},
    "triples": [("a", builders.plain, {"width": 3}), ("b", builders.plain, {})],
    "pairs": [("a", builders.plain), ("b", builders.plain)],
    "an iterator": iter([("a", builders.plain), ("b", builders.plain)]),
}


@pytest.mark.parametrize("case", WELL)
def test_builders(case):
    assert [each.name for each in candidates(WELL[case])] == ["a", "b"]


BADLY = {
    "a function": (builders.plain, "expected a mapping of names to functions"),
    "a text": ("ResNet50", "expected a mapping of names to functions"),
    "functions without names": ([builders.plain], r"builders\[0\]: expected a name, a function"),
    "a model, built already": ({"a": 3}, r"builders\[0\]: expected a name, a function .* Received: \('a', 3\)"),
    "arguments that are none": ([("a", builders.plain, 3)], "and its keyword arguments"),
    "a name that is none": ([(3, builders.plain)], "expected a name"),
    "a name twice": ([("a", builders.plain), ("a", builders.plain)], r"builders\[1\].* Received twice: 'a'"),
}


@pytest.mark.parametrize("case", BADLY)
def test_no_builders(case):
    given, message = BADLY[case]
    with pytest.raises(cnnstats.SweepError, match=message):
        cnnstats.sweep(given, processes=0)


NUMBERS = {
    "processes": ({"processes": -1}, "processes: expected an integer of 0 or more. Received: -1"),
    "batch": ({"batch": 0}, "batch: expected an integer of 1 or more"),
    "timeout": ({"timeout": 0}, "timeout: expected seconds"),
    "a timeout without a process": ({"processes": 0, "timeout": 3}, "nobody can end this process"),
    "executor": ({"executor": 3}, "executor: expected a concurrent.futures.Executor"),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_bad_numbers(case):
    arguments, message = NUMBERS[case]
    with pytest.raises(cnnstats.SweepError, match=message):
        cnnstats.sweep({}, **arguments)


def test_an_unknown_convention():
    with pytest.raises(cnnstats.ConventionError):
        cnnstats.sweep({}, convention="tpu")


FAILING = {
    "an error": (builders.raising, {}, "ValueError: cannot be built"),
    "a message of many lines": (builders.raising, {"message": "one\n\ntwo"}, "ValueError: one two"),
    "a message that acts on terminals": (builders.raising, {"message": "\x1b[31mred"}, r"ValueError: \x1b[31mred"),
    "the end of the program": (builders.leaving, {}, "SystemExit: 0"),
    "wrong arguments": (builders.plain, {"depth": 3}, "TypeError: plain() got an unexpected keyword argument 'depth'"),
    "no model": (builders.no_model, {}, "ModelError: "),
}


@pytest.mark.parametrize("case", FAILING)
def test_what_fails_costs_its_row(case):
    build, arguments, message = FAILING[case]
    frame = cnnstats.sweep([("bad", build, arguments), ("good", builders.plain)], processes=0)
    assert frame["error"].to_list()[0].startswith(message)
    assert frame["error"].to_list()[1] == ""
    assert frame["macs"].isna().to_list() == [True, False]


def test_a_long_message_is_cut():
    frame = cnnstats.sweep([("bad", builders.raising, {"message": "x" * 10_000})], processes=0)
    assert len(frame.loc[0, "error"]) < 1000


def test_builders_are_asked_for_when_they_are_handed_out(worker):
    asked: list[int] = []
    at_submission = []

    def space() -> Iterator[Any]:
        for number in range(7):
            asked.append(number)
            yield f"{number}", builders.plain, {"width": number + 1}

    class Watched(Executor):
        def submit(self, *arguments: Any) -> Any:
            at_submission.append(len(asked))
            return worker.submit(*arguments)

    frame = cnnstats.sweep(space(), executor=Watched(), processes=1, batch=2)
    assert frame["name"].to_list() == [f"{number}" for number in range(7)]
    assert at_submission == [2, 4, 6, 7]


def test_equal_keys_are_built_once(tmp_path):
    space = [(f"{number}", builders.noting, {"folder": str(tmp_path), "width": 4 + number % 3}) for number in range(9)]
    frame = cnnstats.sweep(space, processes=0, key=lambda each: each.arguments["width"])
    assert len(list(tmp_path.iterdir())) == 3
    assert frame["same_as"].to_list() == ["", "", "", "0", "1", "2", "0", "1", "2"]
    assert frame["params"].to_list() == [28 * (4 + number % 3) for number in range(9)]
    assert frame["seconds"].to_list()[3:] == [0] * 6


def test_equal_keys_are_built_once_while_the_first_is_at_work(worker, tmp_path):
    space = [(f"{number}", builders.noting, {"folder": str(tmp_path), "width": 4 + number % 3}) for number in range(9)]
    frame = cnnstats.sweep(space, executor=worker, processes=4, batch=3, key=lambda each: each.arguments["width"])
    assert len(list(tmp_path.iterdir())) == 3
    assert frame["name"].to_list() == [f"{number}" for number in range(9)]
    assert frame["same_as"].to_list() == ["", "", "", "0", "1", "2", "0", "1", "2"]


def test_functions_of_functions_go_to_other_processes(worker):
    pytest.importorskip("cloudpickle")
    width = 5
    frame = cnnstats.sweep({"local": lambda: builders.plain(width)}, executor=worker)
    assert frame["params"].to_list() == [28 * 5]


def test_what_cannot_be_sent_is_said(worker):
    lock = threading.Lock()
    with pytest.raises(cnnstats.SweepError, match="'locked': its builder cannot be sent to another process"):
        cnnstats.sweep([("locked", builders.plain, {"width": lock})], executor=worker)


def test_without_cloudpickle_the_way_out_is_said(worker, monkeypatch):
    monkeypatch.setattr("keras_cnnstats.sweeping.candidates.find_spec", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "cloudpickle", None)
    with pytest.raises(cnnstats.SweepError, match=r"install cloudpickle: pip install 'keras-cnnstats\[sweep\]'"):
        cnnstats.sweep({"local": lambda: builders.plain()}, executor=worker)
