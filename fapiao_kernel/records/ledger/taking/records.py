"""Which row of the file a record is (行号): records are counted, blank lines are none, and a quoted line break ends none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from fapiao_kernel.ports.intake import Table


class Records:
    """Row numbers of a table that counts its rows. ``bad``: where in the file its rejected records begin (see ``ordinals``)."""

    def __init__(self, table: Table, bad: Iterable[int] = ()) -> None:
        self._first = table.first_row
        self._bad = ordinals(table, sorted(set(bad)))
        self._before = [place - count for count, place in enumerate(self._bad)]

    def row(self, accepted: int) -> int:
        """The row of the so-manieth record, from 0, that was not rejected."""
        return self._first + accepted + bisect_right(self._before, accepted)

    @property
    def rejected(self) -> list[int]:
        """Rows of the rejected ones."""
        return [self._first + place for place in self._bad]


def ordinals(table: Table, positions: Sequence[int]) -> list[int]:
    """The so-manieth record, from 0, at each byte position (from 1, as DuckDB tells them: of the record's first byte, or of the line
    break before it)."""
    found: list[int] = []
    if not positions:
        return found
    wanted = iter(positions)
    position = next(wanted)
    ordinal = -1
    for ordinal, (_, end) in enumerate(_records(table)):
        while position < end:
            if not found or found[-1] != ordinal:
                found.append(ordinal)
            following = next(wanted, None)
            if following is None:
                return found
            position = following
    if ordinal >= 0 and (not found or found[-1] != ordinal):  # one character at the very end
        found.append(ordinal)
    return found


def _records(table: Table) -> Iterator[tuple[int, int]]:
    """Where each record begins and ends."""
    quote = table.quote.encode()
    with table.file.open("rb") as file:
        for _ in range(table.skip):
            file.readline()
        place = start = file.tell()
        inside = False
        for line in file:
            end = place + len(line)
            if not inside and not line.strip(b"\r\n"):
                place = start = end
                continue
            if quote in line:
                inside ^= line.count(quote) % 2 == 1
            if not inside:
                yield start, end
                start = end
            place = end
        if start < place:
            yield start, place
