"""Report: what a check found, as text, as HTML, as a picture and as plain data."""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..core.escaping import escape_html
from ..core.options import instance, whole_number
from ..errors import UsageError
from ._laws import Law
from ._locate import Fault
from ._verdict import Finding, Verdict

GRAVITY = [Verdict.AGREE, Verdict.INCONCLUSIVE, Verdict.NOT_DIFFERENTIABLE, Verdict.DISAGREE]
COLORS = {Verdict.AGREE: "#009E73", Verdict.INCONCLUSIVE: "#E69F00", Verdict.NOT_DIFFERENTIABLE: "#0072B2",
          Verdict.DISAGREE: "#D55E00"}
Lines = dict[str, tuple[Callable[[float], float], float]]
"""By where a finding is: the function of one number that was differentiated, and the place."""
SHOWN = 5                        # findings of a kind that are told in full
HEAD = ("", "shape", "checked", "verdicts", "worst", "analytic", "numeric", "+-")
WORST = 4                        # the first column that speaks of the worst finding alone
NUMBERS = 5                      # the first column that is right-aligned
WIDTH = 80                       # of a terminal


@dataclass(frozen=True)
class Checked:
    """One input (or parameter) as it was checked: by "elements" or by random "directions".

    kinked  how many elements lie at kinks (or have an infinite gradient), where directions leave them out
    unseen  how many more were left out, since there was no time to tell them apart from those
    """

    name: str
    order: int
    shape: tuple[int, ...]
    dtype: str
    how: str
    findings: tuple[Finding, ...]
    kinked: int = 0
    unseen: int = 0

    @property
    def unchecked(self) -> bool:
        """Whether nothing could be judged, for all that directions met are kinks."""
        return self.how == "directions" and bool(self.findings) and \
            all(f.verdict is Verdict.NOT_DIFFERENTIABLE for f in self.findings)

    @property
    def title(self) -> str:
        """The name, and of which derivative where it is not the first."""
        return self.name if self.order == 1 else f"{self.name}, derivative {self.order}"

    @property
    def worst(self) -> Finding | None:
        """The gravest finding; of several the one with the largest error in units of its bar."""
        return max(self.findings, key=_gravity, default=None)

    @property
    def row(self) -> tuple[str, ...]:
        """This input's row of the table."""
        total, n = math.prod(self.shape), len(self.findings)
        along = sum("direction" in f.where for f in self.findings)
        checked = f"{n} of {total}" if self.how == "elements" else f"{along} direction{'s' * (along != 1)}"
        if self.how != "elements" and n > along:
            checked += f", {n - along} of {total}"
        name = self.title
        shape = "number" if self.shape == () else "x".join(map(str, self.shape))
        shape += "" if self.dtype == "float64" else f" {self.dtype}"
        f = self.worst
        if f is None:
            return (name, shape, checked, "", "", "", "", "")
        verdicts = ", ".join(f"{k} {v.removesuffix(' here')}" for v, k in _counts(self.findings).items() if k)
        at = f.where[len(name):].removeprefix(",").strip().removeprefix("random ")
        if f.verdict is Verdict.NOT_DIFFERENTIABLE:
            left, right = f.numeric.left, f.numeric.right
            return (name, shape, checked, verdicts, at, _shown(f.analytic), f"{left.value:.6g} | {right.value:.6g}",
                    f"{max(left.bar, right.bar):.0e}")
        return (name, shape, checked, verdicts, at, _shown(f.analytic), _shown(f.numeric.value),
                f"{f.numeric.bar:.0e}")


