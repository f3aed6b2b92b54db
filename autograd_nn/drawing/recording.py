"""with trace(): the program that makes a graph, noted while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import FrameType, TracebackType
from typing import Any, Self

import numpy as np

from ..core.modes import mode, special_mode
from ..core.node import Node
from ..errors import UsageError
from .derivation import Derivation, explain
from .frames import failure_of, source_at, users_frames
from .picture import Picture, draw
from .record.lookup import node_of
from .record.notes import ModuleRecord, Note, Notes, Recorded
from .record.trace import Trace, numbered, trace_of
from .statements import MISSING, Targets, index_variables, looked_up, targets_at

LONGEST = 1000
"""Nodes: at most this many of a list in a variable get names such as `w[3]`; a larger array of nodes gives none."""


class trace(Recorded):
    """A context that notes the program which makes a graph: `with trace() as t:`.

    Of each node that an op makes inside: the line of the program, the variable to which it was
    assigned, the module in whose `forward` it was made, and whether a backward pass made it. After
    the `with`, t stands for the graph of all that was computed there and not used further, as the
    argument of `draw`, `explain` and `trace_of`, and `t.draw()`, `t.explain(leaf)`, `t.trace()` are
    short for that.

    If the program raises, the exception goes on, and t is the graph as far as it came: its Trace says
    which op failed, where, and with which shapes.

    Outside nothing is noted and nothing is slower; inside, making a node takes some microseconds
    longer. Contexts may be nested: the outer one notes what the inner one notes. One notes the
    program of the thread that entered it. It keeps all noted nodes alive as long as it lives itself,
    may be entered again (and then begins anew), and what is thrown away (in `no_grad()`, or inside
    `checkpoint`) is not noted.

    >>> from autograd_nn import Value
    >>> w = Value(3.0)
    >>> with trace() as t:
    ...     h = (w * 2.0).tanh()
    ...     loss = h * h
    >>> [n["label"] for n in t.trace()["nodes"] if n["role"] != "constant"]
    ['w', None, 'h', 'loss']
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._notes = Notes()
        self._asked: list[Node] = []
        self._used: set[Node] = set()                # what some op inside was given
        self._inside: dict[Node, str] = {}           # leaves that a function called has names for
        self._owner: dict[Node, Any] = {}            # node -> the module that was running
        self._called: dict[int, tuple[Any, str | None]] = {}   # outermost modules, with their variables' names
        self._inner: dict[int, tuple[Any, Any]] = {}     # other modules, with the one that called each
        self._running: list[Any] = []
        self._passes: list[tuple[list[FrameType], int]] = []   # backward passes: who asked, and their nodes' order
        self._frames: dict[FrameType, tuple[Targets, dict[str, Any]]] = {}   # what each was assigning
        self._base: FrameType | None = None
        self._context: Any = None

    # --- the context ------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        if self._context is not None:
            raise UsageError("this trace() is running already\n  help: with trace() as inner: ... makes another")
        self._clear()
        self._base = sys._getframe(1)
        self._outer = mode.note, mode.call, mode.sweep
        self._context = special_mode(note=self._note, call=self._call, sweep=self._sweep)
        self._context.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._context.__exit__(None, None, None)
        self._context = None
        try:
            for frame in [*self._frames]:
                self._leave(frame)
            if isinstance(error, Exception):
                self._notes.failure = failure_of(error, traceback)
                for x in self._notes.failure.inputs:
                    if x is not None:
                        self._notes.nodes.setdefault(x, Note())
            if self._base is not None:
                self._name_all(self._base)
            for node, text in self._inside.items():
                self._name(text, node)
            self._place()
        finally:
            self._frames, self._inside, self._base, self._outer = {}, {}, None, (None, None, None)

    # --- what it stands for -----------------------------------------------------------------------
    def of(self, *roots: Node | str) -> trace:
        """The same record of the graph of these results alone: `t.of(loss).explain(w)`, `t.of("loss")`.

        Raises UsageError for what is no node, and for a name of none or of several.
        """
        if not roots:
            raise UsageError("of() takes the Values or Tensors whose graph is wanted, or their names")
        one = trace()
        one._notes, one._used, one._asked = self._notes, self._used, [*dict.fromkeys(map(self._node, roots))]
        return one

    def _node(self, thing: Any) -> Node:
        return thing if isinstance(thing, Node) else node_of(thing, *numbered(self), "of")

    def roots(self) -> list[Node]:
        """The results that nothing else inside was made of, in the order in which they were made.

        After an exception also what the failing op was given. Raises UsageError if there is nothing.
        """
        if self._asked:
            return self._asked
        failure = self._notes.failure
        given = [x for x in failure.inputs if x is not None] if failure is not None else []
        roots = [node for node in self._notes.nodes if node.op is not None and node not in self._used]
        roots = [*dict.fromkeys([*roots, *given])]
        if not roots and failure is None:
            raise UsageError("nothing was computed inside this trace(): no op made a node\n"
                             "  help: put the forward pass into the `with` block, outside of no_grad(), and free "
                             "(requires_grad) what it is to be a function of")
        return roots

    def notes(self) -> Notes:
        """What was noted."""
        return self._notes

    def trace(self, **options: Any) -> Trace:
        """The Trace: `trace_of(self, ...)`."""
        return trace_of(self, **options)

    def draw(self, **options: Any) -> Picture:
        """The picture: `draw(self, ...)`. After an exception the inputs of the op that failed are marked.

        Raises UsageError where nothing had been made before the exception.
        """
        failure = self._notes.failure
        if not self.roots():
            raise UsageError("nothing had been computed when the program raised, so there is no graph to draw\n"
                             "  help: t.trace()['error'] says what failed")
        if failure is not None and "marks" not in options:
            first = failure.message.partition("\n")[0]
            said = first if failure.op is None or first.startswith(failure.op) else f"{failure.op}: {first}"
            marks = {x: f"failed: {said}" for x in failure.inputs if x is not None}
            options = {"marks": marks, **options}
        return draw(self, **options)

    def explain(self, *leaves: Node | str, **options: Any) -> Derivation:
        """The derivation: `explain(self, *leaves, ...)`."""
        return explain(self, *leaves, **options)

    def __repr__(self) -> str:
        made = sum(node.op is not None for node in self._notes.nodes)
        failed = f", and {self._notes.failure.op or 'then something'} failed" if self._notes.failure else ""
        return f"<trace of {made} operations{failed}; .draw(), .explain(leaf) and .trace() show it>"

    # --- while it runs ----------------------------------------------------------------------------
    def _note(self, node: Node) -> None:
        if self._outer[0] is not None:
            self._outer[0](node)
        noted = self._notes.nodes
        order = max((noted[x].order for x in node.inputs if isinstance(x, Node) and x in noted), default=0)
        if self._passes:
            frames, least = self._passes[-1]         # a rule of the user's is not the line that is looked for
            order = max(order, least)
        else:
            frames = users_frames(self._base)
        for frame in [*self._frames]:
            if frame not in frames:
                self._leave(frame)
        source = None
        for frame in frames:
            if frame in self._frames:
                self._assigned(frame)
            file, line = frame.f_code.co_filename, frame.f_lineno
            targets = targets_at(file, line)
            self._frames[frame] = targets, index_variables(targets, frame.f_locals) if targets else {}
            if source is None:
                source = source_at(file, line)
        noted[node] = Note(source=source, order=order)
        if self._running:
            self._owner[node] = self._running[-1]
        self._used.update(x for x in node.inputs if isinstance(x, Node))

    @contextmanager
    def _sweep(self, seeds: Mapping[Node, Any]) -> Iterator[None]:
        """A backward pass that makes nodes: they are of one order more than what it differentiates."""
        outer = self._outer[2]
        with nullcontext() if outer is None else outer(seeds):
            noted = self._notes.nodes
            least = 1 + max((noted[x].order for x in seeds if x in noted), default=0)
            self._passes.append((users_frames(self._base), least))
            try:
                yield
            finally:
                self._passes.pop()

    def _call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._running:
            self._inner.setdefault(id(module), (module, self._running[-1]))
        elif id(module) not in self._called:
            self._called[id(module)] = module, _variable(module, self._base)
        self._running.append(module)
        try:
            outer = self._outer[1]
            return outer(module, args, kwargs) if outer is not None else module.forward(*args, **kwargs)
        finally:
            self._running.pop()

    # --- names of variables -----------------------------------------------------------------------
    def _assigned(self, frame: FrameType) -> None:
        """Give their names to nodes that the statement at which this frame was last has assigned."""
        targets, at = self._frames[frame]
        if not targets:
            return
        names = frame.f_locals
        for target in targets:
            text, thing = looked_up(target, names, at)
            if thing is not MISSING:
                self._name(text, thing)

    def _leave(self, frame: FrameType) -> None:
        """The frame has returned, and its variables can still be seen."""
        self._assigned(frame)
        del self._frames[frame]
        code = frame.f_code
        if frame is self._base or code.co_name.startswith("<"):      # a comprehension's variables are nobody's names
            return
        arguments = {*code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]}
        for name, thing in frame.f_locals.items():
            if isinstance(thing, Node) and name not in arguments and not name.startswith("_"):
                self._inside.setdefault(thing, name)

    def _name_all(self, frame: FrameType) -> None:
        """Names for leaves, which no op makes, from all variables of a frame."""
        for name, thing in [*frame.f_locals.items()]:
            if not name.startswith("_"):
                self._name(name, thing)

    def _name(self, text: str, thing: Any) -> None:
        """Call a node so, or the nodes in a list, tuple or array by their places."""
        stack = [(text, thing, 0)]
        while stack:
            text, thing, depth = stack.pop()
            if isinstance(thing, Node):
                note = self._notes.nodes.get(thing)
                if note is None and thing in self._used:
                    note = self._notes.nodes[thing] = Note()
                if note is not None and note.label is None:
                    note.label = text
            elif depth < 3:
                stack.extend((f"{text}[{place}]", part, depth + 1) for place, part in _parts(thing))

    # --- modules ----------------------------------------------------------------------------------
    def _place(self) -> None:
        """Paths for the modules that were called; the module of each node; names of parameters."""
        paths: dict[int, str] = {}
        several = len(self._called) > 1
        taken: set[str] = set()
        for module, variable in self._called.values():
            top = ""
            if several:
                top = variable or type(module).__name__
                while top in taken:
                    top += "#"
                taken.add(top)
            for name, part in module.named_modules():
                paths.setdefault(id(part), ".".join(filter(None, (top, name))))
            home = _homes(module)
            for name, leaf in module.named_parameters():
                if leaf in self._used:
                    note = self._notes.nodes.setdefault(leaf, Note())
                    if not note.parameter:
                        note.parameter, note.label = True, ".".join(filter(None, (top, name)))
                        note.module = ".".join(filter(None, (top, home[id(leaf)]))) or None
        for module, caller in self._inner.values():  # made on the way, and no attribute of any
            if id(module) not in paths:
                paths[id(module)] = ".".join(filter(None, (paths.get(id(caller), ""), type(module).__name__)))
        for node, module in self._owner.items():
            self._notes.nodes[node].module = paths[id(module)] or None
        ran = {**{i: m for i, (m, _) in self._called.items()}, **{i: m for i, (m, _) in self._inner.items()}}
        self._notes.modules = [ModuleRecord({"path": paths[i], "class": type(m).__name__}) for i, m in ran.items()]
        self._owner, self._called, self._inner = {}, {}, {}


def _homes(module: Any) -> dict[int, str]:
    """The path of the innermost module that has each parameter, by the parameter's id."""
    # children come after their parents, and have the last word
    return {id(leaf): name for name, part in module.named_modules() for leaf in part.parameters()}


def _parts(thing: Any) -> Iterator[tuple[Any, Any]]:
    if type(thing) in (list, tuple):
        return iter([*enumerate(thing[:LONGEST])][::-1])
    if isinstance(thing, np.ndarray) and thing.dtype == object and thing.size <= LONGEST:
        return iter([(", ".join(map(str, place)), part) for place, part in np.ndenumerate(thing)][::-1])
    return iter(())


def _variable(module: Any, frame: FrameType | None) -> str | None:
    return next((name for name, thing in frame.f_locals.items() if thing is module), None) if frame else None
