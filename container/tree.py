"""A classification tree in numpy alone: grown by Gini impurity, the best split first.

It splits where scikit-learn's DecisionTreeClassifier does, except that any two different values
can be told apart here, and there only those that lie more than 1e-7 apart.
"""

import heapq
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FEW_ROWS = 16  # so many or fewer are predicted faster one by one
FEW_LEAVES = 16  # with so many or fewer, asking everything of every row is faster
CELLS = 1 << 20  # values looked at together while a split is searched: bounds the memory


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A grown tree of n nodes; node 0 is the root.

    A leaf leads to itself, because no value is above its threshold, infinity: after ``depth``
    steps every row is in its leaf.
    """

    depth: int  # questions on the longest path
    feature: NDArray[np.intp]  # (n,) column that a node asks about
    threshold: NDArray[np.float32]  # (n,) the way is left for values up to this
    left: NDArray[np.intp]  # (n,) left child; the right one is the next node
    value: NDArray[np.intp]  # (n,) class most frequent among the node's training rows

    def predict(self, features: NDArray[np.float32]) -> list[int] | NDArray[np.intp]:
        """The class of each row of ``features`` (rows, columns)."""
        if len(features) <= FEW_ROWS:
            return [self._walk(row) for row in features.tolist()]
        if len(self.left) < 2 * FEW_LEAVES:
            chosen = self._choose(np.ascontiguousarray(features.T), 0)
            return np.broadcast_to(chosen, len(features))
        return self._descend(features)

    def _walk(self, row: list[float]) -> int:
        feature, threshold, left, value = self._lists
        node = 0
        while (child := left[node]) != node:
            node = child + (row[feature[node]] > threshold[node])
        return value[node]

    def _choose(self, columns: NDArray[np.float32], node: int) -> int | NDArray[np.intp]:
        """The class of each row, as if all of them came to ``node``."""
        feature, _, left, value = self._lists
        child = left[node]
        if child == node:
            return value[node]
        goes_right = columns[feature[node]] > self.threshold[node]
        return np.where(goes_right, self._choose(columns, child + 1), self._choose(columns, child))

    def _descend(self, features: NDArray[np.float32]) -> NDArray[np.intp]:
        values = features.ravel()
        first = np.arange(0, values.size, features.shape[1])  # a row's first value
        node = np.zeros(len(features), dtype=np.intp)
        for _ in range(self.depth):
            asked = values.take(first + self.feature.take(node))
            node = self.left.take(node) + (asked > self.threshold.take(node))
        return self.value.take(node)

    @cached_property
    def _lists(self) -> tuple[list[int], list[float], list[int], list[int]]:
        """Python's own numbers, which are faster one at a time."""
        arrays = (self.feature, self.threshold, self.left, self.value)
        return tuple(array.tolist() for array in arrays)


