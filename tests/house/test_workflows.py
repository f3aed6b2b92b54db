"""The hosted workflows cover what pyproject.toml claims."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")}
CLAIMED = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))


def test_every_python_that_is_claimed_is_tested():
    matrices = re.findall(r"python: \[(.*)\]", WORKFLOWS["tests.yml"])
    assert len(matrices) == 2 and all(re.findall(r'"([\d.]+)"', matrix) == CLAIMED for matrix in matrices)


def test_a_wheel_is_built_for_every_python_that_is_claimed():
    assert PROJECT["tool"]["cibuildwheel"]["build"] == " ".join(f"cp{v.replace('.', '')}-*" for v in CLAIMED)
    assert f">={CLAIMED[0]}" == PROJECT["project"]["requires-python"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned(name):
    """To a whole version, so that a run of today and one of next year do the same."""
    uses = re.findall(r"uses: (\S+)", WORKFLOWS[name])
    assert uses and all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", action) for action in uses)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_files_that_a_workflow_names_exist(name):
    """`.ci/run` and the like, and what cibuildwheel runs."""
    text = WORKFLOWS[name] + PROJECT["tool"]["cibuildwheel"]["test-command"]
    files = set(re.findall(r"\.ci/\w+(?:\.py)?", text))
    assert files and all((ROOT / file).exists() for file in files)
