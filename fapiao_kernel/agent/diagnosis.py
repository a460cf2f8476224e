"""The diagnosis (诊断) of one card: read afresh where that is possible, judged by ``operations.diagnosis``, told whole."""

from __future__ import annotations

from fapiao_kernel.agent import status
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.doctor import journal_cut
from fapiao_kernel.agent.identity import versions
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.support import Diagnosis, FailureView
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations import diagnosis as hall


def diagnose(house: House, runs: Runs, address: str | None) -> Diagnosis:
    """Answer for a card; without one for the card of the newest run, else the home's first card."""
    every = house.engine.runs()
    if address is None:
        known = house.cards.addresses()
        address = every[-1].card if every else known[0] if known else None
    run = next((run for run in reversed(every) if run.card == address), None)
    seen = house.cards.seen(address) if address else None
    # A reading that failed just now says nothing of the card as it is.
    state = seen.state if seen and seen.problem is None else None
    answer = hall.diagnose(run=run, card=state, records=house.journal.records(), problem=seen.problem if seen else None)
    view = runs.view(run.id) if run else None
    return Diagnosis(
        answer=answer.answer,
        answer_en=answer.answer_en,
        cleared=answer.cleared,
        ground=list(answer.ground),
        card=status.card(house, address) if address else None,
        run=view,
        journal=_journal(house),
        checks=(view.verification or view.checks) if view else [],
        versions=versions(),
        timeline=list(answer.timeline),
    )


def explain(text: str) -> list[FailureView]:
    """Entries of the failure catalogue that a pasted code or sentence points to, best first."""
    return [FailureView.model_validate(plain(failure)) for failure in hall.explain(text)]


def _journal(house: House) -> dict[str, object]:
    from fapiao_kernel.records.journal.verify import verify

    found = verify(house.home.journal)
    cut = journal_cut(house) if found.ok else None
    seq, head = house.journal.head()
    return {
        "ok": found.ok and cut is None,
        "records": found.records,
        "first_bad": found.first_bad,
        "head": head,
        "seq": seq,
        "cut": cut.message if cut is not None else "",
    }
