"""Comparing return and summaries (票表比对): the latest returns over a span against the summaries inside it."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.authority.store import TOLERANCE_FEN, Span, Store


def compare(store: Store, span: Span) -> tuple[bool, bool, str]:
    """Filed, compared, and a sentence. A comparison that passes is remembered for its summaries."""
    filings = _latest_returns(store, span)
    if filings is None:
        return False, False, "未收到该所属期的增值税申报表"
    spans = [span, *(Span.parse(filing["span"]) for filing in filings)]
    hull = Span(min(s.start for s in spans), max(s.end for s in spans))
    summaries = store.summaries(hull)
    if not summaries:
        return True, False, "已申报；还没有上报汇总，无法比对"
    waiting = [summary for summary in summaries if not summary["compared"]]
    if not waiting:
        return True, True, "已申报，票表比对通过"
    if store.fault("comparison-failed") and _times_filed(store, hull) < 2:
        return True, False, "票表比对不通过：请核对申报表后更正申报"
    declared = sum(filing["total"] for filing in filings)
    whole, still = (sum(summary["total"] for summary in some) for some in (summaries, waiting))
    # A type reported later is declared by a supplement of its own: then the return equals what still waits.
    if min(abs(declared - whole), abs(declared - still)) > TOLERANCE_FEN:
        return True, False, f"票表比对不通过：申报 {_yuan(declared)} 元，发票汇总 {_yuan(whole)} 元"
    for summary in waiting:
        summary["compared"] = True
    store.save()
    return True, True, "已申报，票表比对通过"


def declared(store: Store, span: Span) -> str | None:
    """What was declared over exactly this span, in yuan; None when nothing was, or when a return reaches beyond it.

    A type reported later is declared by a supplement of its own: when only all returns together come to the summaries, all count.
    """
    filings = [filing for filing in store["returns"] if Span.parse(filing["span"]).touches(span)]
    if not filings or any(not Span.parse(filing["span"]).within(span) for filing in filings):
        return None
    latest = _latest_returns(store, span)
    if latest is None:
        return None
    last, every = (sum(filing["total"] for filing in some) for some in (latest, filings))
    whole = sum(summary["total"] for summary in store.summaries(span))
    return _yuan(every if last != whole and every == whole else last)


def _latest_returns(store: Store, span: Span) -> list[dict[str, Any]] | None:
    """The latest return over each month of the span, each once; None when a month has none."""
    found: list[dict[str, Any]] = []
    month, last = _month(span.start), _month(span.end)
    while month <= last:
        days = Span(f"{month.first_day:%Y%m%d}", f"{month.last_day:%Y%m%d}")
        covering = [filing for filing in store["returns"] if days.within(Span.parse(filing["span"]))]
        if not covering:
            return None
        if covering[-1] not in found:
            found.append(covering[-1])
        month = month.next()
    return found


def _month(day: str) -> Period:
    return Period(int(day[:4]), int(day[4:6]))


def _times_filed(store: Store, span: Span) -> int:
    return sum(Span.parse(filing["span"]).touches(span) for filing in store["returns"])


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen >= 0 else f"-{_yuan(-fen)}"