@dataclass(frozen=True)
class Report:
    """What `check_gradients` found. Its str() is a table; a notebook shows it as one.

    parts        one `Checked` for each input and order
    laws         one `Law` for each law that was checked
    faults       the `Fault`s that `locate_fault` found, where the function has a graph
    evaluations  how often the function was called
    framework    whose gradient was checked: "autograd_nn", "torch", "jax", "autograd" (HIPS) or "hand-written"
    origin       how that was found, where the inputs did not tell
    """

    parts: tuple[Checked, ...]
    laws: tuple[Law, ...] = ()
    faults: tuple[Fault, ...] = ()
    evaluations: int = 0
    lines: Lines = field(default_factory=dict, repr=False, compare=False)       # for plot()
    framework: str = ""
    origin: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing disagrees, and no input lies at kinks alone."""
        return not (self.wrong or any(part.unchecked for part in self.parts))

    @property
    def wrong(self) -> bool:
        """Whether anything disagrees."""
        return any(v is Verdict.DISAGREE for v in (*(f.verdict for f in self.findings),
                                                   *(law.verdict for law in self.laws)))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, input by input."""
        return tuple(f for part in self.parts for f in part.findings)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many findings there are of each verdict."""
        return _counts(self.findings)

    @property
    def inconclusive(self) -> float:
        """The share of inconclusive findings."""
        return self.counts[Verdict.INCONCLUSIVE] / len(self.findings) if self.findings else 0.0

    @property
    def worst(self) -> Finding | None:
        """The gravest finding of all."""
        return max((p.worst for p in self.parts if p.worst), key=_gravity, default=None)

    @property
    def title(self) -> str:
        """The result in a line."""
        counts = self.counts
        if self.wrong:
            broken = sum(law.verdict is Verdict.DISAGREE for law in self.laws)
            what = [f"{counts[Verdict.DISAGREE]} of {len(self.findings)} checks"] * bool(counts[Verdict.DISAGREE])
            what += [f"{broken} law{'s' * (broken != 1)} broken"] * bool(broken)
            return f"gradients DISAGREE: {', '.join(what)}"
        if not self.ok:
            return f"gradients NOT CHECKED: {', '.join(part.title for part in self.parts if part.unchecked)}"
        if not self.findings:
            return "gradients agree: there is nothing to differentiate"
        agreeing = counts[Verdict.AGREE]
        rest = [f"{k} {v}" for v, k in counts.items() if k and v is not Verdict.AGREE]
        if not agreeing:
            return f"gradients not refuted, and not confirmed: {', '.join(rest)}"
        return "gradients agree" + (f" in {agreeing} of {len(self.findings)} checks; {', '.join(rest)}" if rest else "")

    def __str__(self) -> str:
        rows = [HEAD, *(part.row for part in self.parts)]
        table = _table(rows)
        if max(map(len, table)) > WIDTH:
            table = _narrow_table(rows)
        return "\n".join([self.title, *table, *self._notes()])

    def __repr__(self) -> str:
        return f"<Report: {self.title}>"

    def _notes(self) -> Iterator[str]:
        """What is to be told beside the table: what was not checked, findings that do not agree, laws, faults."""
        for part in self.parts:
            aside = f"{part.kinked} of {math.prod(part.shape)} elements lie at kinks and were set aside"
            if part.unseen:
                aside += f", and {part.unseen} among them that were not told apart"
            if part.unchecked:
                yield f"not checked: {part.title}: {aside}, and no direction through the others could be judged" \
                    if part.kinked < math.prod(part.shape) else f"not checked: {part.title}: all elements lie at kinks"
                yield "help: elements=\"all\" judges each by its one-sided derivatives; or move the inputs away"
            elif part.kinked or part.unseen:
                yield f"note: {part.title}: {aside}"
        for verdict in GRAVITY[:0:-1]:
            found = sorted((f for f in self.findings if f.verdict is verdict), key=_gravity, reverse=True)
            for finding in found[:SHOWN]:
                yield str(finding)
            if len(found) > SHOWN:
                yield f"... and {len(found) - SHOWN} more: {verdict}"
        for law in self.laws:
            if law.verdict is Verdict.DISAGREE:
                yield f"disagree: not {law.name}: {law.text}"
        yield from map(str, self.faults)
        for law in self.laws:
            if law.verdict is Verdict.INCONCLUSIVE:
                yield f"not told: {law.name}: {law.text}"
        if self.origin:
            yield f"note: {self.origin}"
        for law in self.laws:
            if law.verdict is Verdict.AGREE and law.text:
                yield f"note: {law.text}"
        if self.inconclusive > 0.5 and any(p.dtype == "float32" for p in self.parts):
            yield "help: float32 is coarse; in float64 (model.astype(np.float64)) more can be told"
        held = [law.name for law in self.laws if law.verdict is Verdict.AGREE]
        if held:
            yield f"also right: {', '.join(held)}"

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        cell = "text-align:{};padding:.2em .5em"
        lines = [f"<p><b>{escape_html(self.title)}</b></p>", "<table>", "<thead><tr>"]
        side = ["right" if i >= NUMBERS else "left" for i in range(len(HEAD))]
        lines += [f'<th style="{cell.format(s)}">{escape_html(h)}</th>' for s, h in zip(side, HEAD)]
        lines += ["</tr></thead>", "<tbody>"]
        for part in self.parts:
            worst = part.worst.verdict if part.worst else Verdict.AGREE
            lines.append("<tr>")
            for i, text in enumerate(part.row):
                style = cell.format(side[i]) + ";white-space:nowrap" * (i != 3)
                style += f";border-left:.3em solid {COLORS[worst]}" if i == 3 else ""
                lines.append(f'<td style="{style}">{escape_html(text)}</td>')
            lines.append("</tr>")
        lines += ["</tbody>", "</table>"]
        notes = list(self._notes())
        if notes:
            text = "\n".join(escape_html(note) for note in notes)
            lines.append(f'<pre style="white-space:pre-wrap">{text}</pre>')
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data that JSON takes; numbers that are not finite are text ("nan", "inf").

        >>> from autograd_nn import check_gradients
        >>> check_gradients(lambda x: x * x, 3.0).to_dict()["counts"]["agree"]
        1
        """
        return {"ok": self.ok, "title": self.title, "framework": self.framework, "inconclusive": self.inconclusive,
                "counts": {str(v): k for v, k in self.counts.items()}, "evaluations": self.evaluations,
                "inputs": [{"name": p.name, "order": p.order, "shape": list(p.shape), "dtype": p.dtype, "how": p.how,
                            "kinked": p.kinked, "unseen": p.unseen, "findings": [_record(f) for f in p.findings]}
                           for p in self.parts],
                "laws": [{"name": law.name, "verdict": str(law.verdict), "text": law.text} for law in self.laws],
                "faults": [str(fault) for fault in self.faults]}

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict()` as text."""
        indent = None if indent is None else whole_number("to_json: indent", indent, 0, most=100)
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "lines": {}}       # functions cannot be pickled

    def plot(self, where: str | None = None, ax: Any = None) -> Any:
        """The V curve of a finding: the error of central differences against their step.

        where   the place of a finding, as in "input 0 [3, 1]"; that of the worst by default
        ax      matplotlib Axes to draw on; a new figure's by default

        The function is evaluated again, about 90 times. Returns the Axes. Raises UsageError where
        there is no such finding.
        """
        where = None if where is None else instance("plot: where", where, str, "a string")
        finding = self.worst if where is None else next((f for f in self.findings if f.where == where), None)
        if finding is None or finding.where not in self.lines:
            raise UsageError(f"plot: nothing was found at {where!r}\n  help: one of "
                             f"{', '.join(repr(f.where) for f in self.findings[:SHOWN])}, ...")
        from ._plot import plot_finding
        return plot_finding(finding, *self.lines[finding.where], ax)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of aligned columns, without those that are empty below the head."""
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in used}
    return ["  ".join(row[i].rjust(widths[i]) if i >= NUMBERS else row[i].ljust(widths[i])
                      for i in used).rstrip() for row in rows]


def _narrow_table(rows: list[tuple[str, ...]]) -> list[str]:
    """The same in no more than WIDTH columns: the worst finding has a line of its own below its input's."""
    head, *lines = _table([row[:WORST] for row in rows])
    table = [head]
    for line, (*_, at, analytic, numeric, bar) in zip(lines, rows[1:]):
        table.append(line)
        if analytic:
            table.append(f"    worst{at and f' at {at}'}: analytic {analytic}, numeric {numeric} +- {bar}")
    return [part for line in table for part in textwrap.wrap(line, WIDTH, subsequent_indent=" " * 8)]


def _counts(findings: tuple[Finding, ...]) -> dict[Verdict, int]:
    found = Counter(f.verdict for f in findings)
    return {v: found[v] for v in Verdict}


def _gravity(f: Finding) -> tuple[int, bool, float, float]:
    """What sorts findings: by verdict, elements before directions, the error in units of the bar, and the bar."""
    one = "direction" not in f.where
    gap = abs(f.analytic - f.numeric.value)
    size = max(abs(f.analytic), abs(f.numeric.value)) or 1.0
    if not math.isfinite(gap):
        return GRAVITY.index(f.verdict), one, math.inf, math.inf
    return GRAVITY.index(f.verdict), one, gap / (f.numeric.bar or 5e-324), f.numeric.bar / size


def _record(f: Finding) -> dict[str, Any]:
    n = f.numeric
    return {"where": f.where, "verdict": str(f.verdict), "analytic": _plain(f.analytic), "numeric": _plain(n.value),
            "bar": _plain(n.bar), "left": [_plain(n.left.value), _plain(n.left.bar)],
            "right": [_plain(n.right.value), _plain(n.right.bar)], "step": _plain(n.step),
            "noise": _plain(n.noise), "kind": n.kind, "reason": n.reason, "evaluations": n.evaluations}


def _plain(x: float | None) -> float | str | None:
    if x is None:
        return None
    return float(x) if math.isfinite(x) else str(float(x))


def _shown(x: float) -> str:
    return f"{x:.6g}"
