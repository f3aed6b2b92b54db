"""Which sizes do not fit, in words: what an op says of shapes that it cannot combine."""

from __future__ import annotations

Shape = tuple[int, ...]


def of_broadcast(*shapes: Shape) -> str | None:
    """Which axis of shapes that are to be broadcast differs, and what helps; None where they fit.

    >>> of_broadcast((2, 3), (4, 1)).split("\\n")[0]
    'axis -2 has sizes 2 and 4, and neither is 1'
    """
    return _differing(shapes, 0)


def of_product(a: Shape, b: Shape, outer: bool = False) -> str | None:
    """Why matrices of these shapes have no product; an outer product pairs all stacks, another broadcasts them.

    >>> of_product((2, 3), (4, 5)).split("\\n")[0]
    'inner sizes 3 and 4 differ'
    """
    if not a or not b:
        return "a single number has no axis to sum over\n  help: * multiplies by a number"
    rows = b[-2] if len(b) > 1 else b[0]
    if a[-1] != rows:
        fits = "x @ y.T has" if len(b) == 2 and b[1] == a[-1] else \
            "x.T @ y has" if len(a) == 2 and a[0] == rows else None
        return f"inner sizes {a[-1]} and {rows} differ\n  help: " + (
            f"with x on the left and y on the right, {fits} inner sizes that agree" if fits else
            f"the last axis on the left ({a[-1]}) is summed with the {'last but one' if len(b) > 1 else 'only one'} "
            f"on the right ({rows})")
    stacks = None if outer else _differing((a[:-2], b[:-2]), 2)
    return stacks and f"of the stacks of matrices, {stacks}"


def _differing(shapes: tuple[Shape, ...], offset: int) -> str | None:
    """The same of shapes whose last `offset` axes have been taken away."""
    for back in range(1, max(map(len, shapes), default=0) + 1):
        sizes = [s[-back] for s in shapes if len(s) >= back]
        if len({*sizes} - {1}) > 1:
            told = " and ".join(str(n) for n in dict.fromkeys(sizes) if n != 1)
            return f"axis {-back - offset} has sizes {told}, and neither is 1{_help(shapes, offset)}"
    return None


def _help(shapes: tuple[Shape, ...], offset: int) -> str:
    """What helps where a reduction without keepdims is likely: (32, 10) with (32,)."""
    if len(shapes) == 2 and not offset:
        long, short = sorted(shapes, key=len, reverse=True)
        if len(long) > len(short) and long[:len(short)] == short and 0 not in short:
            kept = (*short, *(1,) * (len(long) - len(short)))
            return f"\n  help: keepdims=True in the reduction, or reshape, makes {kept} of {short}"
    return "\n  help: shapes are compared from the last axis; sizes must agree or be 1"
