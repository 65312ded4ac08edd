"""Runs the notebooks of examples/ from top to bottom: `python docs/notebooks.py` stores in them what they show now.

Usage: `python docs/notebooks.py [names]`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples"


def names() -> list[str]:
    """The notebooks there are."""
    return sorted(path.name for path in FOLDER.glob("*.ipynb"))


def run(name: str, folder: Path) -> Any:
    """Returns a notebook as it looks after a run in a kernel of this Python, without what backends say when they start.

    Args:
        name: of the file in examples/.
        folder: an empty one, where the kernel is described and works.
    """
    described = folder / "kernels" / "python3" / "kernel.json"
    described.parent.mkdir(parents=True, exist_ok=True)
    started = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described.write_text(json.dumps({"argv": started, "display_name": "Python 3", "language": "python"}))
    notebook = nbformat.read(FOLDER / name, as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    shown = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": str(ROOT)}
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(folder)
    try:
        client.execute(env={**os.environ, **shown})
    finally:
        os.environ.pop("JUPYTER_PATH")
        os.environ.update({} if before is None else {"JUPYTER_PATH": before})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def main() -> None:
    """Runs and stores."""
    for name in sys.argv[1:] or names():
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(run(name, Path(folder)), FOLDER / name)


if __name__ == "__main__":
    main()
