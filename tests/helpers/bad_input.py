"""Every public name, called with wrong things: what may be given, and what may come of it."""

from __future__ import annotations

import contextlib
import inspect
import io
import signal
import threading
import types
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

import autograd_nn as ag
from autograd_nn import Tensor, Value, check, data, drawing, nn, ops, optim, train, tree
from autograd_nn.errors import AutogradError
from helpers.bad_values import BAD

with contextlib.suppress(ImportError):
    import scipy.optimize  # noqa: F401  (slow to import, which is nobody's bad input)

Thunk = Callable[[], Any]
LONGEST = 1.0                     # seconds of processor time that a call may take

# --- what is walked ---------------------------------------------------------------------------------
OPERATORS = ("__call__", "__getitem__", "__setitem__", "__contains__", "__add__", "__radd__", "__sub__", "__mul__",
             "__truediv__", "__rtruediv__", "__pow__", "__rpow__", "__matmul__", "__rmatmul__", "__mod__",
             "__floordiv__", "__eq__", "__lt__", "__iadd__")
SKIPPED = {
    "tree.register": "it enters a class for good",
    "ops.for_each_op": "what it is given is called with every op from then on",
    "check.Verdict": "an enumeration, which Python calls",
    "nn.AlexNet": "a good call takes a second of drawing weights",
    "nn.VGG": "a good call takes seconds of drawing weights",
    "nn.GoogLeNet": "a good call takes a second of drawing weights",
}


def public() -> dict[str, Any]:
    """Every public function and class by its name, as in "nn.Linear"; exceptions are left out."""
    found: dict[str, Any] = {}
    modules, seen = [("", ag)], set()
    while modules:
        prefix, module = modules.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name in getattr(module, "__all__", ()):
            x = getattr(module, name)
            if isinstance(x, types.ModuleType):
                modules.append((f"{prefix}{name}.", x))
            elif callable(x) and not (isinstance(x, type) and issubclass(x, BaseException)) and id(x) not in seen:
                seen.add(id(x))
                found[prefix + name] = x
    return {name: found[name] for name in sorted(found) if name not in SKIPPED}


# --- what is given ----------------------------------------------------------------------------------
def _square(x: Any, *rest: Any) -> Any:
    return (x * x).sum() if hasattr(x, "sum") else x * x


def _tensor() -> Tensor:
    return Tensor(np.arange(6.0).reshape(2, 3) + 1)


def _model() -> nn.Module:
    return nn.Linear(3, 2, rng=0)


def _optimizer() -> Any:
    return optim.SGD([Tensor(np.ones(3))], lr=0.1)


FUNCTIONS = ("f", "function", "forward", "fn", "g", "call", "meet", "part", "closure", "model")
CALLED = ("a function", "a type")       # where a function is taken these are called, and raise what they like
GOOD: dict[str, Thunk] = {
    **dict.fromkeys(FUNCTIONS, lambda: _square),
    **dict.fromkeys(("model", "module", "network"), _model),
    **dict.fromkeys(("parameters", "params"), lambda: [Tensor(np.ones(3))]),
    **dict.fromkeys(("optimizer", "opt"), _optimizer),
    **dict.fromkeys(("path", "file", "folder"), lambda: "no_such_file"),
    **dict.fromkeys(("shape", "newshape", "sizes"), lambda: (2, 3)),
    **dict.fromkeys(("axis", "n", "k", "kernel_size", "in_features", "out_features", "features", "num_features",
                     "input_size", "hidden_size", "in_channels", "out_channels", "channels", "num_embeddings",
                     "num_groups", "num_channels", "n1x1", "n3x3_reduce", "n3x3", "n5x5_reduce", "n5x5", "pool_proj",
                     "n_in", "max_len", "size", "num_heads", "nhead", "visible_units", "hidden_units", "classes",
                     "T_max", "step_size", "total_steps", "batch_size"), lambda: 1),
    **dict.fromkeys(("embedding_dim", "embed_dim", "d_model", "dim", "scale_factor", "*sizes"), lambda: 2),
    "*args": _tensor,
    **dict.fromkeys(("lr", "gamma", "max_lr"), lambda: 0.1),
    "normalized_shape": lambda: (3,),
    **dict.fromkeys(("targets", "target", "labels"), lambda: np.array([0, 1])),
    **dict.fromkeys(("name", "word"), lambda: "x"),
    "text": lambda: "a b a c",
    "words": lambda: ["a", "b", "c"],
    "root": lambda: (Value(2.0, name="x") * 3.0).exp(),
    "ids": lambda: [0, 1, 2, 1],
}


def good(parameter: inspect.Parameter) -> Any:
    """A thing that a parameter of this name takes, or at least an array."""
    return GOOD.get(parameter.name, _tensor)()


