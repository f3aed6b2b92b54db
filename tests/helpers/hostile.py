"""Programs that do everything that Python can do to a graph, at every moment at which Python can run.

    python -m helpers.hostile SEED ACTS        (in the folder tests)

A step builds, differentiates, copies, trains or drops something. Wherever that runs Python (the function or a rule of
an op, a finalizer, a callback of a weak reference or of the garbage collector, a key of a dict that compares itself,
another thread), `mischief` does to the graph whatever comes to its mind. What these programs compute means nothing, and
an exception is an answer. They end, or the process dies, which is what they are to find.
"""

from __future__ import annotations

import copy
import faulthandler
import gc
import pickle
import random
import sys
import threading
import weakref
from contextlib import suppress

import numpy as np

import autograd_nn as ag
from autograd_nn import OPS, Op, Tensor, Value, dot, ops, optim, sum_of
from autograd_nn.core import reverse
from autograd_nn.core.below import ends_below
from autograd_nn.core.value import PureValue

SLOTS = ["_data", "_grad", "_inputs", "_op", "_params", "_operands", "_time", "_part", "name",
         "data", "grad", "inputs", "op", "params", "__class__", "__dict__", "tag", "_fixed", "requires_grad"]
DEEPEST = 3             # mischief within mischief


class World:
    """All that a program holds, and its dice."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.depth = threading.local()
        self.nodes, self.things, self.done, self.inside = [], [], 0, False
        self.ops = [self.own_op(i) for i in range(4)]
        self.optimizers = []
        self.leaves()

    def leaves(self):
        for kind in (Value, PureValue, SubValue, SlimValue):
            self.nodes.append(kind(self.rng.uniform(-2, 2)))
        for kind in (Tensor, Tensor, SubTensor):
            shape = self.rng.choice([(), (3,), (2, 3), (3, 3), (700,)])
            self.nodes.append(kind(np.full(shape, self.rng.uniform(-2, 2)), self.rng.choice([np.float32, np.float64])))

    # --- things ------------------------------------------------------------------------------------
    def node(self):
        return self.rng.choice(self.nodes)

    def junk(self):
        """Anything: most of it does not belong where it is put."""
        rng, size = self.rng, self.rng.choice([0, 1, 3, 700])
        return rng.choice([
            lambda: None, lambda: 5, lambda: -1.5, lambda: 10 ** 400, lambda: "text", lambda: (), list, dict, object,
            lambda: np.zeros(size), lambda: np.ones((2, 3), np.float32), lambda: np.array([None, 1.0], object),
            lambda: np.ones(size).view(Array), lambda: np.float64(2.0), lambda: np.ones((3, 3))[::2],
            lambda: Evil(self), lambda: self.node(), lambda: (self.node(), self.node()), lambda: {"axis": Evil(self)},
            lambda: self.node()._data, lambda: self.node()._grad, lambda: self.node()._inputs, lambda: self.rng.choice(
                self.ops), lambda: OPS["add"], lambda: {Evil(self): 1.0}, lambda: type(self.node()),
                lambda: float("nan"),
            lambda: lambda *_: self.junk()])()

    def own_op(self, i):
        """An op whose function and rules do mischief before they answer."""
        def answer(*xs, **params):
            self.mischief()
            if self.rng.random() < 0.05:
                return self.junk()
            return xs[0] * 1.0
        name = f"hostile_{i}_{id(self)}"
        scalar = answer if i % 2 else None
        op = Op(name, scalar, answer, *[lambda g, *rest: answer(g, *rest)] * (1 + i // 2), tex="{0}", method=False)
        if i == 3:
            vars(op)["array_rules"] = Rules(self)
        return op

    def forget(self):
        for op in self.ops:
            with suppress(Exception):                    # mischief may have taken its name
                op.forget()

    # --- what anyone may do at any time --------------------------------------------------------------
    def mischief(self):
        depth = getattr(self.depth, "now", 0)
        if depth >= DEEPEST:
            return
        self.depth.now = depth + 1
        try:
            for _ in range(self.rng.choice([0, 0, 1, 1, 3])):
                self.attempt(self.rng.choice(MISCHIEF))
        finally:
            self.depth.now = depth

    def attempt(self, act):
        self.done += 1
        with suppress(Exception):
            act(self)

    # --- what a program does ----------------------------------------------------------------------------
    def step(self):
        self.attempt(self.rng.choice(STEPS))
        if len(self.nodes) > 60:
            del self.nodes[self.rng.randrange(50):]
        if len(self.nodes) < 5:
            with suppress(Exception):                    # mischief may have reached a new node already
                self.leaves()
        del self.things[:-20], self.optimizers[:-3]


class SubValue(Value):
    """With a dict, and a finalizer."""

    def __del__(self):
        world.mischief()


class SlimValue(Value):
    __slots__ = ("tag",)


class SubTensor(Tensor):
    def _own(self, g):
        world.mischief()
        return world.junk() if world.rng.random() < 0.1 else super()._own(g)

    def __del__(self):
        world.mischief()
        if world.rng.random() < 0.1:
            world.nodes.append(self)                     # it comes back to life


class Array(np.ndarray):
    """An array that does mischief where NumPy lets it speak."""

    def __array_finalize__(self, other):
        world.mischief()

    def __add__(self, other):
        world.mischief()
        return world.junk()

    def __del__(self):
        world.mischief()


class Evil:
    """Answers every question of Python's with mischief."""

    def __init__(self, world):
        self.hash = hash(world.rng.choice(["mean", "square", "velocity", "step", "axis", "negative_slope"]))

    def __hash__(self):
        world.mischief()
        return self.hash

    def __eq__(self, other):
        world.mischief()
        return world.rng.random() < 0.3

    def answer(self, *_, **__):
        world.mischief()
        if world.rng.random() < 0.3:
            raise ValueError
        return world.junk()

    __add__ = __radd__ = __mul__ = __rmul__ = __getitem__ = __call__ = __array_function__ = __array_ufunc__ = answer
    __del__ = __get__ = __set__ = __iter__ = __reduce_ex__ = __deepcopy__ = answer

    def __float__(self):
        world.mischief()
        return world.rng.uniform(-1, 1)

    def __index__(self):
        world.mischief()
        return world.rng.randrange(-1, 3)

    __len__ = __index__

    def __array__(self, dtype=None, copy=None):
        world.mischief()
        return np.ones(world.rng.choice([(), (3,), (2, 3)]))


