"""How a command starts, shows that it works, and ends: in a process of its own, as in a shell."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from keras_cnnstats.cli import main

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}

LOADED = """
import runpy, sys
sys.argv = ["cnnstats", *{arguments!r}]
try:
    runpy.run_module("keras_cnnstats", run_name="__main__", alter_sys=True)
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = {{"keras", "tensorflow", "jax", "torch", "pandas", "numpy", "matplotlib", "rich"}} & set(sys.modules)
print("LOADED", sorted(heavy), file=sys.stderr)
"""


QUICK = ("--help", "--version", "report --help", "check --help", "compare --help", "explain F3", "completion bash")


@pytest.mark.parametrize("arguments", QUICK)
def test_help_imports_nothing_that_takes_time(arguments, tmp_path):
    code = LOADED.format(arguments=arguments.split())
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, check=True
    )
    assert "LOADED []" in done.stderr
    assert done.stdout


def cnnstats(*arguments, **options):
    command = [sys.executable, "-m", "keras_cnnstats", *map(str, arguments)]
    environment = ENVIRONMENT | options.pop("env", {})
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)


def test_only_data_goes_to_standard_output(tmp_path):
    (tmp_path / "own.py").write_text(
        "import keras\nprint('noise')\n"
        "def build():\n    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name='d')])\n"
    )
    done = cnnstats("report", "own:build", "-f", "csv", "--columns", "layer,params", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "layer,params\nd,10\n")
    assert done.stderr == "noise\n"


def test_a_reader_that_leaves_is_no_error(tmp_path):
    (tmp_path / "own.py").write_text(
        "import keras\ndef build():\n"
        "    return keras.Sequential([keras.Input((4,)), *[keras.layers.Dense(4) for _ in range(600)]])\n"
    )
    command = f"{sys.executable} -m keras_cnnstats report own:build -f json | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, check=True
    )
    assert done.stdout.splitlines() == ["{", "0"]
    assert done.stderr == ""


def test_a_terminal_sees_that_it_works_and_how_long(tmp_path):
    """On a terminal each stage shows, with the seconds, and is gone when it is done."""
    (tmp_path / "own.py").write_text(
        "import keras, time\ndef build():\n    time.sleep(1.5)\n"
        "    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])\n"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "keras_cnnstats", "report", "own:build", "-f", "csv"],
        stdout=subprocess.PIPE, stderr=theirs, env=ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "80"}, cwd=tmp_path,
    ) as process:  # fmt: skip
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            seen += part
        data = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    text = seen.decode()
    assert "Starting Keras" in text
    assert "Building own:build" in text
    assert re.search(r"0:00:01", text)
    assert data.startswith(b"layer,")


def test_completion_knows_networks_options_and_codes(tmp_path):
    def completed(words):
        variables = {"_CNNSTATS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return cnnstats(env=variables, cwd=tmp_path).stdout

    assert "plain,ResNet50\n" in completed("cnnstats report ResNet")
    assert "plain,--max-params" in completed("cnnstats check --max-p")
    assert "plain,F3\n" in completed("cnnstats explain F")
    assert "plain,compare" in completed("cnnstats com")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell, capsys):
    assert main(["completion", shell]) == 0
    assert "_CNNSTATS_COMPLETE" in capsys.readouterr().out


def test_without_click_it_says_how_to_get_it(tmp_path):
    code = "import sys; sys.modules['click'] = None; from keras_cnnstats.cli import main; sys.exit(main(['--help']))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'keras-cnnstats[cli]'" in done.stderr


def test_explain_lists_the_codes(capsys):
    from keras_cnnstats.disagree import CODES

    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert all(code in out for code in CODES)
