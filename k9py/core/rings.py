"""A ring of samples: fixed memory, oldest forgotten first, gaps kept as gaps."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

GAP = float("nan")
"""A sample that was due and did not come."""


class Ring:
    """The last ``size`` numbers pushed, 8 bytes each."""

    __slots__ = ("_data", "_next", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._data = array("d")
        self._next = 0

    def push(self, value: float) -> None:
        """Add a sample; NaN stands for a gap."""
        if len(self._data) < self._size:
            self._data.append(value)
        else:
            self._data[self._next] = value
            self._next = (self._next + 1) % self._size

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[float]:
        yield from self._data[self._next :]
        yield from self._data[: self._next]

    def last(self, count: int) -> list[float]:
        """Return the newest ``count`` samples, oldest first; fewer when there are fewer."""
        return list(self)[-count:] if count > 0 else []
