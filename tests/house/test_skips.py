"""The suite's own rule: what is skipped has a reason, and can be asked for again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import shutil, pytest
def test_runs(): pass
def test_lacks_something(): pytest.skip("no such thing here")
@pytest.mark.xfail(strict=True, reason="known")
def test_fails(): assert False
def test_programs(): print([name for name in ("dot", "chromium", "fc-list") if shutil.which(name)], shutil.which("sh"))
"""
WORDLESS = "import pytest\n@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pytest.skip()\n"


def run(text, folder, *options):
    """A suite of this text under the conftest of this one: its exit status and what it prints."""
    (folder / "test_suite.py").write_text(text)
    tests = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:randomly", "-p", "no:xdist",
                           "-q", "-s", *options], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(tests)})
    return done.returncode, done.stdout + done.stderr


def test_a_skip_without_words_is_an_error(tmp_path):
    status, printed = run(WORDLESS, tmp_path)
    assert status == 1 and printed.count("ERROR: test_suite.py::test_") == 2


@pytest.mark.skipif(os.name != "posix", reason="programs are hidden by a folder of links")
def test_what_is_skipped_is_written_down_and_can_be_an_error(tmp_path):
    status, printed = run(SUITE, tmp_path, "--skipped-to", "skipped", "--bare")
    assert status == 0 and "[] /" in printed
    assert (tmp_path / "skipped").read_text() == "test_suite.py::test_lacks_something\n"
    status, printed = run(SUITE, tmp_path, "--no-skips", "@skipped")
    assert status == 1 and "ERROR: test_suite.py::test_lacks_something is skipped: no such thing here" in printed
    assert "1 skipped in" in printed
