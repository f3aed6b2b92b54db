"""The layout library inside pygraphviz: silent, and with letters, whatever the system knows of fonts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from helpers.surroundings import needs_library

from autograd_nn.drawing.render import library

pytestmark = needs_library

DRAW = "from autograd_nn import Value, draw; x = Value(3.0, name='w'); picture = draw(x * x); picture.svg()"


def run(program: str, folder, **environment: str) -> str:
    """What a program prints to the standard error where no `dot` is on the PATH."""
    unsaid = {name: value for name, value in os.environ.items() if not name.startswith("FONTCONFIG_")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=folder,
                          env=unsaid | {"PATH": str(folder)} | environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("variable", ["HOME", "FONTCONFIG_FILE", "FONTCONFIG_SYSROOT"])
def test_a_picture_prints_nothing(variable, tmp_path):
    """With the system's fonts, with a configuration that is missing, and with no font at all."""
    assert run(DRAW, tmp_path, **{variable: str(tmp_path / "missing")}) == ""


@pytest.mark.skipif(os.name != "posix", reason="the standard error is closed by a shell")
def test_a_process_without_a_standard_error_draws(tmp_path):
    done = subprocess.run(["/bin/sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, DRAW + "; print(len(picture.svg()))"],
                          capture_output=True, text=True, env=os.environ | {"PATH": str(tmp_path)})
    assert int(done.stdout) > 1000


def test_what_others_print_meanwhile_is_passed_on(capfd):
    with library._without_complaints():
        os.write(2, b"mine\nFontconfig warning: unknown element\nmine too\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "mine\nmine too\nafter\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems say themselves where their fonts are")
def test_letters_are_there_without_any_font_of_the_system(tmp_path):
    """Without a font all letters are equal boxes. So two names of one length are told apart only by a font."""
    program = f"""if True:
        from pathlib import Path
        from autograd_nn import Value, draw
        from autograd_nn.drawing.render import library
        here, text = Path({str(tmp_path)!r}), library.configuration()
        library.SYSTEM = here / "missing"
        library.configuration = lambda: text.replace("<dir>/usr", "<dir>/missing")
        for name in ("ab", "cd"):
            draw(Value(1.0, name=name)).save(here / (name + ".png"))
        """
    same = {}
    for case, environment in (("configured", {}), ("without", {"FONTCONFIG_SYSROOT": str(tmp_path)})):
        assert run(program, tmp_path, **environment) == ""
        same[case] = (tmp_path / "ab.png").read_bytes() == (tmp_path / "cd.png").read_bytes()
    assert same == {"configured": False, "without": True}
