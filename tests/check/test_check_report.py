"""The report of check_gradients: table, HTML, plot, plain data."""

from __future__ import annotations

import json
import pickle
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers.checking import failing

from autograd_nn import Value, check_gradients, errors


@pytest.fixture
def report():
    return failing(lambda x, y: float((np.sin(x) * y).sum() + abs(y)), np.array([[0.5, 1.0]]), 0.0, rng=0,
                   gradient=lambda x, y: (np.cos(x) * y + [[0.0, 0.1]], np.sin(x).sum()))


def test_the_table(report):
    lines = str(report).splitlines()
    assert lines[0] == "gradients DISAGREE: 1 of 3 checks"
    assert lines[1].split() == ["shape", "checked", "verdicts"]
    assert lines[2].split() == "input 0 1x2 2 of 2 1 agree, 1 disagree".split()
    assert lines[3].startswith("    worst at [0, 1]: analytic 0.1, numeric ")
    assert lines[4].split() == "input 1 number 1 of 1 1 not differentiable".split()
    assert lines[5].startswith("    worst: analytic 1.3209, numeric 0.320897 | 2.3209 +- ")
    assert lines[6].startswith("disagree: numeric") and lines[6].endswith("at input 0 [0, 1]")
    assert lines[7].startswith("not differentiable here: left")
    assert max(map(len, lines[:6])) <= 80
    assert lines[-1].startswith("also right: ") and "same bits" in lines[-1]
    assert repr(report) == "<Report: gradients DISAGREE: 1 of 3 checks>"
    assert max(map(len, lines)) < 160


def test_a_table_that_fits_has_a_line_for_each_input():
    lines = str(check_gradients(lambda x: x * x, 3.0)).splitlines()
    assert lines[1].split() == ["shape", "checked", "verdicts", "analytic", "numeric", "+-"]
    assert lines[2].split()[:8] == "input 0 number 1 of 1 1 agree".split()


def test_every_row_is_wrapped_to_a_terminal():
    x = np.ones(2000, np.float32)
    x[:3] = 0
    lines = str(check_gradients(lambda a_rather_long_name: np.abs(a_rather_long_name).sum(), x, rng=0,
                                gradient=np.sign)).splitlines()
    table = lines[:next(i for i, line in enumerate(lines) if line.startswith("not differentiable"))]
    assert max(map(len, table)) <= 80 and "2000 float32" in table[2]


def test_plain_data(report):
    data = json.loads(report.to_json())
    assert data == report.to_dict() and data["ok"] is False
    assert data["counts"] == {"agree": 1, "disagree": 1, "not differentiable here": 1, "inconclusive": 0}
    wrong = data["inputs"][0]["findings"][1]
    assert wrong["where"] == "input 0 [0, 1]" and wrong["analytic"] == 0.1 and abs(wrong["numeric"]) < 1e-9
    nan = failing(lambda x: x, 1.0, gradient=lambda x: float("nan")).to_dict()
    assert nan["inputs"][0]["findings"][0]["analytic"] == "nan" and json.dumps(nan, allow_nan=False)


def test_html(report):
    class Parser(HTMLParser):
        def __init__(self):
            super().__init__()
            self.text, self.open = [], []

        def handle_starttag(self, tag, attributes):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.text.append(data)
    parser = Parser()
    parser.feed(report._repr_html_())
    assert not parser.open
    text = " ".join(parser.text)
    assert "1 agree, 1 disagree" in text and "[0, 1]" in text and "not differentiable here" in text
    w = Value(1.0, name="<b>&")
    assert "&lt;b&gt;&amp;" in check_gradients(lambda: w * w, parameters=[w])._repr_html_()


def test_a_report_can_be_pickled(report):
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report) and again == report
    with pytest.raises(errors.UsageError, match="plot"):
        again.plot()


def test_plot(report):
    figure = pytest.importorskip("matplotlib.figure")
    ax = figure.Figure().subplots()
    wrong = failing(lambda x: float(np.exp(x) * np.sin(x)), 1.0, gradient=lambda x: 4.0)
    assert wrong.plot(ax=ax) is ax
    labels = {line.get_label(): line for line in ax.lines}
    h, error = labels["central difference"].get_data()
    step = next(line for label, line in labels.items() if label.startswith("chosen step"))
    assert step.get_xdata()[0] == wrong.worst.numeric.step
    best = np.argmin(error)
    assert 0 < best < len(h) - 1 and error[0] > 100 * error[best] < error[-1]       # a V
    assert any("off by 2e-01" in label for label in labels) and "disagree" in ax.get_title("left")
    kink = report.plot("input 1", figure.Figure().subplots())
    assert any("left" in line.get_label() for line in kink.lines)
    with pytest.raises(errors.UsageError, match="input 0"):
        report.plot("nowhere")


def test_plot_makes_its_own_axes(report, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    ax = report.plot()
    assert ax.figure.get_size_inches()[0] > 5
    plt.close(ax.figure)
