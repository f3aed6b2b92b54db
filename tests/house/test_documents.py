"""What the documents say is true: the README's tour and commands, the benchmarks, the notebook."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readmes_tour_runs():
    tour = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    test = doctest.DocTestParser().get_doctest(tour, {}, "README", "README.md", 0)
    result = doctest.DocTestRunner().run(test)
    assert result.attempted == 19 and result.failed == 0


def test_the_readme_has_two_commands_each_one_line():
    section = README.split("## Two commands")[1].split("\n## ")[0]
    commands = re.findall(r"```sh\n(.*?)```", section, re.S)
    assert len(commands) == 2 and all(c.count("\n") == 1 and c.startswith("python3 -m venv") for c in commands)


@pytest.mark.parametrize("document", [*ROOT.glob("*.md"), *ROOT.glob("autograd_nn/**/*.md")], ids=lambda p: p.name)
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)#]+?)\)", document.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("bench_*.py")), ids=lambda p: p.stem)
def test_benchmarks_run(path, monkeypatch, capsys):
    """Each once and small, so that it cannot rot; a peer that is missing is left out by the script."""
    monkeypatch.syspath_prepend(str(path.parent))
    module = importlib.import_module(path.stem)
    module.main(["--quick"])
    assert "median" in capsys.readouterr().out
    sys.modules.pop(path.stem)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("learn_*.py")), ids=lambda p: p.stem)
def test_learning_runs(path):
    """Each once, for a few steps, in a process of its own: it sets the number of threads before NumPy loads."""
    done = subprocess.run([sys.executable, path, "--quick"], capture_output=True, text=True)
    assert done.returncode == 0 and "bar" in done.stdout, done.stderr


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_execute_and_are_paired(path, tmp_path):
    import jupytext
    import nbclient
    notebook = jupytext.read(path)
    pair = jupytext.read(path.with_suffix(".ipynb"))
    cells = lambda nb: [(c.cell_type, c.source) for c in nb.cells]
    assert cells(notebook) == cells(pair), f"jupytext --sync {path.name}"
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3",
                            resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert any("image/svg+xml" in o.get("data", {}) for o in outputs)
    assert [o.text for o in outputs if o.get("name") == "stderr"] == []


def test_there_is_a_notebook():
    assert NOTEBOOKS
