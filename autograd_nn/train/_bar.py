"""The progress bar: which epoch, how far in it, and what was measured last."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

FORMAT = "epoch {desc} {percentage:3.0f}%|{bar:6}| {elapsed}<{remaining}{postfix}"
PAUSE = 0.1          # seconds between two drawings within an epoch


class Bar:
    """`with Bar(epochs, done, shown) as bar:`, drawn to stderr; within an epoch only where that is a terminal."""

    def __init__(self, epochs: int, done: int, shown: bool) -> None:
        from tqdm import tqdm
        self.epochs, self.drawn = epochs, 0.0
        self.tqdm: Any = tqdm(total=epochs, initial=done, disable=not shown, bar_format=FORMAT, desc=f"{done}/{epochs}")
        self.tqdm.set_description_str(f"{done}/{epochs}", refresh=False)
        self.within = shown and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.tqdm.close()

    def batch(self, epoch: int, share: float, loss: float) -> None:
        """Show epoch number `epoch`, from 0, of which the given share of the rows (0 to 1) has been trained on."""
        if self.within and time.monotonic() > self.drawn + PAUSE:
            self.drawn = time.monotonic()
            self.tqdm.n = epoch + share
            self.tqdm.set_description_str(f"{epoch + 1}/{self.epochs}", refresh=False)
            self.tqdm.set_postfix_str(f"loss {loss:.3g}")

    def epoch(self, done: int, measured: Mapping[str, float]) -> None:
        """Show that `done` epochs are done, with their numbers; behind a slash stand those of the validation rows."""
        self.tqdm.n = done
        self.tqdm.set_description_str(f"{done}/{self.epochs}", refresh=False)
        self.tqdm.set_postfix_str(", ".join(
            f"{name} {x:.3g}" + (f" / {measured[f'valid_{name}']:.3g}" if f"valid_{name}" in measured else "")
            for name, x in measured.items() if not name.startswith("valid_")))
