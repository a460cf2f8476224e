"""The examination (检查清单): every check in the order that a clerk reads them, and the verdict."""

from __future__ import annotations

from fapiao_kernel.domain.verdict import Verdict
from fapiao_kernel.operations.checks import dates, device, records
from fapiao_kernel.operations.checks.check import Examination
from fapiao_kernel.operations.checks.look import Seen


def examine(seen: Seen) -> Examination:
    """All checks over what was seen. Those that speak of a card which did not answer are left to the one that says so."""
    checks = (
        device.readable(seen),
        device.identity(seen),
        dates.verdict(seen),
        dates.card_clock(seen),
        dates.tax_clock(seen),
        device.validity(seen),
        device.pin(seen),
        device.not_uploaded(seen),
        device.volumes(seen),
        records.already_cleared(seen),
        records.card_unknown(seen),
        records.ledger(seen),
        records.issuing_settled(seen),
        records.chain_check(seen.journal, seen.backup),
        records.backups(seen),
        records.disk(seen),
    )
    judged = dates.judgement(seen)
    verdict = judged.verdict if judged is not None else Verdict.UNKNOWN
    return Examination(tuple(check for check in checks if check is not None), verdict.value)