def grow(
    features: NDArray[np.float32],
    classes: NDArray[np.integer],
    *,
    max_leaf_nodes: int | None,
    max_depth: int | None,
    min_samples_leaf: int,
    random_state: int,
) -> Tree:
    """Grows a tree on ``features`` (rows, columns) and each row's class, a number from 0.

    Args:
        max_leaf_nodes, max_depth: None for as many as the data asks for.
        min_samples_leaf: fewest rows in a leaf.
        random_state: seed of the order of columns, in which the first of equally good ones wins.
    """
    growing = _Growing(features, classes, smallest=min_samples_leaf, seed=random_state)
    order = np.stack([column.argsort().astype(np.int32) for column in features.T])
    waiting: list[_Split] = []  # a heap: the best split is the first
    leaves, deepest = 1, 0
    parts = [_Part(node=growing.add(order), depth=0, order=order)]
    while True:
        for part in parts:
            if part.depth != max_depth and leaves != max_leaf_nodes:
                split = growing.best_split(part)
                if split is not None:
                    heapq.heappush(waiting, split)
        if not waiting or leaves == max_leaf_nodes:
            return growing.tree(deepest)
        parts = growing.divide(heapq.heappop(waiting))
        leaves += 1
        deepest = max(deepest, parts[0].depth)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A node and its rows, once for each column in the order of its values."""

    node: int
    depth: int
    order: NDArray[np.int32]  # (columns, rows of the node)


@dataclass(frozen=True, kw_only=True, order=True)
class _Split:
    """The best way to divide a node; of several, the least one gains most."""

    change: float  # of the rows' impurity: negative
    node: int
    part: _Part = field(compare=False)
    column: int = field(compare=False)
    lefts: int = field(compare=False)  # so many of the part's rows go left
    threshold: np.float32 = field(compare=False)


class _Growing:
    """The nodes so far."""

    def __init__(
        self,
        features: NDArray[np.float32],
        classes: NDArray[np.integer],
        *,
        smallest: int,
        seed: int,
    ) -> None:
        self._rows = len(features)
        self._values = features.T.ravel()  # column after column: taken from by one index
        self._classes = classes.astype(np.min_scalar_type(int(classes.max())))
        self._smallest = smallest
        self._random = np.random.default_rng(seed)
        self._goes_right = np.zeros(len(features), dtype=bool)
        self._feature: list[int] = []
        self._threshold: list[float] = []
        self._left: list[int] = []
        self._value: list[int] = []

    def add(self, order: NDArray[np.int32]) -> int:
        """Adds a leaf for the rows in ``order``; returns its number."""
        node = len(self._left)
        self._feature.append(0)
        self._threshold.append(np.inf)
        self._left.append(node)
        self._value.append(int(np.bincount(self._classes[order[0]]).argmax()))
        return node

    def tree(self, depth: int) -> Tree:
        return Tree(
            depth=depth,
            feature=np.array(self._feature, dtype=np.intp),
            threshold=np.array(self._threshold, dtype=np.float32),
            left=np.array(self._left, dtype=np.intp),
            value=np.array(self._value, dtype=np.intp),
        )

    def divide(self, split: _Split) -> list[_Part]:
        """Makes a node's leaf a question with two leaves."""
        order, left = split.part.order, len(self._left)
        self._feature[split.node] = split.column
        self._threshold[split.node] = float(split.threshold)
        self._left[split.node] = left
        rows = order[split.column, split.lefts :]
        self._goes_right[rows] = True
        goes_right = self._goes_right.take(order)
        self._goes_right[rows] = False
        parts = []
        for chosen in (~goes_right, goes_right):
            part = order[chosen].reshape(len(order), -1)
            parts.append(_Part(node=self.add(part), depth=split.part.depth + 1, order=part))
        return parts

    def best_split(self, part: _Part) -> _Split | None:
        """The split after which the two sides are purest; None if there is nothing to divide."""
        columns, rows = part.order.shape
        counts = np.bincount(self._classes[part.order[0]])
        first, last = self._smallest, rows - self._smallest  # fewest and most rows on the left
        if last < first or counts.max() == rows:
            return None
        best, found = -np.inf, None
        lefts = np.arange(first, last + 1)
        at_once = max(1, CELLS // rows)
        shuffled = self._random.permutation(columns)
        for start in range(0, columns, at_once):
            chosen = shuffled[start : start + at_once]
            order = part.order[chosen]
            values = self._values.take(order + chosen[:, None] * self._rows)
            purity = _purity(self._classes.take(order), counts, lefts)
            # Rows of equal value cannot be divided.
            purity[values[:, first : last + 1] <= values[:, first - 1 : last]] = -np.inf
            places = purity.argmax(axis=1)
            for column, line, value, place in zip(chosen, purity, values, places, strict=True):
                if line[place] > best:
                    best = line[place]
                    below, above = value[first + place - 1], value[first + place]
                    found = (int(column), first + int(place), _between(below, above))
        if found is None:
            return None
        column, count, threshold = found
        before = float((counts**2).sum() / rows)
        return _Split(
            change=before - best,
            node=part.node,
            part=part,
            column=column,
            lefts=count,
            threshold=threshold,
        )


def _purity(
    classes: NDArray[np.integer], counts: NDArray[np.intp], lefts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How pure the two sides are, if so many of each line's rows as in ``lefts`` go left.

    It is the sum over the sides of (the squares of its classes' counts, by its rows), which falls
    as the Gini impurity of the sides rises.
    """
    left_squares = np.zeros((len(classes), len(lefts)))
    right_squares = np.zeros_like(left_squares)
    for number in np.flatnonzero(counts):
        until = np.cumsum(classes == number, axis=1, dtype=np.int32)
        left = until[:, lefts[0] - 1 : lefts[-1]].astype(np.float64)
        right = counts[number] - left
        left_squares += np.square(left, out=left)
        right_squares += np.square(right, out=right)
    left_squares /= lefts
    right_squares /= classes.shape[1] - lefts
    return left_squares + right_squares


def _between(below: np.float32, above: np.float32) -> np.float32:
    """The middle of two neighbours: in 32 bits, so that no value is compared in 64."""
    middle = (float(below) + float(above)) / 2
    threshold = np.float32(middle)
    # A value of 32 bits is up to the middle if it is up to the last such value before it.
    return threshold if float(threshold) <= middle else np.nextafter(threshold, below)
