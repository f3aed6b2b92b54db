"""The command line program."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from safetensors.numpy import load_file

import autograd_nn
from autograd_nn import check, data, nn
from autograd_nn.__main__ import main
from autograd_nn.entry import demo as _demo
from autograd_nn.errors import CheckError

FILES = ["loss.png", "neuron.svg", "weights.safetensors"]
TINY = ["demo", "--task", "iris", "--epochs", "1"]


def accuracy(printed):
    return float(re.search(r"held-out accuracy: ([\d.]+)%", printed)[1])


@pytest.mark.slow
@pytest.mark.parametrize("task, least", [("digits", 97), ("iris", 93), ("wine", 95)])
def test_demo_learns_checks_and_writes(task, least, tmp_path, capsys):
    out = tmp_path / "a" / "b"
    assert main(["demo", "--task", task, "--out", str(out)]) == 0
    printed, progress = capsys.readouterr()
    assert accuracy(printed) >= least
    assert "gradients agree" in printed and "layers.1.weight" in printed
    assert printed.splitlines()[-3:] == [str(out / file) for file in FILES]
    assert "100%" in progress and "held-out accuracy" in progress and "loss" in progress
    assert sorted(path.name for path in out.iterdir()) == FILES

    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    text = " ".join(ElementTree.parse(out / "neuron.svg").getroot().itertext())
    assert all(word in text for word in ("weight", "hidden", "bias", "score of", "loss", "grad"))
    assert "not computed" not in text
    whole = getattr(data, task)()
    sizes = {name: array.shape for name, array in load_file(out / "weights.safetensors").items()}
    hidden = sizes["layers.0.weight"][0]
    assert sizes == {"layers.0.weight": (hidden, whole.x.shape[1]), "layers.0.bias": (hidden,),
                     "layers.1.weight": (len(whole.class_names), hidden), "layers.1.bias": (len(whole.class_names),)}


def test_digits_are_the_default(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--epochs", "0"]) == 0
    assert capsys.readouterr().out.startswith("digits: 1348 rows to train on, 449 held out\n")
    assert sorted(path.name for path in (tmp_path / "autograd-nn-demo").iterdir()) == FILES


@pytest.mark.slow
def test_a_seed_gives_the_same_bytes(tmp_path, capsys):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main([*TINY, "--seed", seed, "--out", str(tmp_path / name)]) == 0
    for file in FILES:
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b != c


@pytest.mark.slow
def test_weights_are_where_a_run_starts(tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    assert main([*TINY, "--out", str(first)]) == 0
    reached = accuracy(capsys.readouterr().out)
    weights = first / "weights.safetensors"
    assert main(["demo", "--task", "iris", "--epochs", "0", "--weights", str(weights), "--out", str(second)]) == 0
    assert accuracy(capsys.readouterr().out) == reached
    assert (second / "weights.safetensors").read_bytes() == weights.read_bytes()


def test_the_drawn_neuron_is_the_models():
    flowers = data.iris()
    model = nn.MLP(4, 9, 3, activation=_demo.ACTIVATION, rng=3, dtype=np.float64)
    for row in (0, 60, 140):
        model.zero_grad()
        loss = nn.cross_entropy(model(flowers.x[row]), flowers.y[row])
        loss.backward()
        drawn = _demo.neuron(model, flowers, row)
        assert drawn.data == pytest.approx(loss.item(), rel=1e-12)
        leaves = {node.name: node for node in autograd_nn.topological([drawn]) if node.is_leaf}
        k, last = flowers.y[row], model.layers[1]
        assert leaves["bias"].grad == pytest.approx(last.bias.grad[k], rel=1e-12)
        indices = [int(name.split()[1]) for name in leaves if name.startswith("weight ")]
        assert len(indices) == len(set(indices)) == 3
        for i in indices:
            assert leaves[f"weight {i}"].data == last.weight.data[k, i]
            assert leaves[f"weight {i}"].grad == pytest.approx(last.weight.grad[k, i], rel=1e-12)


# --- what goes wrong is one line ----------------------------------------------------------------

def complaint(capsys):
    printed, line = capsys.readouterr()
    assert printed == "" and line.count("\n") == 1 and line.startswith("autograd-nn")
    return line


@pytest.mark.parametrize("arguments, message", [
    (["demo", "--task", "mnist"], "invalid choice: 'mnist'"),
    (["demo", "--epochs", "-1"], "-1 is less than 0"),
    (["demo", "--epochs", "many"], "invalid whole number value: 'many'"),
    (["demo", "--seed", "1.5"], "invalid whole number value: '1.5'"),
    (["demo", "--hidden", "3"], "unrecognized arguments: --hidden 3"),
    (["draw"], "invalid choice: 'draw'"),
])
def test_wrong_arguments(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in complaint(capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_folder_that_is_a_file(below, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert main([*TINY, "--out", f"{tmp_path}/taken{below}"]) == 1
    assert f"{tmp_path}/taken" in complaint(capsys)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_demo.os, "access", lambda *_: False)       # to root every folder is writable
    assert main([*TINY, "--out", str(tmp_path)]) == 1
    assert f"{tmp_path}: Permission denied" in complaint(capsys)


def test_weights_that_cannot_be_used(tmp_path, capsys):
    damaged, foreign, nans, out = (tmp_path / name for name in ("damaged", "foreign", "nans", "out"))
    nn.MLP(4, 16, 3, rng=0).save(damaged)
    damaged.write_bytes(damaged.read_bytes()[:-7])
    nn.MLP(13, 16, 3, rng=0).save(foreign)
    model = nn.MLP(4, 16, 3, rng=0)
    model.layers[0].bias.data = np.full(16, np.nan, np.float32)
    model.save(nans)
    for path, message in [(damaged, "is damaged"), (foreign, "layers.0.weight: (16, 13) in the state"),
                          (nans, "holds a nan"), (tmp_path / "none", "No such file"), (tmp_path, "directory")]:
        assert main([*TINY, "--weights", str(path), "--out", str(out)]) == 1
        line = complaint(capsys)
        assert str(path) in line and message in line
        assert not out.exists()


def test_no_layout_engine(tmp_path, monkeypatch):
    """The picture is then laid out by the package itself."""
    monkeypatch.setattr("shutil.which", lambda *_: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert main([*TINY, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "neuron.svg").read_text(encoding="utf-8").startswith(("<svg", "<?xml"))


def test_a_gradient_that_is_wrong(tmp_path, monkeypatch, capsys):
    def disagree(*args, **options):
        raise CheckError("gradients DISAGREE\n  weight  1 of 3")
    monkeypatch.setattr(check, "check_gradients", disagree)
    assert main([*TINY, "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("\nautograd-nn: gradients DISAGREE; weight  1 of 3\n")


def test_interrupted(tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(nn.MLP, "forward", interrupt)
    assert main([*TINY, "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "autograd-nn: interrupted\n"


# --- around it ----------------------------------------------------------------------------------

def test_no_arguments_print_the_help(capsys):
    assert main([]) == 0
    assert "demo" in capsys.readouterr().out


def test_help_and_version(capsys):
    for arguments, words in [(["--version"], [f"autograd-nn {autograd_nn.__version__}\n"]),
                             (["demo", "--help"], ["--task", "digits", "--epochs", "--seed", "--out", "--weights"])]:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
        printed = capsys.readouterr().out
        assert all(word in printed for word in words)


@pytest.mark.slow
def test_as_a_program(tmp_path):
    done = subprocess.run([sys.executable, "-W", "error", "-m", "autograd_nn", *TINY], cwd=tmp_path,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-3:] == [str(_demo.Path("autograd-nn-demo", file)) for file in FILES]