class Rules:
    """The rules of an op, as a sequence of its own."""

    def __init__(self, world):
        self.world = world

    def __getitem__(self, i):
        self.world.mischief()
        return lambda g, *rest: g * 1.0 if self.world.rng.random() < 0.9 else self.world.junk()


def resize_state(w):
    """The arrays of an optimizer are its own; a program can reach and resize them."""
    for state in w.rng.choice(w.optimizers).state:
        for a in state.values():
            if isinstance(a, np.ndarray):
                a.resize(w.rng.choice([(0,), (2, 3), (1000,)]), refcheck=False)


def at_the_top(setting):
    """A setting in which steps are taken, and in which no other is entered."""
    def entered(w):
        if not w.inside:
            w.inside = True
            try:
                setting(w)
            finally:
                w.inside = False
    return entered


@at_the_top
def with_other_methods(w):
    """A method of the class is another for a while."""
    kind, name = w.rng.choice([(Tensor, "_own"), (Tensor, "zero_grad"), (Tensor, "_take"), (SubTensor, "_own")])
    before = vars(kind).get(name)
    setattr(kind, name, Evil(w))
    try:
        w.step()
    finally:
        if before is None:
            delattr(kind, name)
        else:
            setattr(kind, name, before)


@at_the_top
def profiled(w):
    sys.setprofile(lambda *_: w.mischief())
    try:
        w.step()
    finally:
        sys.setprofile(None)


@at_the_top
def collected(w):
    """Mischief in the callbacks of the garbage collector, at every hundred objects."""
    hook, before = (lambda *_: w.mischief()), gc.get_threshold()
    gc.callbacks.append(hook)
    gc.set_threshold(100)
    try:
        for _ in range(5):
            w.step()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(hook)


@at_the_top
def beside_a_thread(w):
    other = threading.Thread(target=lambda: [w.mischief() for _ in range(100)])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    other.start()
    try:
        for _ in range(5):
            w.step()
    finally:
        other.join()
        sys.setswitchinterval(interval)


def call_an_engine(w):
    engine = w.rng.choice([e for e in (reverse.in_c, reverse.values_in_c) if e is not None])
    name = w.rng.choice([n for n in dir(engine) if n[0] != "_" and n not in ("setup", "set_modes", "begin")])
    usual = {"backward": [w.node(), np.ones(w.rng.choice([(), (3,)]))], "ends": [w.node(), w.rng.choice([0, 1, 10**9])],
             "cotangents": [{w.node(): w.junk()}, 0, False] if engine is reverse.in_c else
                           [w.node(), 1.0, [w.node(), w.junk()], 0, w.rng.random() < 0.5],
             "apply": [w.rng.choice([w.junk(), OPS["add"]]), (w.node(), w.junk()), {}],
             "sgd": [[w.node()], [{}], 0.1, w.rng.choice([0.0, 0.9]), False, 0.0],
             "adam": [[w.node(), w.node()], [{}, {Evil(w): 1}], lambda t: (w.mischief(), (0.1, 1e-8))[1], .9, .9, .0]}
    getattr(engine, name)(*usual.get(name, [w.junk() for _ in range(w.rng.randrange(4))]))


def optimize(w):
    params = [n for n in w.nodes if n.is_leaf and (n.has_grad or w.rng.random() < 0.3)][:4]
    w.rng.shuffle(params)
    kind = w.rng.choice([optim.SGD, optim.Adam, optim.RMSprop])
    w.optimizers.append(kind(params, lr=0.1, **({"momentum": 0.9} if kind is optim.SGD else {})))
    for state in w.optimizers[-1].state:
        if w.rng.random() < 0.3:
            state[Evil(w)] = state["junk"] = Evil(w)
    w.optimizers[-1].step()


