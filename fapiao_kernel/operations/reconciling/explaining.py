"""Which invoices come to a difference exactly (差额由哪几张构成): singles, pairs, threes. Exact, in fen, with bounded work. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from fapiao_kernel.domain.money import fen
from fapiao_kernel.operations.reconciling.values import Apart, Explanation
from fapiao_kernel.ports.statements import Books, Candidate, Figure, FiledReturn, Scope, Suspects

SHOWN = 200
"""Invoices of one ground that are shown."""
POOL = 600
"""Invoices among which sets are looked for."""
SETS = 5
"""Sets that are told: more of them would prove nothing, since any of them may be chance."""
STEPS = 200_000
"""Steps of the search; about a tenth of a second."""

Vector = tuple[int, ...]
"""Amount and tax in fen, or the total alone."""


def explain(books: Books, scope: Scope, apart: Apart, filed: FiledReturn) -> Explanation:
    """What the ledger has to say about a difference with that return."""
    told = Figure(scope.invoice_type, scope.rate, apart.amount, apart.tax, apart.total)
    suspects = books.suspects(scope, filed, SHOWN)
    equals = books.equals(scope, told, SETS)
    target = vector(apart.amount, apart.tax, apart.total)
    measure = _measure(len(target))
    pool = _pool(suspects)
    grounds = {(one.code, one.number): one.grounds for one in pool}
    singles = [(replace(one, grounds=(*one.grounds, *grounds.get((one.code, one.number), ()))),) for one in equals]
    known = {(one.code, one.number) for one in equals}
    found, whole = sets(target, [measure(one) for one in pool])
    whole = whole and all(one.count == len(one.shown) for one in suspects) and sum(map(_count, suspects)) <= POOL
    more = [tuple(pool[at] for at in places) for places in found]
    more = [one for one in more if not (len(one) == 1 and (one[0].code, one[0].number) in known)]
    exact = tuple(one for one in suspects if measure(one) == target)
    return Explanation(tuple(suspects), exact, tuple([*singles, *more][:SETS]), whole)


def vector(amount: Decimal | None, tax: Decimal | None, total: Decimal) -> Vector:
    """What is looked for, in fen."""
    return (fen(total),) if amount is None or tax is None else (fen(amount), fen(tax))


def sets(
    target: Vector, values: Sequence[Vector], most: int = 3, steps: int = STEPS
) -> tuple[list[tuple[int, ...]], bool]:
    """Places of values that add up to the target exactly: the smallest sets first, ``SETS`` at most, ``most`` (3 at most) in one.

    With whether nothing was left untried: a search that ends at ``steps``, or at ``SETS``, leaves some. A target of nothing has none.
    """
    if not any(target):
        return [], True
    found: list[tuple[int, ...]] = []
    for place in _search(target, values, most, steps):
        if place is None or len(found) == SETS:
            return found, False
        found.append(place)
    return found, True


def _search(target: Vector, values: Sequence[Vector], most: int, steps: int) -> Iterator[tuple[int, ...] | None]:
    """Sets in order of size; None at the end of the steps."""
    last: dict[Hashable, list[int]] = {}
    for place, value in enumerate(values):
        last.setdefault(value, []).append(place)
    zero = tuple(0 for _ in target)
    useful = [place for place, value in enumerate(values) if value != zero]
    yield from ((place,) for place in last.get(target, ()))
    if most >= 2:
        for one in useful:
            steps -= 1
            if steps < 0:
                yield None
                return
            for other in _after(last, _rest(target, values[one]), one, zero):
                yield (one, other)
    if most >= 3:
        for at, one in enumerate(useful):
            left = _rest(target, values[one])
            for other in islice(useful, at + 1, None):
                steps -= 1
                if steps < 0:
                    yield None
                    return
                for third in _after(last, _rest(left, values[other]), other, zero):
                    yield (one, other, third)


def _after(last: dict[Hashable, list[int]], wanted: Vector, place: int, zero: Vector) -> Iterator[int]:
    """Places behind this one of that value; what is nothing explains nothing."""
    if wanted != zero:
        yield from (other for other in last.get(wanted, ()) if other > place)


def _rest(target: Vector, value: Vector) -> Vector:
    return tuple(one - other for one, other in zip(target, value, strict=True))


def _measure(size: int) -> Callable[[Candidate | Suspects], Vector]:
    if size == 1:
        return lambda one: (fen(one.total),)
    return lambda one: (fen(one.amount), fen(one.tax))


def _count(one: Suspects) -> int:
    return one.count


def _pool(suspects: Sequence[Suspects]) -> list[Candidate]:
    """Each invoice once, the grounds in turn, so that a long list of one ground leaves room for the others."""
    rows = [iter(one.shown) for one in suspects]
    pool: dict[tuple[str, str], Candidate] = {}
    while rows and len(pool) < POOL:
        for row in list(rows):
            one = next(row, None)
            if one is None:
                rows.remove(row)
            else:
                pool.setdefault((one.code, one.number), one)
    return list(pool.values())[:POOL]
