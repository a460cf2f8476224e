"""The doctor (体检): what is wrong with this installation and home, as findings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.identity import versions
from fapiao_kernel.agent.plugins import GROUPS
from fapiao_kernel.agent.views import finding_of_error, finding_view
from fapiao_kernel.domain.errors import FapiaoError, finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.operations.checks import chain_check
from fapiao_kernel.records.proof.signature import fingerprint, grouped

_LOW_MB = 1024
"""Below this a backup and a growing ledger may not find room (a 200,000-invoice home takes about a third of it)."""


def doctor(house: House) -> dict[str, Any]:
    """``{"findings": [FindingView...], "plugins": {group: [id...]}, "allowed": [{"name", "version", "sha256"}...], "versions": {...}}``;
    ``allowed``: strangers' plugins that a production home loads."""
    told = [finding_view(f) for f in _findings(house)]
    if house.settle_error is not None:
        told.insert(0, finding_of_error(house.settle_error.model_dump()))
    return {
        "findings": [f.model_dump() for f in told],
        "plugins": {group: sorted(house.plugins.group(group)) for group in GROUPS},
        "allowed": [asdict(version) for version in house.settings.plugins_allowed],
        "versions": versions(),
    }


def _findings(house: House) -> Iterator[Finding]:
    yield finding("agent_ok", version=house.identity.version)
    said = house.plugins.findings()
    yield from said
    if all(each.severity is Severity.INFO for each in said):
        yield finding("plugins_ok", count=sum(len(house.plugins.group(group)) for group in GROUPS))
    for card in house.cards.new_pins:
        yield finding("new_pin_waits", card=card)
    yield from _journal(house)
    yield from _issuing(house)
    free = shutil.disk_usage(house.home.root).free // 2**20
    yield finding("disk_low" if free < _LOW_MB else "disk_ok", free=free)
    if house.home.keys.is_dir():  # looking makes no keys
        yield finding("signing_key", fingerprint=grouped(fingerprint(house.keys.get().public)))
    if house.recovery_waits and not house.settings.practice:
        yield finding("recovery_not_shown")


def _issuing(house: House) -> Iterator[Finding]:
    """Acts of issuing (开票) whose outcome is unknown, or which the ledger has still to learn of."""
    left = house.issuing.unsettled()
    unknown = [act for act in left if act.open]
    if unknown:
        yield finding("issue_open", count=len(unknown), invoice=" ".join(unknown[0].invoice.key))
    for act in left:
        if act.owed:
            yield finding("issue_not_entered", invoice=" ".join(act.invoice.key))


def _journal(house: House) -> Iterator[Finding]:
    from fapiao_kernel.records.journal.verify import verify

    found = verify(house.home.journal)
    if found.first_bad:
        bad = found.first_bad
        yield finding("journal_broken", file=bad["file"], line=bad["line"], reason=bad["reason"])
        return
    yield journal_cut(house) or finding("journal_ok", records=found.records)


def journal_cut(house: House) -> Finding | None:
    """What the newest backup misses in the journal; None when nothing, or nothing to compare with. Looking makes no keys or folders."""
    folders = (Path(folder).expanduser() for folder in house.backup_folders)
    if not house.home.keys.is_dir() or not any(folder.is_dir() for folder in folders):
        return None
    try:
        newest = house.backups.latest()
    except FapiaoError as error:
        return error.finding()
    told = chain_check(house.journal, newest).finding
    return told if told.holds_up else None
