"""Nothing that Python code does to a node crashes: each case runs in a process of its own, which must live."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.engines import engines
from helpers.fresh_python import fuzz, python

from autograd_nn import Tensor


@engines
def test_how_a_node_was_made_cannot_be_assigned(Value):
    x, t = Value(2.0), Tensor([1.0, 2.0])
    for node in (x, x * x, t, t * t):
        for name, thing in (("op", None), ("inputs", ()), ("inputs", 5), ("params", {})):
            with pytest.raises(AttributeError):
                setattr(node, name, thing)
            with pytest.raises(AttributeError):
                delattr(node, name)
        with pytest.raises(TypeError):
            node.params["axis"] = 0


def test_parameters_that_are_looked_at_stay():
    t = Tensor(np.arange(4.0))
    y = t[np.array([1, 0, 1])]
    index = y.params["index"]
    with pytest.raises(ValueError, match="WRITEABLE"):
        index.setflags(write=True)
    y.backward(np.ones(3))
    assert t.grad.tolist() == [1.0, 2.0, 0.0, 0.0]


SWEEP = """
import numpy as np
from autograd_nn import Op, Tensor, grad
def rule(g, y, a):
    harm()
    return g * 1.0
bad = Op("bad", None, lambda a: a * 1.0, rule, tex="{0}")
def assigns_inputs(): m._inputs = 5
def deletes_data(): del m._data
def deletes_all():
    for n in ("_data", "_op", "_inputs", "_params", "_operands", "_grad", "name"):
        for node in (x, m, y):
            delattr(node, n)
def makes_a_cycle(): m._inputs = m._operands = (y,)
def makes_its_node_its_own_input(): y._inputs = (y, y)
def puts_objects_in_place_of_data(): x._data = m._data = np.array([None])
for harm in (assigns_inputs, deletes_data, deletes_all, makes_a_cycle, makes_its_node_its_own_input,
             puts_objects_in_place_of_data):
    for run in (lambda: y.backward(np.ones(3)), lambda: grad(lambda a: bad(a * 2.0).sum())(x)):
        x = Tensor(np.ones(3)); m = x * 2.0; y = bad(m)
        print("a rule", harm.__name__.replace("_", " "), flush=True)
        try:
            run()
        except Exception:
            pass
print("alive")
"""


@pytest.mark.slow
def test_a_sweep_outlives_its_rules():
    assert python(SWEEP).endswith("alive\n")


STEP = """
import gc
import numpy as np
from autograd_nn import Tensor, Value, optim
class Key:
    def __init__(self, name, harm): self.hash, self.harm = hash(name), harm
    def __hash__(self): return self.hash
    def __eq__(self, other): self.harm(); return False
class Number:
    def __init__(self, harm): self.harm = harm
    def __float__(self): self.harm(); return 1.0
def resize(opt):
    for state in opt.state:
        for a in state.values():
            if isinstance(a, np.ndarray):
                a.resize(0, refcheck=False)
def harms(opt, params):
    yield lambda: [delattr(p, "_grad") for p in params if isinstance(p, Tensor) and hasattr(p, "_grad")]
    yield lambda: (opt.param_groups[0]["params"].clear(), opt.state.clear(), params.clear(), gc.collect())
    yield lambda: resize(opt)
    yield lambda: [setattr(p, "_data", np.ones(1)) for p in params if isinstance(p, Tensor)]
for kind in (lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9), lambda ps: optim.Adam(ps, lr=0.1)):
    for make in (lambda: Tensor(np.ones(2000)), lambda: Value(1.0)):
        for number in range(4):
            for early in (True, False):
                params = [make() for _ in range(4)]
                for p in params:
                    p.grad = p.data
                opt = kind(params)
                opt.step()
                harm = list(harms(opt, params))[number]
                if early:
                    harm()
                for state in opt.state:
                    for name in ("velocity", "mean", "step"):
                        state[Key(name, harm)] = 0
                    if "step" in state:
                        state["step"] = Number(harm)
                    for name in ("velocity", "mean"):
                        if isinstance(state.get(name), float):
                            state[name] = Number(harm)
                try:
                    opt.step()
                except Exception:
                    pass
print("alive")
"""


@pytest.mark.slow
def test_an_optimizers_step_outlives_what_it_runs():
    assert python(STEP) == "alive\n"


@pytest.mark.slow
def test_hostile_programs_of_any_kind():
    assert fuzz("hostile", 1, 1500).endswith("acts\n")