def parameters_of(call: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(call).parameters.values())
    except (ValueError, TypeError):                      # in C, without a signature
        return []


@dataclass
class Call:
    """A call with something bad in it: what it is called in a failure, and the call."""

    said: str
    run: Thunk


def calls_of(name: str, call: Callable[..., Any], few: int | None = None) -> Iterator[Call]:
    """Calls of a function with a bad thing in each place, the others good; `few` bad things a place, or all."""
    given = parameters_of(call)
    places = [p for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    many = [p.name for p in given if p.kind is p.VAR_POSITIONAL]
    several = GOOD.get(f"*{many[0]}", _tensor) if many else _tensor

    def args() -> list[Any]:
        more = [several()] * (2 if not places else f"*{many[0]}" in GOOD) if many else []
        return [good(p) for p in places] + more

    count = len(places) or 2 * len(many)

    def at(i: int, bad: Thunk) -> Thunk:
        return lambda: call(*args()[:i], bad(), *args()[i + 1:])

    def everywhere(n: int, bad: Thunk) -> Thunk:
        return lambda: call(*[bad() for _ in range(n)])

    def option(key: str, bad: Thunk) -> Thunk:
        return lambda: call(*args(), **{key: bad()})

    for i in range(count):
        calls = i < len(places) and places[i].name in FUNCTIONS
        for what, bad in chosen(f"{name}{i}", few, without=CALLED if calls else ()):
            yield Call(f"{name}(#{i}={what})", at(i, bad))
    for n in {count, count + 1} - {0, 1}:
        calls = bool(places) and places[0].name in FUNCTIONS
        for what, bad in chosen(f"{name} all {n}", few, without=CALLED if calls else ()):
            yield Call(f"{name}({n} times {what})", everywhere(n, bad))
    for p in given:
        if p.default is not p.empty or p.kind is p.KEYWORD_ONLY:
            for what, bad in chosen(f"{name}{p.name}", few, without=CALLED if p.name in FUNCTIONS else ()):
                yield Call(f"{name}({p.name}={what})", option(p.name, bad))


def chosen(slot: str, few: int | None, without: Collection[str] = ()) -> list[tuple[str, Thunk]]:
    """All bad things, or a few, which the slot's name chooses."""
    every = [(what, bad) for what, bad in BAD.items() if what not in without]
    return sorted(every, key=lambda named: zlib.crc32(f"{slot} {named[0]}".encode()))[:few]


# --- instances, whose methods are called ------------------------------------------------------------
def _graph() -> Any:
    return (Value(2.0, name="x") * 3.0).exp()


EXAMPLES: dict[str, Thunk] = {
    "Dual": lambda: _dual(),
    "Op": lambda: ag.OPS["tanh"],
    "Symbol": lambda: ag.Symbol("x") if callable(getattr(ag, "Symbol", None)) else None,
    "Tensor": lambda: _tensor() * 1.0,
    "Value": lambda: Value(2.0) * 3.0,
    "check.Report": lambda: check.check_gradients(_square, _tensor()),
    "data.Vocabulary": lambda: data.Vocabulary(["a", "b", "a"]),
    "data.Dataset": data.iris,
    "drawing.Picture": lambda: ag.draw(_graph()),
    "drawing.Diff": lambda: drawing.diff(_graph(), _graph()),
    "drawing.Trace": lambda: drawing.trace_of(_graph()),
    "drawing.Derivation": lambda: ag.explain(_graph()),
    "drawing.Replay": lambda: ag.replay(_model()),
    "drawing.Flow": lambda: _flow(),
    "optim.SequentialLR": lambda: _sequential(),
    "train.History": lambda: train.History({"loss": [1.0, 0.5]}),
    "tree.Structure": lambda: tree.flatten([1.0, {"a": 2.0}])[1],
    "nn.Activation": nn.Tanh,
    "nn.Loss": nn.MSELoss,
    "nn.Autoencoder": lambda: nn.Autoencoder(3, 2, rng=0),
    "nn.DeepBeliefNetwork": lambda: nn.DeepBeliefNetwork(3, 2, rng=0),
    "nn.MLP": lambda: nn.MLP(3, 2, rng=0),
    "nn.VariationalAutoencoder": lambda: nn.VariationalAutoencoder(3, 4, 2, rng=0),
    "nn.Buffer": lambda: nn.Buffer(np.zeros(3)),
    "nn.Pad": lambda: nn.Pad((1, 1)),
    "nn.ZeroPad2d": lambda: nn.ZeroPad2d(1),
    "nn.Unflatten": lambda: nn.Unflatten(1, (3, 1)),
    "ops.Each": lambda: ops.Each(_square),
    "ops.Composite": lambda: ops.Composite("example", _square, _square, tex="{0}"),
    "optim.LRScheduler": lambda: optim.StepLR(_optimizer(), 1),
    "optim.Optimizer": _optimizer,
    "nn.Layer": lambda: nn.Layer(2, 2, rng=0),
    "optim.OneCycleLR": lambda: optim.OneCycleLR(_optimizer(), 0.1, total_steps=3),
    "train.Run": lambda: _run(),
}


def _dual() -> Any:
    kept: list[Any] = []
    ag.jvp(lambda x: kept.append(x) or x * x, (2.0,), (1.0,))
    return kept[0]


def _flow() -> Any:
    model = _model()
    loss = (model(np.ones((2, 3))) ** 2).sum()
    loss.backward()
    return ag.gradient_flow(model, loss)


def _run() -> Any:
    kept: list[Any] = []
    model, x = _model(), np.ones((4, 3), np.float32)
    train.fit(model, (x, x[:, :2]), loss=nn.mse_loss, optimizer=optim.SGD(model.parameters(), lr=0.1), epochs=1,
              callbacks=[kept.append], progress=False)
    return kept[0]


def _sequential() -> Any:
    optimizer = _optimizer()
    return optim.SequentialLR(optimizer, [optim.StepLR(optimizer, 1), optim.StepLR(optimizer, 2)], [3])


def example(name: str, kind: type) -> Any:
    """An instance of a public class, or None where there is no telling how to make one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in EXAMPLES:
            return EXAMPLES[name]()
        try:
            return kind(*[good(p) for p in parameters_of(kind)
                          if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])
        except Exception:
            return None


def methods_of(x: Any) -> Iterator[str]:
    """The names of an object's public methods and operators; those that its class has from elsewhere are not ours."""
    ours = [base for base in type(x).__mro__ if base.__module__.startswith("autograd_nn")]
    for key in sorted({key for base in ours for key in vars(base)}):
        if callable(getattr(type(x), key, None)) and (key in OPERATORS or not key.startswith("_")):
            yield key


def method_calls(name: str, kind: type, few: int | None = None) -> Iterator[Call]:
    """Calls of the methods of an instance, made anew for each, and assignments to its attributes."""
    first = example(name, kind)
    if first is None:
        return
    for key in methods_of(first):
        def bound(*args: Any, _key: str = key, **params: Any) -> Any:
            return getattr(example(name, kind), _key)(*args, **params)

        told_by = "forward" if key == "__call__" and isinstance(first, nn.Module) else key
        bound.__signature__ = _signature(getattr(first, told_by))  # type: ignore[attr-defined]
        yield from calls_of(f"{name}().{key}", bound, few)
    for key, x in inspect.getmembers_static(kind):
        if isinstance(x, (property, types.GetSetDescriptorType, types.MemberDescriptorType)) and key[0] != "_":
            for what, bad in chosen(f"{name}.{key}=", few):
                yield Call(f"{name}().{key} = {what}", _assigned(name, kind, key, bad))


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(method)
    except (ValueError, TypeError):
        return inspect.Signature([inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)])


