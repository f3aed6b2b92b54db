"""The command line program: `autograd-nn demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from . import __version__
from .entry.demo import DEFAULT_SEED, TASKS, demo
from .errors import AutogradError

PROGRAM = "autograd-nn"


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program on `arguments` (the process's own by default); the exit status.

    0 all is well, 1 it failed, 2 wrong arguments (as SystemExit), 130 interrupted. What went wrong
    is one line on stderr.

    >>> main(["demo", "--weights", "no such file"])
    1
    """
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        return demo(args.task, args.epochs, args.seed, args.out, args.weights)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 1)
    except AutogradError as error:
        return _complain("; ".join(line.strip() for line in str(error).splitlines()), 1)


def _complain(what: str, status: int) -> int:
    print(f"{PROGRAM}: {what}", file=sys.stderr)
    return status


def _parser() -> Parser:
    parser = Parser(PROGRAM, description="Automatic differentiation that can be read, drawn and checked.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    text = "train, check and draw a network on data that ships with the package"
    run = commands.add_parser("demo", help=text, description=text[0].upper() + text[1:] + ".")
    run.add_argument("--task", choices=list(TASKS), default="digits", help="what to learn (default: %(default)s)")
    run.add_argument("--epochs", type=_count, metavar="N",
                     help="passes over the training rows (default: as many as the task needs)")
    run.add_argument("--seed", type=_count, metavar="N", default=DEFAULT_SEED,
                     help="of the split, the start and the order of the rows (default: %(default)s)")
    run.add_argument("--out", type=Path, metavar="DIR", default=Path("autograd-nn-demo"),
                     help="where the files go (default: %(default)s)")
    run.add_argument("--weights", type=Path, metavar="FILE",
                     help="start from the weights that a run of the same task and seed saved")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


_count.__name__ = "whole number"                # as argparse calls it in its message


if __name__ == "__main__":
    sys.exit(main())
