"""How the C files are compiled; pyproject.toml names this file, and only a build reads it."""

from __future__ import annotations

from setuptools import Extension
from setuptools.command import build_ext as standard


class build_ext(standard.build_ext):
    """setuptools' own command, with NumPy's headers, and the options in pyproject.toml for those who know them."""

    def build_extension(self, ext: Extension) -> None:
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = []                  # these are GCC's; and MSVC fuses nothing unasked
        try:
            import numpy
            ext.include_dirs.append(numpy.get_include())
        except ImportError:
            pass                                         # the compiler says what is missing; the package is pure Python
        super().build_extension(ext)