def _assigned(name: str, kind: type, key: str, bad: Thunk) -> Thunk:
    return lambda: setattr(example(name, kind), key, bad())


# --- what may come of it ----------------------------------------------------------------------------
class TooLong(BaseException):
    """A call that took longer than LONGEST."""


def raw_error(call: Call) -> str | None:
    """What is wrong with how a call ends; None for an answer, or an error that says what was wrong with the call."""
    try:
        with time_limit(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")              # overflow and the like are answers
            answer = call.run()
            if isinstance(answer, types.GeneratorType):
                list(islice(answer, 5))
    except AutogradError:
        return None
    except FileNotFoundError:                            # Python's own words say which
        return None
    except KeyError as error:
        if "__getitem__" in call.said:                   # a mapping without this key: `in` and get() rest on it
            return None
        return f"{call.said} raised KeyError: {error}, {place(error)}"
    except TooLong as error:
        return f"{call.said} took longer than {LONGEST:g} s, {place(error)}"
    except BaseException as error:
        if isinstance(error, (TypeError, AttributeError)) and place(error) is None:
            return None                                  # Python's own, of a call that does not fit the signature
        return f"{call.said} raised {type(error).__name__}: {error!s:.60}, {place(error)}"
    return None


def place(error: BaseException) -> str | None:
    """Where in the package an error came from; None where the call itself raised it."""
    frames, tb = [], error.__traceback__
    while tb is not None:
        if "/tests/" not in tb.tb_frame.f_code.co_filename and not tb.tb_frame.f_code.co_filename.startswith("<"):
            frames.append(f"{tb.tb_frame.f_code.co_filename.rpartition('autograd_nn/')[2]}:{tb.tb_lineno}")
        tb = tb.tb_next
    own = [f for f in frames if not f.startswith("/")]
    return (own or frames or [None])[-1]


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    """Raise TooLong in what takes longer, where the system has such an alarm. Processor time: others may run too."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