def watch(w):
    w.things.append(weakref.ref(w.node(), lambda ref: w.mischief()))


MISCHIEF = [
    lambda w: setattr(w.node(), w.rng.choice(SLOTS), w.junk()),
    lambda w: setattr(w.node(), w.rng.choice(SLOTS), w.junk()),
    lambda w: delattr(w.node(), w.rng.choice(SLOTS)), lambda w: delattr(w.node(), w.rng.choice(SLOTS)),
    lambda w: setattr(w.node(), w.rng.choice(SLOTS), getattr(w.node(), w.rng.choice(SLOTS))),
    lambda w: w.node().__init__(w.junk()), lambda w: w.nodes.pop(w.rng.randrange(len(w.nodes))),
    lambda w: w.nodes.clear() or w.leaves(), lambda w: w.things.append(w.junk()), lambda w: gc.collect(0), watch,
    lambda w: w.node().params.clear(), lambda w: w.node()._params.update(axis=w.junk()), resize_state,
    lambda w: w.rng.choice(w.optimizers).params.clear(), lambda w: w.rng.choice(w.optimizers).state.clear(),
    lambda w: w.rng.choice(w.optimizers).param_groups[0]["params"].pop(),
    lambda w: w.node()._swap_grad(w.junk(), w.junk()),
    lambda w: setattr(w.node(), "requires_grad", w.rng.random() < 0.7),
    lambda w: w.nodes.append(type(w.node())._made(1.0, w.junk(), w.junk(), w.junk())),
    lambda w: w.nodes.append(Value._made(1.0, w.rng.choice(list(OPS.values())), (w.node(),) * w.rng.randrange(6), {})),
    lambda w: setattr(w.node(), "grad", w.node() * 2.0), lambda w: gc.get_referrers(w.node())[:50], call_an_engine,
    lambda w: [x for x in gc.get_objects()[-50:] if repr(type(x))], lambda w: setattr(w.node(), "name", w.node()),
    lambda w: setattr(w.node(), "tag", w.node()), lambda w: w.step(), lambda w: w.node().zero_grad(),
]
STEPS = [
    lambda w: w.nodes.append(w.node() * w.node()), lambda w: w.nodes.append(w.node() + w.junk()),
    lambda w: w.nodes.append(w.rng.choice([ops.tanh, ops.exp, ops.sum, ops.sqrt, ops.sort])(w.node())),
    lambda w: w.nodes.append(w.node() @ w.node()),
    lambda w: w.nodes.append(w.node()[w.rng.choice([0, [0, 1], w.junk()])]),
    lambda w: w.nodes.append(w.rng.choice(w.ops)(w.node())), lambda w: w.nodes.append(w.rng.choice(w.ops)(w.node())),
    lambda w: w.nodes.append(w.rng.choice(w.ops)(w.node(), w.node())),
    lambda w: w.nodes.append(np.add(w.node(), w.junk())),
    lambda w: w.nodes.append(np.concatenate([w.node(), w.junk()])),
    lambda w: w.nodes.append(sum_of([w.node(), 1.0, w.junk()])), lambda w: w.nodes.append(dot([w.node()], [w.node()])),
    lambda w: w.nodes.append(ops.leaky_relu(w.node(), w.junk())),
    lambda w: w.nodes.append(ops.sum(w.node(), axis=w.junk())),
    lambda w: w.node().backward(), lambda w: w.node().backward(w.junk()), lambda w: ops.sum(w.node()).backward(),
    lambda w: ops.sum(w.node()).backward(), lambda w: ops.sum(w.node() * w.node()).backward(create_graph=True),
    lambda w: reverse.cotangents({ops.sum(w.node()): 1.0}), lambda w: list(ends_below([w.node()])),
    lambda w: ag.grad(lambda x: ops.sum(w.rng.choice(w.ops)(x) * w.node()))(w.node()),
    optimize, optimize, lambda w: w.rng.choice(w.optimizers).step(), lambda w: copy.deepcopy(w.node()),
    lambda w: pickle.loads(pickle.dumps(w.node())), lambda w: w.nodes.append(copy.copy(w.node())),
    lambda w: repr(w.node()),
    profiled, collected, collected, beside_a_thread, with_other_methods, lambda w: gc.collect(),
    lambda w: w.nodes.sort(key=id), lambda w: w.mischief(),
]


def main(seed, acts):
    global world
    faulthandler.enable()
    sys.unraisablehook = lambda _: None                  # what finalizers and callbacks raise
    threading.excepthook = lambda _: None
    done = round = 0
    while done < acts:
        world, round = World(f"{seed} {round}"), round + 1
        with np.errstate(all="ignore"):
            while world.done < min(2000, acts - done):
                world.step()
        world.forget()
        done += world.done
    world.nodes.clear()
    gc.collect()
    print(f"{done} acts")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
