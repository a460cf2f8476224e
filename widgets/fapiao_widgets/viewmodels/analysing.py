"""The analyst's page (发票库): where the invoices stand, totals by type and rate, and the ready-made queries."""

from __future__ import annotations

from typing import Any

from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.clearing import rows_of
from fapiao_widgets.viewmodels.formats import amount, count, type_name, word
from fapiao_widgets.viewmodels.frame import attach_bar, panel, whole
from fapiao_widgets.viewmodels.model import Model
from fapiao_widgets.viewmodels.previewing import rate_word
from fapiao_widgets.viewmodels.starting import CLEAR_NOTEBOOK
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble, card

KINDS = ("open", "cleared", "all", "fully_digital", "card_unknown")


def plain(value: Any) -> Any:
    """A shape, a dataclass or a plain value as plain data."""
    return value.model_dump() if hasattr(value, "model_dump") else value


_PLACES = {kind: place for place, kind in enumerate(KINDS)}
"""What is still to be cleared stands first, in every table alike."""


class Ledger(Model):
    """Reads only."""

    title = "title.ledger"
    help = "ledger"

    def draw(self) -> dict[str, Any]:
        assert self.status is not None
        first = self.status.cards[0] if self.status.cards else None
        open_runs = [r for r in self.status.runs if not r.over]
        run = self.client.run(open_runs[0].id) if open_runs else None
        frame = self.frame(first, run)
        try:
            drawn = self._panel()
        except REFUSALS as error:
            drawn = panel("ledger", "", [card(Trouble.of_error(error))])
        return whole(frame, drawn, attach=attach_bar(self.status.runs, run, CLEAR_NOTEBOOK))

    def _panel(self) -> dict[str, Any]:
        census = plain(self.client.census())
        tallies = {kind: census.get(kind) or {"count": 0, "total": "0.00"} for kind in KINDS}
        rows = [
            [say(f"census.{kind}"), count(tallies[kind]["count"]), amount(str(tallies[kind]["total"]))]
            for kind in KINDS
        ]
        columns = [say("ledger.group"), say("col.count"), say("col.total")]
        content = [blocks.table(say("ledger.census"), columns, rows, numeric=[1, 2]), self._totals()]
        nothing = not tallies["all"]["count"] and not tallies["fully_digital"]["count"]
        if nothing:
            return panel("ledger", say("ledger.empty"), content[:1])
        answer = say(
            "ledger.answer",
            open=count(tallies["open"]["count"]),
            open_total=amount(str(tallies["open"]["total"])),
            cleared=count(tallies["cleared"]["count"]),
            cleared_total=amount(str(tallies["cleared"]["total"])),
        )
        return panel("ledger", answer, content)

    def _totals(self) -> blocks.Block:
        """Totals as the agent gives them; where it says where they stand (state), so does the table."""
        found = sorted(rows_of(self.client.totals()), key=lambda row: _PLACES.get(str(row.get("state") or ""), 0))
        stated = any(row.get("state") for row in found)
        names = ("type", "period", "rate", *(("state",) if stated else ()), "count", "amount", "tax")
        rows = []
        for row in found:
            state = str(row.get("state") or "")
            rows.append(
                [
                    type_name(str(row.get("invoice_type", ""))),
                    str(row.get("period", "")),
                    rate_word(str(row.get("rate", ""))),
                    *([word("grid.state", state)] if stated else []),
                    count(row.get("count")),
                    amount(str(row.get("amount") or "")),
                    amount(str(row.get("tax") or "")),
                ]
            )
        columns = [say("grid.col.state") if name == "state" else say(f"col.{name}") for name in names]
        return blocks.table(say("ledger.totals"), columns, rows, numeric=[len(names) - n for n in (3, 2, 1)])
