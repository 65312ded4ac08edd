"""Bad and hostile input: one clear message, a meaningful exit code, nothing on standard output, nothing half written.

What a file may hold that it should not is told in tests/reading; here is what a user, or a script, may type.
"""

import io
import json
import zipfile
from typing import NamedTuple

import pytest

CANARY = "executed"


class Case(NamedTuple):
    """What is typed, the exit code, a part of the message, and files that are there."""

    arguments: str
    message: str
    code: int = 2
    files: tuple[tuple[str, bytes], ...] = ()


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def keras_file(config: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        file.writestr("metadata.json", "{}")
    return stream.getvalue()


def sequential(*layers: object) -> dict:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "trainable": True, "layers": list(layers), "build_input_shape": [None, 4]},
        "registered_name": None,
    }


def layer(name: str, **config: object) -> dict:
    return {"module": "keras.layers", "class_name": name, "config": config, "registered_name": None}


EVIL_LAMBDA = layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAA==", "defaults": None}})
EVIL_CALL = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
EVIL_MODULE = {"module": "builtins", "class_name": "exec", "config": {"source": f"open('{CANARY}', 'w')"}}


def bomb() -> bytes:
    return keras_file(b" " * 300_000_000)


FILES = {
    "no such file": Case("report gone.keras", "gone.keras"),
    "no such h5": Case("report gone.h5", "gone.h5"),
    "no such json": Case("report gone.json", "gone.json"),
    "a folder named like a file": Case("report folder.keras", "folder.keras", files=(("folder.keras/x", b""),)),
    "an empty file": Case("report a.keras", "a.keras", files=(("a.keras", b""),)),
    "text": Case("report a.keras", "a.keras", files=(("a.keras", b"model = keras.Model()"),)),
    "a truncated archive": Case("report a.keras", "a.keras", files=(("a.keras", keras_file({})[:40]),)),
    "an archive without its end": Case(
        "report a.keras", "a.keras", files=(("a.keras", keras_file(sequential())[:-30]),)
    ),
    "an archive of something else": Case("report a.keras", "config.json", files=(("a.keras", archive(x=b"y")),)),
    "members outside": Case(
        "report a.keras", "out of its folder", files=(("a.keras", archive(**{"..__..__config.json": b"{}"})),)
    ),
    "an enormous member": Case("report a.keras", "a configuration of at most", files=(("a.keras", b""),)),
    "no JSON": Case("report a.keras", "JSON", files=(("a.keras", keras_file(b"{'a': 1}")),)),
    "no UTF-8": Case("report a.keras", "config.json", files=(("a.keras", keras_file(b"\xff\xfe{}")),)),
    "a number": Case("report a.keras", "a.keras", files=(("a.keras", keras_file(3)),)),
    "a list": Case("report a.keras", "a.keras", files=(("a.keras", keras_file([[]])),)),
    "an empty object": Case("report a.keras", "a.keras", files=(("a.keras", keras_file({})),)),
    "deep brackets": Case("report a.keras", "a.keras", files=(("a.keras", keras_file(b"[" * 500_000)),)),
    "a Lambda": Case("report a.keras", "Lambda", files=(("a.keras", keras_file(sequential(EVIL_LAMBDA))),)),
    "a function of the system": Case("report a.keras", "a.keras", files=(("a.keras", keras_file(EVIL_CALL)),)),
    "a function as activation": Case(
        "report a.keras",
        "os",
        files=(("a.keras", keras_file(sequential(layer("Dense", units=1, activation=EVIL_CALL)))),),
    ),
    "a builtin": Case("report a.keras", "builtins", files=(("a.keras", keras_file(sequential(EVIL_MODULE))),)),
    "an unknown class": Case(
        "report a.keras", "Unheard", files=(("a.keras", keras_file(sequential(layer("Unheard", units=1)))),)
    ),
    "text for a number": Case(
        "report a.keras", "a.keras", files=(("a.keras", keras_file(sequential(layer("Dense", units="many")))),)
    ),
    "a negative size": Case(
        "report a.keras", "a.keras", files=(("a.keras", keras_file(sequential(layer("Dense", units=-3)))),)
    ),
    "HDF5 cut off": Case("report a.h5", "a.h5", files=(("a.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 60),)),
    "JSON of nothing": Case("report a.json", "a.json", files=(("a.json", b"{}"),)),
    "a report cut off": Case(
        "report a.json", "from_json", files=(("a.json", b'{"format": "keras_cnnstats.report", "schema_version": 1'),)
    ),
    "a report of another kind": Case(
        "report a.json", "from_json", files=(("a.json", b'{"format": "keras_cnnstats.report", "schema_version": 99}'),)
    ),
    "a report with wrong rows": Case(
        "report a.json",
        "from_json",
        files=(("a.json", b'{"format": "keras_cnnstats.report", "schema_version": 1, "rows": 3}'),),
    ),
    "a SavedModel that is not trusted": Case("report saved", "trusted", files=(("saved/saved_model.pb", b"\x08\x01"),)),
    "a SavedModel that is none": Case(
        "report saved --trusted", "saved", files=(("saved/saved_model.pb", b"\x08\x01"),)
    ),
}

NAMES = {
    "nothing": Case("report", "MODEL"),
    "an empty name": Case("report ''", "MODEL"),
    "no network": Case("report ResNet51", "Did you mean `ResNet50`"),
    "control characters": Case("report \x1b[31mred", "MODEL"),
    "very long": Case("report " + "x" * 5000, "MODEL"),
    "no module": Case("report :build", "module"),
    "no attribute": Case("report theirs:", "attribute"),
    "code for a name": Case(f"report __import__('os').system('touch_{CANARY}'):x", "module"),
    "an unknown module": Case("report nowhere:build", "nowhere"),
    "an unknown attribute": Case("report theirs:biuld", "Did you mean `build`"),
    "a factory that fails": Case("report theirs:broken", "cannot be built"),
    "a factory that leaves": Case("report theirs:leaves", "SystemExit"),
    "a factory of nothing": Case("report theirs:nothing", "None"),
    "a number for a model": Case("report theirs:number", "3"),
    "an argument too few": Case("report theirs:needs", "argument"),
    "an argument too many": Case("report theirs:build -a depth=3", "depth"),
    "an argument without a value": Case("report theirs:build -a width", "NAME=VALUE"),
    "an unknown module of layers": Case("report theirs:build --custom-objects nowhere", "nowhere"),
    "an unknown command": Case("reprot ResNet50", "Did you mean `report`"),
    "an unknown option": Case("report ResNet50 --colums layer", "--columns"),
}

SHAPES = {
    "words": Case("report theirs:build --input-shape big", "224,224,3"),
    "negative": Case("report theirs:build --input-shape -1,3", "224,224,3"),
    "fractions": Case("report theirs:build --input-shape 2.5,3,3", "224,224,3"),
    "empty": Case("report theirs:build --input-shape ''", "224,224,3"),
    "too few axes": Case("report theirs:build --input-shape 32,32", "axes"),
    "other channels": Case("report theirs:build --input-shape 32,32,4", "input_shape"),
    "zero": Case("report theirs:two_inputs --input-shape 0,8,3 --input-shape 0,8,3", "input_shape"),
    "astronomical": Case("report theirs:build --input-shape " + "9" * 40 + ",3,3", "224,224,3"),
    "one name of two": Case("report theirs:two_inputs --input-shape left=8,8,3 --input-shape 8,8,3", "name all"),
    "an unknown input": Case("report theirs:two_inputs --input-shape l=8,8,3 --input-shape right=8,8,3", "`left`"),
    "one of two": Case("report theirs:two_inputs --input-shape 8,8,3", "input"),
    "no samples": Case("report theirs:build --batch-size 0", "batch-size"),
    "samples in words": Case("report theirs:build --batch-size many", "batch-size"),
    "an unknown convention": Case("report theirs:build --convention gflops", "convention"),
}

AMOUNTS = {
    "no budget": Case("check theirs:build", "--max-params"),
    "an unknown unit": Case("check theirs:build --max-params 5Q", "5M"),
    "negative": Case("check theirs:build --max-params=-5", "5M"),
    "not a number": Case("check theirs:build --max-flops nan", "4.1G"),
    "infinite": Case("check theirs:build --max-flops inf", "4.1G"),
    "very long": Case("check theirs:build --max-params " + "9" * 5000, "max-params"),
    "bits": Case("check theirs:build --max-activation-memory 5Mbit", "200MB"),
    "arithmetic": Case("check theirs:build --max-params 2**40", "5M"),
    "an unknown budget": Case("check theirs:build --max-layers 5", "max-"),
    "settings that are no TOML": Case("check", "TOML", files=(("pyproject.toml", b"[tool.cnnstats\n"),)),
    "settings that are no table": Case("check", "table", files=(("pyproject.toml", b"[tool]\ncnnstats = 3\n"),)),
    "an unknown setting": Case(
        "check theirs:build",
        "Did you mean `max-params`",
        files=(("pyproject.toml", b"[tool.cnnstats]\nmax-parms = 3\n"),),
    ),
    "a setting of another type": Case(
        "check theirs:build", "5M", files=(("pyproject.toml", b"[tool.cnnstats]\nmax-params = [1]\n"),)
    ),
    "models that are no tables": Case(
        "check", "table", files=(("pyproject.toml", b'[tool.cnnstats.models]\n"theirs:build" = 3\n'),)
    ),
    "a shape of another type": Case(
        "check theirs:build",
        "input-shape",
        files=(("pyproject.toml", b"[tool.cnnstats]\nmax-params = 3\ninput-shape = 3\n"),),
    ),
    "samples of another type": Case(
        "check theirs:build",
        "batch-size",
        files=(("pyproject.toml", b"[tool.cnnstats]\nmax-params = 3\nbatch-size = true\n"),),
    ),
}

OUTPUTS = {
    "no such folder": Case("report theirs:build -o nowhere/report.html", "nowhere"),
    "a folder": Case("report theirs:build -o folder", "folder", files=(("folder/x", b""),)),
    "an unknown format": Case("report theirs:build -f yaml", "yaml"),
    "a format of another command": Case("compare theirs:build theirs:build -o c.tex", "--output"),
    "columns of a whole report": Case("report theirs:build -f json --columns macs", "--columns"),
    "an unknown column": Case("report theirs:build --columns layer,mac", "Did you mean `macs`"),
    "an unknown column to sort by": Case("report theirs:build --sort size", "columns"),
    "reverse of nothing": Case("report theirs:build --reverse", "--sort"),
    "no depth": Case("report theirs:build --depth 0", "depth"),
    "one model to compare": Case("compare theirs:build", "two models"),
    "names too few": Case("compare theirs:build theirs:build --names a", "--names"),
    "a picture of an unknown format": Case("plot theirs:build -o p.exe", "--output"),
    "a picture of nothing": Case("plot -o p.png", "MODEL"),
    "a roofline of no machine": Case("plot theirs:build -k roofline -o p.png", "--peak-flops"),
    "a front of one": Case("plot theirs:build -k pareto -o p.png", "two models"),
    "a machine that stands still": Case(
        "plot theirs:build -k roofline --peak-flops 0 --bandwidth nan -o p.png", "peak_flops"
    ),
    "an unknown code": Case("explain F99", "F3"),
    "an unknown shell": Case("completion cmd", "bash"),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "file": FILES,
        "name": NAMES,
        "shape": SHAPES,
        "amount": AMOUNTS,
        "output": OUTPUTS,
    }.items()
    for name, case in cases.items()
}


def test_there_are_many():
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gives_one_message_and_leaves_nothing(run, here, name):
    case = CASES[name]
    for path, data in case.files:
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_bytes(bomb() if name == "file: an enormous member" else data)
    before = contents(here)
    words = ["" if word == "''" else word for word in case.arguments.split(" ")]
    result = run(*words)
    assert (result.code, result.out) == (case.code, "")
    lines = [line for line in result.err.splitlines() if line != "printed by the user's code"]
    assert lines[0].startswith("error: ")
    assert case.message in result.err
    assert "Traceback" not in result.err
    assert "defect" not in result.err
    assert "\x1b" not in result.err
    assert len(result.err) < 6000
    assert contents(here) == before


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path: path.stat().st_size for path in files}
