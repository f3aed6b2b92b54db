"""Functions of other frameworks (torch, jax, HIPS/autograd), each imported only when one is checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import UsageError
from ._subject import Array, Evaluation, Subject


def adapter(framework: str) -> type[Subject]:
    """The Subject of a framework. UsageError for one that is unknown or not installed."""
    kinds = {"torch": Torch, "jax": Jax, "autograd": Autograd}
    if framework not in kinds:
        raise UsageError(f"check_gradients: framework={framework!r} is not known\n"
                         f"  help: one of autograd_nn, {', '.join(kinds)}")
    try:
        import_module(framework)
    except ImportError as error:
        raise UsageError(f"check_gradients: {framework} cannot be imported: {error}\n"
                         f"  help: pip install {framework}") from error
    return kinds[framework]


class Torch(Subject):
    """A function of torch tensors; parameters are those of a torch.nn.Module."""

    framework = "torch"
    widens = True

    def widened(self) -> Subject | None:
        """Not where there are parameters: a module's buffers would stay in float32."""
        return None if self.parameters else super().widened()

    def owns(self, x: Any) -> bool:
        torch: Any = import_module("torch")
        return isinstance(x, torch.Tensor) and x.is_floating_point()

    def read(self, x: Any) -> Array:
        torch: Any = import_module("torch")
        if not isinstance(x, torch.Tensor):
            return np.asarray(x)
        x = x.detach().cpu()
        array: Array = (x.half() if x.dtype is torch.bfloat16 else x).numpy()     # both are refused
        return array

    def make(self, like: Any, array: Array) -> Any:
        torch: Any = import_module("torch")
        return torch.tensor(array, device=like.device if isinstance(like, torch.Tensor) else None).requires_grad_()

    def write(self, parameter: Any, array: Array) -> None:
        torch: Any = import_module("torch")
        parameter.data.copy_(torch.tensor(array))

    def is_parameter(self, x: Any) -> bool:
        return self.owns(x) and x.is_leaf and x.requires_grad

    def output(self, arrays: Sequence[Array]) -> Any:
        torch: Any = import_module("torch")
        with torch.set_grad_enabled(bool(self.tangents)):
            return self._run(arrays)[0]

    def _run(self, arrays: Sequence[Array]) -> tuple[Any, list[Any]]:
        torch: Any = import_module("torch")
        args, variables = self.arguments(arrays)
        y = self.call(self.f, args)
        for tangents in self.tangents:
            self.result(y)
            if not _requires_grad(y):
                return torch.zeros(()), variables
            grads = torch.autograd.grad(y.sum(), variables, create_graph=True, allow_unused=True)
            y = torch.stack([(g * torch.tensor(t).to(g)).sum() for g, t in zip(grads, tangents)
                             if g is not None]).sum()
        return y, variables

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        torch: Any = import_module("torch")
        with torch.enable_grad():
            y, variables = self._run(arrays)
        value = self.result(y)

        def pull(cotangent: Array | None) -> list[Array]:
            if not _requires_grad(y):
                return [np.zeros_like(a) for a in arrays]
            seed = torch.ones_like(y) if cotangent is None else torch.tensor(cotangent).to(y)
            grads = self.call(lambda: torch.autograd.grad(y, variables, seed, retain_graph=True, allow_unused=True),
                              (), self.what)
            return [np.zeros_like(a) if g is None else np.array(self.read(g)) for g, a in zip(grads, arrays)]
        return Evaluation(value, pull)

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> Array:
        torch: Any = import_module("torch")
        variables = self.arguments(arrays)[1]
        n = len(self.likes)
        given = tuple(x.detach() for x in variables[:n])
        along = tuple(torch.tensor(t).to(x) for t, x in zip(tangents, given))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)      # torch, about itself
            return self.read(torch.func.jvp(lambda *xs: self.f(*self.nested(xs)), given, along)[1])


def _requires_grad(y: Any) -> bool:
    return bool(getattr(y, "requires_grad", False))


