"""Optional means optional: importing the package costs no package that only some of its functions need."""

import os
import subprocess
import sys
import textwrap

import pytest

NOT_AT_IMPORT = ("pandas", "tabulate", "matplotlib", "jinja2", "dask", "distributed", "jax", "torch", "IPython")

# Keras imports some of these for itself, so that a look at `sys.modules` could not tell who did. They are forgotten
# after `import keras`; who imports them again comes by the guard, also where they are not installed.
PROBE = textwrap.dedent(
    """
    import sys

    {before}
    watched = {watched!r}

    class Guard:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in watched:
                print("imported", name.partition(".")[0])
                raise ModuleNotFoundError(name, name=name)

    for name in [name for name in sys.modules if name.partition(".")[0] in watched]:
        del sys.modules[name]
    sys.meta_path.insert(0, Guard())
    try:
        {statement}
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in watched:
            raise
    """
)


def imported(statement: str, watched: tuple[str, ...], before: str = "import keras") -> list[str]:
    """Which of the `watched` packages the statement imports, in a fresh Python on the TensorFlow backend."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(before=before, watched=watched, statement=statement)],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return [line.removeprefix("imported ") for line in result.stdout.splitlines() if line.startswith("imported ")]


def test_importing_the_package_imports_nothing_optional():
    assert imported("import keras_cnnstats", NOT_AT_IMPORT) == []


@pytest.mark.parametrize("before", ["pass", "import colorsys"], ids=["first import", "already imported by another"])
def test_the_check_sees_an_import(before):
    assert imported("import colorsys", ("colorsys",), before) == ["colorsys"]


def test_the_check_sees_an_import_that_is_not_installed():
    assert imported("import no_such_package", ("no_such_package",), "pass") == ["no_such_package"]


def test_the_check_sees_an_import_that_is_guarded():
    guarded = "exec('try:\\n import colorsys\\nexcept ImportError:\\n pass')"
    assert imported(guarded, ("colorsys",), "pass") == ["colorsys"]


def test_the_check_passes_on_another_import():
    assert imported("import colorsys", ("no_such_package",), "pass") == []


def test_importing_the_package_imports_itself_alone():
    """No Keras, which takes seconds, and no module of its own before somebody asks for what is in it."""
    code = textwrap.dedent(
        """
        import sys
        import collections.abc, importlib, typing

        before = set(sys.modules)
        import keras_cnnstats

        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
        print(*sorted(name for name in sys.modules if name.startswith("keras_cnnstats")))
        keras_cnnstats.CNNStatsError
        print(*sorted(name for name in sys.modules if name.startswith("keras_cnnstats")))
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["keras_cnnstats", "keras_cnnstats", "keras_cnnstats keras_cnnstats.errors"]
