"""When the garbage collector walks, and over what."""

import atexit
import contextlib
import gc
import sys

import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats import collector


def test_the_collector_looks_at_what_is_made_inside_alone(monkeypatch):
    frozen = [0]
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(frozen[-1] + 1))
    monkeypatch.setattr(gc, "unfreeze", lambda: frozen.append(0))
    monkeypatch.setattr(gc, "get_freeze_count", lambda: frozen[-1])
    with cnnstats.abstract():
        assert frozen == [0, 1]
        with cnnstats.abstract():
            pass
        assert frozen == [0, 1]  # the one inside gives nothing back that the one outside has set aside
    assert frozen == [0, 1, 0]


def test_what_a_user_has_set_aside_stays_there(monkeypatch):
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 7)
    monkeypatch.setattr(gc, "unfreeze", lambda: pytest.fail("nobody asked for that"))
    with cnnstats.abstract():
        pass


def test_a_collector_that_is_off_is_not_asked_what_is_set_aside(monkeypatch):
    monkeypatch.setattr(gc, "isenabled", lambda: False)
    for name in ("get_freeze_count", "freeze", "unfreeze"):
        monkeypatch.setattr(gc, name, lambda: pytest.fail("that walks over all that is set aside"))
    with cnnstats.abstract():
        pass


@pytest.mark.parametrize("enabled", [True, False])
def test_a_pause_ends_as_it_began(enabled):
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with contextlib.suppress(ArithmeticError), collector.paused():
            assert not gc.isenabled()
            raise ArithmeticError
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What is asked of the collector; there is a module to be started that notes whether it is at work, and fails."""
    noted = []
    monkeypatch.setattr(gc, "freeze", lambda: noted.append("set aside"))
    monkeypatch.setattr(atexit, "register", lambda function: noted.append(f"at the end: {function is gc.freeze}"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "module_to_be_started.py").write_text("import gc\nwalks = gc.isenabled()\n")
    (tmp_path / "module_that_fails.py").write_text("import sys\nsys.stderr.write('why')\nraise LookupError\n")
    yield noted
    sys.modules.pop("module_to_be_started", None)


def test_keras_starts_without_a_walk(calls, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    collector.start("module_to_be_started")
    assert not sys.modules["module_to_be_started"].walks
    assert gc.isenabled()
    assert calls == ["set aside", "at the end: True"]


def test_where_keras_is_there_nothing_is_set_aside(calls):
    collector.start("module_to_be_started")
    assert sys.modules["module_to_be_started"].walks
    assert calls == []


def test_a_start_that_fails_says_why(calls, monkeypatch, capfd):
    monkeypatch.delitem(sys.modules, "keras")
    with pytest.raises(LookupError):
        collector.start("module_that_fails")
    assert capfd.readouterr().err == "why"
    assert calls == []