class Functional(Subject):
    """A framework that transforms functions of arrays: what f depends on is given to it."""

    def _check_parameter(self, p: Any) -> None:
        raise UsageError("check_gradients: a function of jax or HIPS/autograd has no parameters but its inputs\n"
                         "  help: give them as one of the inputs, nested as they are")

    def run(self, *xs: Any) -> Any:
        """f on the leaves, or its derivative along the tangents."""
        f: Callable[..., Any] = lambda *leaves: self.f(*self.nested(leaves))
        for tangents in self.tangents:
            f = self.along(f, tangents)
        return self.call(f, xs)

    def along(self, f: Callable[..., Any], tangents: list[Array]) -> Callable[..., Any]:
        """The derivative of f along the tangents, as a function of the leaves."""
        gradient = self.gradient_of(f, tuple(range(len(tangents))))
        return lambda *leaves: sum((g * t).sum() for g, t in zip(gradient(*leaves), tangents))

    def gradient_of(self, f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., Any]:
        raise NotImplementedError

    def vjp(self, xs: list[Any]) -> tuple[Any, Callable[[Any], Any]]:
        """The value at xs, and what takes a cotangent to those of xs."""
        raise NotImplementedError

    def output(self, arrays: Sequence[Array]) -> Any:
        return self.run(*[self.make(like, a) for like, a in zip(self.likes, arrays)])

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        y, back = self.call(self.vjp, [[self.make(like, a) for like, a in zip(self.likes, arrays)]])
        value = self.result(y)

        def pull(cotangent: Array | None) -> list[Array]:
            seed = np.ones_like(value) if cotangent is None else cotangent.astype(value.dtype)
            return [np.array(self.read(g)) for g in self.call(back, [seed], self.what)]
        return Evaluation(value, pull)


class Jax(Functional):
    """A function of jax arrays."""

    framework = "jax"
    widens = True

    def _precision(self) -> AbstractContextManager[Any]:
        """jax makes float32 of float64, unless told otherwise."""
        if not any(a.dtype == np.float64 for a in self.start):
            return nullcontext()
        jax: Any = import_module("jax")
        home = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")         # of older versions
        context: AbstractContextManager[Any] = home.enable_x64(True)
        return context

    def output(self, arrays: Sequence[Array]) -> Any:
        with self._precision():
            return super().output(arrays)

    def trace(self, arrays: Sequence[Array]) -> Evaluation:
        with self._precision():
            value, pull, root = super().trace(arrays)

        def pull_there(cotangent: Array | None) -> list[Array]:
            with self._precision():
                return pull(cotangent)
        return Evaluation(value, pull_there, root)

    def owns(self, x: Any) -> bool:
        jax: Any = import_module("jax")
        return isinstance(x, jax.Array) and bool(jax.numpy.issubdtype(x.dtype, jax.numpy.floating))

    def read(self, x: Any) -> Array:
        jax: Any = import_module("jax")
        array = np.asarray(x if isinstance(x, jax.Array) else jax.numpy.asarray(x))
        return array if array.dtype.kind in "biufc" else array.astype(np.float16)     # bfloat16 and its like: refused

    def make(self, like: Any, array: Array) -> Any:
        jax: Any = import_module("jax")
        return jax.numpy.asarray(array)

    def gradient_of(self, f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., Any]:
        jax: Any = import_module("jax")
        return lambda *xs: [jax.numpy.asarray(g) for g in jax.grad(f, argnums)(*xs)]

    def vjp(self, xs: list[Any]) -> tuple[Any, Callable[[Any], Any]]:
        jax: Any = import_module("jax")
        y, back = jax.vjp(lambda *leaves: jax.numpy.asarray(self.run(*leaves)), *xs)
        return y, lambda seed: back(jax.numpy.asarray(seed, dtype=jax.numpy.result_type(y)))

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> Array:
        jax: Any = import_module("jax")
        xs = [self.make(like, a) for like, a in zip(self.likes, arrays)]
        return self.read(jax.jvp(self.run, xs, [jax.numpy.asarray(t, x.dtype) for t, x in zip(tangents, xs)])[1])


class Autograd(Functional):
    """A function written for HIPS/autograd, on arrays of its NumPy."""

    framework = "autograd"
    forward_mode = False             # its forward rules are a small part of its reverse ones

    def gradient_of(self, f: Callable[..., Any], argnums: tuple[int, ...]) -> Callable[..., Any]:
        autograd: Any = import_module("autograd")
        gradient: Callable[..., Any] = autograd.grad(f, argnums)
        return gradient

    def vjp(self, xs: list[Any]) -> tuple[Any, Callable[[Any], Any]]:
        autograd: Any = import_module("autograd")
        back, y = autograd.make_vjp(self.run, tuple(range(len(xs))))(*xs)
        return y, lambda seed: back(seed if seed.ndim else float(seed))
