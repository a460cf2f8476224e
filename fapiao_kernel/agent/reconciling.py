"""Reconciling for faces (对账): what the card and the tax side say now, or said last, beside the ledger; returns stated by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.queries import Queries
from fapiao_kernel.agent.reconciling_views import answer_view, return_view
from fapiao_kernel.api.reconciling import ReconcileAnswer, ReconcileRequest, ReturnAnswer, ReturnRequest
from fapiao_kernel.domain.card import CardIdentity, Source
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused, UsageError
from fapiao_kernel.domain.money import money
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.reconciling import stating
from fapiao_kernel.operations.reconciling.reconcile import reconcile
from fapiao_kernel.operations.reconciling.values import Reconciliation
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.statements import EVERY, ON_DEVICE, CardStatement, Figure, FiledReturn, Told

RETURN_STATED = "return.stated"
"""Journal kind: a person said what was declared."""


class Reconciling:
    """Over one house. Changes nothing but what it is told to keep."""

    def __init__(self, house: House, queries: Queries) -> None:
        self._house = house
        self._queries = queries

    def reconcile(self, request: ReconcileRequest) -> ReconcileAnswer:
        """Raises ``NotReachable`` (``ledger_empty``), ``Refused`` (``reconcile_nothing``, ``reconcile_whose``), ``UsageError``."""
        tolerance = _tolerance(request.tolerance)
        wanted = [_period(text) for text in request.periods]
        self._need_ledger()
        with self._house.worker.job("reconcile", "对账") as progress:
            identity, told = self._card(request.card)
            periods = wanted or self._periods(identity, told)
            for period in periods:
                if not self._ask_tax_side(request.card, identity, period):
                    break  # one that is away is not waited for once a period
            return answer_view(
                request.card, [self._period(request.card, p, identity, told, tolerance, progress) for p in periods]
            )

    def state(self, request: ReturnRequest) -> ReturnAnswer:
        """Keep what a person says was declared, and note it in the journal.

        Raises ``UsageError``: ``return_wrong``, ``return_unreadable``, ``return_no_column``; then nothing is kept.
        """
        told = self._from_file(request) if request.path else self._stated(request)
        filed_on = _day(request.filed_on)
        self._need_ledger()
        identity, _ = self._card(request.card)
        house = self._house
        at = house.clock.now()
        note = request.note or (Path(request.path).name if request.path else "")
        source = Told.FILE if request.path else Told.STATED
        kept = [
            FiledReturn(identity.taxpayer_id, p, figures, source, at, filed_on, note) for p, figures in told.items()
        ]
        for one in kept:
            house.journal.append(RETURN_STATED, {"return": plain(one)}, who=house.identity.who)
            house.duck.get().statements.keep_return(one)
        house.changes.bump()
        return ReturnAnswer(returns=[return_view(one) for one in kept])

    # --- one period

    def _period(
        self,
        card: str,
        period: Period,
        identity: CardIdentity,
        told: Sequence[CardStatement] | None,
        tolerance: Decimal,
        progress: Progress,
    ) -> Reconciliation:
        house, number = self._house, identity.device_number
        ledger = house.duck.get()
        statements = [s for s in told or () if s.statistics.period == period]
        filed = ledger.statements.filed(identity.taxpayer_id, period)
        answering = house.cards.get(card) if told is not None else None
        kept = statements or ledger.statements.statistics(number, period)

        def work() -> Reconciliation:
            return reconcile(
                ledger.books,
                device_number=number,
                taxpayer_id=identity.taxpayer_id,
                period=period,
                told=kept,
                filed=filed,
                card=answering,
                fresh=bool(statements),
                tolerance=tolerance,
                tell=progress,
            )

        return house.worker.call(card, work) if answering is not None else work()

    def _card(self, address: str) -> tuple[CardIdentity, Sequence[CardStatement] | None]:
        """Whose card it is, and its statistics as read just now; None when it cannot be. Raises ``Refused`` (``reconcile_whose``)."""
        house, card = self._house, self._house.cards.get(address)

        def read() -> tuple[CardIdentity, list[CardStatement]]:
            identity, told = card.read_state().identity, card.read_statistics()
            at = house.clock.now()
            return identity, [CardStatement(identity.device_number, s, Source.READ, at) for s in told]

        try:
            return house.worker.call(address, read)
        except FapiaoError as problem:
            seen = house.cards.seen(address).state
            if seen is not None:
                return seen.identity, None
            if isinstance(problem, NotReachable):
                raise Refused("reconcile_whose", card=address, original=problem.original) from problem
            raise

    def _periods(self, identity: CardIdentity, told: Sequence[CardStatement] | None) -> list[Period]:
        """Those that the card tells of, else the newest that the ledger has of it."""
        spoken = sorted({s.statistics.period for s in told or () if s.statistics.count})
        held = self._house.duck.get().books.units(identity.device_number)
        periods = spoken or sorted({unit.period for unit in held})[-1:]
        if not periods:
            raise Refused("reconcile_nothing")
        return periods

    def _ask_tax_side(self, card: str, identity: CardIdentity, period: Period) -> bool:
        """Keep what the tax side says was declared, where it says so and it is new. False when it does not answer: then what it said
        before stands, and what a person stated."""
        try:
            said = self._house.authority(card).declaration(identity, (period,))
        except NotReachable:
            return False
        except FapiaoError:
            return True  # it does not know the question, or the period
        statements = self._house.duck.get().statements
        if said.declared is None:
            return True
        figure = Figure(ON_DEVICE, EVERY, None, None, said.declared)
        before = [one for one in statements.filed(identity.taxpayer_id, period) if one.source is Told.READ]
        if not before or before[0].figures != (figure,):
            at = self._house.clock.now()
            statements.keep_return(
                FiledReturn(identity.taxpayer_id, period, (figure,), Told.READ, at, None, said.sentence)
            )
        return True

    # --- what a person says

    def _stated(self, request: ReturnRequest) -> dict[Period, tuple[Figure, ...]]:
        if not request.stated:
            raise UsageError("return_wrong", where="", what="")
        period = _period(request.period)
        figures = []
        for text in request.stated:
            try:
                figures.append(stating.stated(text))
            except ValueError as error:
                raise UsageError("return_wrong", where="", what=text) from error
        return {period: tuple(figures)}

    def _from_file(self, request: ReturnRequest) -> dict[Period, tuple[Figure, ...]]:
        from fapiao_kernel.records.intake import returns

        found: dict[Period, list[Figure]] = {}
        path = Path(request.path)
        for row in returns.read(path):
            where = f"{path.name} {row.row}: "
            written = row.cells.get("period", "") or request.period
            try:
                period, figure = stating.a_period(written), stating.figure(row.cells)
            except ValueError as error:
                what = " ".join(cell for cell in row.cells.values() if cell)
                raise UsageError("return_wrong", where=where, what=what) from error
            found.setdefault(period, []).append(figure)
        if not found:
            raise UsageError("return_unreadable", file=path.name)
        return {period: tuple(figures) for period, figures in found.items()}

    def _need_ledger(self) -> None:
        if self._queries.empty:
            raise NotReachable("ledger_empty")


def _period(text: str) -> Period:
    try:
        return stating.a_period(text)
    except ValueError as error:
        raise UsageError("return_wrong", where="", what=text) from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError("return_wrong", where="", what=text) from error


def _tolerance(text: str) -> Decimal:
    try:
        tolerance = money(text)
    except ValueError as error:
        raise UsageError("return_wrong", where="", what=text) from error
    if tolerance < 0:
        raise UsageError("return_wrong", where="", what=text)
    return tolerance
