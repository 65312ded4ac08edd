"""Builds wheel and sdist into dist/, and tries them in environments that know nothing of the checkout: `make release`.

Usage: `python .ci/release.py [--oldest] [--extras cli,plot] [--tests "tests/analysis tests/render"]`, with the Python
to try. `--oldest` takes the oldest versions that the package says it works with, and not those of constraints.txt.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
EXTRAS = "cli,html,plot,sweep,distributed,jax,torch,hub"
TESTS = (
    "tests/structure/test_surface.py tests/analysis tests/fields tests/render tests/reading tests/cli tests/comparing"
)
NOT_OLDEST = {"jax", "hub"}
"""Extras that do not go with the oldest TensorFlow: JAX wants a later ml-dtypes, KerasHub another TensorFlow Text."""
MISSING = 3


def call(*command: object, cwd: Path | None = None, expect: int = 0) -> str:
    """Runs a command, and returns what it printed; ends all with it where it does not end as expected."""
    words = [str(each) for each in command]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != expect:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}, expected {expect}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def say(what: str) -> None:
    """Prints at once."""
    print(what, flush=True)


class Environment:
    """An environment of this Python in a folder."""

    def __init__(self, folder: Path, *constraints: Path) -> None:
        call(sys.executable, "-m", "venv", folder)
        self.python = folder / "bin" / "python"
        self.constraints = [word for path in constraints for word in ("--constraint", path)]
        self.install("--upgrade", "pip")

    def install(self, *what: object) -> None:
        """Installs packages, within the constraints."""
        pip = ("-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check", "--no-input", "install")
        call(self.python, *pip, *self.constraints, *what)

    def packages(self) -> set[str]:
        """The packages that are there."""
        return {line.split("==")[0].split(" @")[0] for line in call(self.python, "-m", "pip", "freeze").splitlines()}

    def remove(self, packages: set[str]) -> None:
        """Takes packages away."""
        if packages:
            call(self.python, "-m", "pip", "--quiet", "uninstall", "--yes", *sorted(packages))


def built(tools: Environment) -> tuple[Path, Path]:
    """Returns the sdist, and the wheel that is built out of it."""
    shutil.rmtree(DIST, ignore_errors=True)
    tools.install("build", "twine")
    call(tools.python, "-m", "build", "--outdir", DIST, ROOT)
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    call(tools.python, "-m", "twine", "check", "--strict", sdist, wheel)
    say(f"built and checked: {sdist.name}, {wheel.name}")
    return sdist, wheel


def unpacked(sdist: Path, folder: Path) -> Path:
    """Returns the folder of the sdist's tests and documents, without the package: that is the wheel's."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    shutil.rmtree(inside / "keras_cnnstats")
    return inside


def main() -> None:
    """Goes through it all, and stops at what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--oldest", action="store_true", help="with the oldest versions")
    parser.add_argument("--extras", default=EXTRAS, help="to be tried alone")
    parser.add_argument("--tests", default=TESTS, help="to be run on the wheel")
    options = parser.parse_args()
    constraints = ROOT / (".ci/oldest.txt" if options.oldest else "constraints.txt")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = Environment(folder / "tools")
        sdist, wheel = built(tools)
        source = unpacked(sdist, folder / "sdist")
        tried = Environment(folder / "tried", constraints)
        tried.install(wheel)
        say(f"installed: {', '.join(versions(tried))}")
        script = shutil.copy(source / "tests/release/user.py", folder)
        say(call(tried.python, "-W", "error::SyntaxWarning", script, cwd=folder).rstrip())
        tools.install("mypy")
        tried.install("pandas-stubs")
        # Keras has no types: its classes are `Any`.
        untyped = ("--allow-subclassing-any", "--disable-error-code", "import-untyped")
        types = ("-m", "mypy", "--strict", *untyped, "--python-executable", tried.python, "--no-incremental")
        say(f"mypy --strict of a user's script: {call(tools.python, *types, script, cwd=folder).strip()}")
        alone = shutil.copy(source / "tests/release/extras.py", folder)
        left_out = NOT_OLDEST if options.oldest else set()
        for extra in [each for each in options.extras.split(",") if each and each not in left_out]:
            say(f"without {extra}: {call(tried.python, alone, extra, cwd=folder, expect=MISSING).strip()}")
            before = tried.packages()
            tried.install(f"{wheel}[{extra}]")
            say(call(tried.python, alone, extra, cwd=folder).strip().splitlines()[-1])
            tried.remove(tried.packages() - before)
        if options.tests:
            tried.install(f"{wheel}[{'test' if options.oldest else 'test,jax'}]")
            quietly = ("-W", "ignore") if options.oldest else ()  # they warn of what has changed since
            tests = (
                "-m",
                "pytest",
                "-q",
                "--numprocesses",
                "2",
                "--dist",
                "loadfile",
                *quietly,
                *options.tests.split(),
            )
            say(call(tried.python, *tests, cwd=source).splitlines()[-1])


def versions(environment: Environment) -> list[str]:
    """The versions that decide."""
    code = "import sys; from importlib.metadata import version; print('Python', sys.version.split()[0]);"
    code += "[print(name, version(name)) for name in ('keras-cnnstats', 'keras', 'tensorflow', 'numpy', 'pandas')]"
    return call(environment.python, "-c", code).splitlines()


if __name__ == "__main__":
    main()
