"""Programs to draw, and what a test reads off their pictures."""

import operator
import re
import xml.etree.ElementTree as ET
from functools import reduce

from hypothesis import strategies as st

import autograd_nn as ag
from autograd_nn import Value

OPS = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "maximum": ag.maximum, "square": lambda a, b: a * a, "sin": lambda a, b: a.sin(),
    "tanh": lambda a, b: a.tanh(), "relu": lambda a, b: a.relu(), "scaled": lambda a, b: 0.5 * a - 1.0,
    "power": lambda a, b: a ** 2, "quotient": lambda a, b: a / (b * b + 1),
}
steps = st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 20), st.integers(0, 20))
programs = st.lists(steps, min_size=1, max_size=15)


def run(program, n_leaves=3):
    """The last value of a program over leaves a, b, c; each step uses earlier values by number."""
    nodes = [Value(0.7 * i - 0.6, name="abc"[i]) for i in range(n_leaves)]
    for op, i, j in program:
        nodes.append(OPS[op](nodes[-1 - i % len(nodes)], nodes[-1 - j % len(nodes)]))
    return nodes[-1]


def network():
    """x = (2, 3, 1) -> relu -> (3, 2), no biases, target 20."""
    x = [Value(v, name=f"x{i}") for i, v in enumerate((2, 3, 1), 1)]
    first = [[Value(v, name=f"w{j}{i}") for i, v in enumerate(row, 1)]
             for j, row in enumerate(((3, 1, 2), (-2, -3, -1)), 1)]
    second = [Value(v, name=f"o{j}") for j, v in enumerate((3, 2), 1)]
    h = []
    for j, row in enumerate(first, 1):
        u = row[0] * x[0] + row[1] * x[1] + row[2] * x[2]
        u.name = f"u{j}"
        h.append(u.relu())
        h[-1].name = f"h{j}"
    y = second[0] * h[0] + second[1] * h[1]
    y.name = "y"
    loss = (y - 20) ** 2
    loss.name = "L"
    return loss, first, second


def uses(trace):
    return [(n["id"], use["slot"], use["node"]) for n in trace["nodes"] for use in n["inputs"]]


def edges(source):
    return [tuple(map(int, e)) for e in re.findall(r"^\tn(\d+) -> n(\d+)", source, re.M)]


def sums(nary):
    """sum_of and dot as single nodes, or as a program would write them with * and +."""
    def plain_dot(w, x, b=0):
        products = [u * v for u, v in zip(w, x)]
        return reduce(operator.add, products if type(b) is int and b == 0 else [b, *products])
    return (ag.sum_of, ag.dot) if nary else (lambda xs: reduce(operator.add, xs), plain_dot)


def texts(svg):
    return ["".join(t.itertext()) for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


STRANGE = ['"', "a -> b", "x < y > z", "&amp; & &lt;", "back\\slash \\N \\G \\l \\n \\\\",
           "two\nlines", "{a|b}", "<b>bold</b>",
           "日本語の名前", "😀 👩‍🔬", "]]>", "-->", "\x07\x1b[0m", "\ud800", "<", ">", "<TABLE>", "'", "%s",
           "\\", "a\\", " ", "\t", "ﬀ", "שלום", "n1:s0"]
