"""What an analysis asks of Python for each row, and what it holds of it: counted, not timed."""

from collections.abc import Callable

import keras
import pytest

import keras_cnnstats as cnnstats
from benchmarks.speed.giants import built, chain
from keras_cnnstats.describe import facts_of, made_of
from tests.analysis.counted import blocks, bytes_held, calls, python_calls

CACHES = {"facts_of": facts_of, "made_of": made_of}

RENDERINGS = ("to_text", "to_csv", "to_markdown", "to_latex", "to_html", "to_json", "to_dataframe")


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    with cnnstats.abstract():
        return keras.applications.ResNet50(weights=None)


@pytest.fixture(scope="module")
def short() -> keras.Model:
    return built(chain, 200)


@pytest.fixture(scope="module")
def long() -> keras.Model:
    return built(chain, 1000)


def test_calls_of_each_row(resnet: keras.Model) -> None:
    rows = len(cnnstats.analyze(resnet))
    # 104.7 measured, with Keras 3.15 and Python 3.11.
    assert python_calls(lambda: cnnstats.analyze(resnet)) <= 120 * rows


def misses(work: Callable[[], object]) -> dict[str, int]:
    before = {name: cache.cache_info().misses for name, cache in CACHES.items()}
    work()
    return {name: cache.cache_info().misses - before[name] for name, cache in CACHES.items()}


def test_a_second_analysis_describes_nothing(resnet: keras.Model) -> None:
    cnnstats.analyze(resnet)
    assert misses(lambda: cnnstats.analyze(resnet)) == dict.fromkeys(CACHES, 0)


def test_a_block_is_described_once_however_often_it_comes() -> None:
    found = []
    for count in (2, 10):
        model = built(blocks, count)
        for cache in CACHES.values():
            cache.cache_clear()
        found.append(misses(lambda model=model: cnnstats.analyze(model)))
    assert found[0] == found[1]
    # The check sees what is described.
    assert all(5 < count < 20 for count in found[0].values())


def test_each_row_holds_as_much_in_a_larger_model(short: keras.Model, long: keras.Model) -> None:
    few, many = (bytes_held(lambda model=model: cnnstats.analyze(model))[0] for model in (short, long))
    assert 0.9 < (many / 1000) / (few / 200) < 1.1


def test_a_report_that_is_gone_leaves_nothing(long: keras.Model) -> None:
    _, once = bytes_held(lambda: cnnstats.analyze(long))
    held, left = bytes_held(lambda: cnnstats.analyze(long), times=5)
    assert held > 1000 * 500
    # Python keeps some tuples for itself, for the next that are as long: 2.0 to 5.2 %, after one analysis or five.
    assert once < 0.06 * held
    assert left < once + 0.02 * held


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_row_is_rendered_as_fast_in_a_longer_report(short: keras.Model, long: keras.Model, name: str) -> None:
    reports = [cnnstats.analyze(short), cnnstats.analyze(long)]
    # What is met once is kept: a pattern of text, a template.
    getattr(reports[0], name)()
    few, many = (calls(getattr(report, name)) / len(report) for report in reports)
    assert many < 1.05 * few
