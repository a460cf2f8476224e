"""``fapiao ledger check`` (发票库自查): the ledger's own rules, and that every row traces to an original that is still there."""

from __future__ import annotations

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.ledger import LedgerProof, RuleView


def prove(house: House) -> LedgerProof:
    """Reads everything and changes nothing; long over many invoices, hence its progress."""
    from fapiao_kernel.records.intake.originals import traced

    ledger = house.duck.get()
    with house.worker.job("ledger-check", "发票库自查") as progress:
        proofs = ledger.prove(progress)
        rules = [
            RuleView(rule=p.rule, looked=p.looked, ok=not p.findings, findings=[finding_view(f) for f in p.findings])
            for p in proofs
        ]
        imports = ledger.imports()
        astray = traced(house.home.intake, imports, progress)
        rules.append(
            RuleView(rule="originals", looked=len(imports), ok=not astray, findings=[finding_view(f) for f in astray])
        )
    return LedgerProof(ok=all(rule.ok for rule in rules), rules=rules)
