"""Which node of one Trace is which node of another, by names and by structure."""

from __future__ import annotations

from collections import Counter, defaultdict, deque

from .record.trace import NodeRecord, Trace

ROUNDS = 20
"""Rounds at most. A round looks at names, at what a node is made of and at what uses it; each may settle more nodes."""


def matched(a: Trace, b: Trace) -> dict[int, int]:
    """For nodes of b the node of a that is the same one; each node of a at most once.

    Leaves are told by their names, or their order where they have none; other nodes by what they are
    made of, by their names, and by what they are used for. So a node put in between leaves those around it as they
    are. Constants go with the node that uses them. Nodes are never told apart by their numbers.
    """
    return _Matching(a, b).found()


class _Matching:
    def __init__(self, a: Trace, b: Trace) -> None:
        self.a, self.b = a["nodes"], b["nodes"]
        self.roots = a["roots"], b["roots"]
        self.to_a: dict[int, int] = {}
        self.to_b: dict[int, int] = {}
        self.fresh: deque[tuple[int, int]] = deque()

    def found(self) -> dict[int, int]:
        self.leaves()
        for _ in range(ROUNDS):
            before = len(self.to_a)
            self.upwards()
            self.by_name()
            if not self.roots_paired():
                self.roots_by_place()
            self.downwards()
            if len(self.to_a) == before:
                break
        self.exchanged()
        self.downwards()
        return dict(sorted(self.to_a.items()))

    def pair(self, i: int, j: int) -> None:
        self.to_b[i], self.to_a[j] = j, i
        self.fresh.append((i, j))

    def free(self, i: int, j: int) -> bool:
        return i not in self.to_b and j not in self.to_a

    # --- the rules ----------------------------------------------------------------------------------
    def leaves(self) -> None:
        """Leaves of the same name, in order; of those without a name, of the same shape in order."""
        waiting: dict[object, deque[int]] = defaultdict(deque)
        for n in self.a:
            if n["role"] == "leaf":
                waiting[_leaf_key(n)].append(n["id"])
        for n in self.b:
            if n["role"] == "leaf" and waiting[_leaf_key(n)]:
                self.pair(waiting[_leaf_key(n)].popleft(), n["id"])

    def upwards(self) -> None:
        """Nodes that one op made of the same inputs; of several those of the same name."""
        waiting: dict[object, list[int]] = defaultdict(list)
        for n in self.a:
            if n["op"] is not None and n["id"] not in self.to_b:
                waiting[self.made_of(n, None)].append(n["id"])
        waiting.pop(None, None)
        for n in self.b:
            key = self.made_of(n, self.to_a) if n["op"] is not None and n["id"] not in self.to_a else None
            choice = [i for i in waiting.get(key, ()) if i not in self.to_b] if key is not None else []
            if choice:
                same = [i for i in choice if _name(self.a[i]) == _name(n)]
                self.pair((same or choice)[0], n["id"])
                # what is above it in `a` is known by its number, so the keys of `a` hold as they are

    def made_of(self, n: NodeRecord, to_a: dict[int, int] | None) -> object:
        inputs: list[object] = []
        nodes = self.a if to_a is None else self.b
        for use in n["inputs"]:
            i = use["node"]
            if nodes[i]["role"] in ("constant", "omitted"):
                inputs.append("constant")
            elif to_a is None:
                inputs.append(i)
            elif i in to_a:
                inputs.append(to_a[i])
            else:
                return None
        return n["op"], tuple(inputs)

    def by_name(self) -> None:
        """Nodes whose name only they have, in both."""
        alone_a, alone_b = _alone(self.a), _alone(self.b)
        for name, j in alone_b.items():
            i = alone_a.get(name)
            if i is not None and self.free(i, j) and (self.a[i]["op"] is None) == (self.b[j]["op"] is None):
                self.pair(i, j)

    def roots_paired(self) -> bool:
        return all(j in self.to_a for j in self.roots[1])

    def roots_by_place(self) -> None:
        for i, j in zip(*self.roots):
            if self.free(i, j) and self.a[i]["op"] == self.b[j]["op"]:
                self.pair(i, j)

    def downwards(self) -> None:
        """The inputs of nodes that are the same, slot by slot, where one op made them."""
        while self.fresh:
            i, j = self.fresh.popleft()
            slots = {use["slot"]: use["node"] for use in self.a[i]["inputs"] if use["slot"] is not None}
            for use in self.b[j]["inputs"]:
                x, y = slots.get(use["slot"], -1) if use["slot"] is not None else -1, use["node"]
                if x < 0 or not self.free(x, y):
                    continue
                one, other = self.a[x], self.b[y]
                if one["role"] == other["role"] == "constant" or (
                        one["op"] is not None and one["op"] == other["op"] and _may_be_same(one, other)):
                    self.pair(x, y)

    def exchanged(self) -> None:
        """Nodes in one place of the graph, made of the same inputs, by different ops."""
        uses = self.users(self.b)
        for n in self.b:
            if n["id"] in self.to_a or n["op"] is None:
                continue
            for user, slot in uses[n["id"]]:
                if user not in self.to_a:
                    continue
                x = next((u["node"] for u in self.a[self.to_a[user]]["inputs"] if u["slot"] == slot), -1)
                if x >= 0 and self.free(x, n["id"]) and self.a[x]["op"] is not None and \
                        self.inputs_agree(self.a[x], n):
                    self.pair(x, n["id"])
        for i, j in zip(*self.roots):
            if self.free(i, j) and self.a[i]["op"] is not None and self.inputs_agree(self.a[i], self.b[j]):
                self.pair(i, j)

    def inputs_agree(self, one: NodeRecord, other: NodeRecord) -> bool:
        """Whether the first input is the same, and no input was matched otherwise."""
        mine = [use["node"] for use in one["inputs"]]
        theirs = [self.to_a.get(use["node"]) for use in other["inputs"]]
        return bool(mine and theirs) and mine[0] == theirs[0]

    @staticmethod
    def users(nodes: list[NodeRecord]) -> dict[int, list[tuple[int, int | None]]]:
        found: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for n in nodes:
            for use in n["inputs"]:
                found[use["node"]].append((n["id"], use["slot"]))
        return found


def _name(n: NodeRecord) -> str | None:
    return n["name"] or n["label"]


def _leaf_key(n: NodeRecord) -> object:
    shape = tuple(n["value"]["shape"]) if isinstance(n["value"], dict) else ()
    return _name(n) or shape


def _may_be_same(one: NodeRecord, other: NodeRecord) -> bool:
    return _name(one) == _name(other) or _name(one) is None or _name(other) is None


def _alone(nodes: list[NodeRecord]) -> dict[str, int]:
    names = Counter(_name(n) for n in nodes)
    return {name: n["id"] for n in nodes if (name := _name(n)) and names[name] == 1}
