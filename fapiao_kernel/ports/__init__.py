"""What the three halls need of each other, as ``typing.Protocol``; the agent brings them together.

Rules for every port: errors are ``fapiao_kernel.domain.errors`` only, raised ``from`` their cause; an act that changes a
device is sent once and never retried inside a port; a port never assumes a machine on the other side (a companion's answer
may take minutes and carries ``Source.STATED``).
"""

from __future__ import annotations

from fapiao_kernel.ports.authority import Authorisation, Authority, Declaration
from fapiao_kernel.ports.common import Clock, Progress
from fapiao_kernel.ports.device import Answer, Card, IssuingCard, NewPin, Summary
from fapiao_kernel.ports.intake import FIELDS, Intake, Reading, Sheets, Table
from fapiao_kernel.ports.journal import Journal, Record
from fapiao_kernel.ports.ledger import LISTED, Added, Census, Ledger, Listed, RateTotal, Tally, UnitPreview
from fapiao_kernel.ports.policy import Need, Policy
from fapiao_kernel.ports.practice import Practice
from fapiao_kernel.ports.safekeeping import Backup, BackupCopy, BackupStore, Recorder, RunFiles

__all__ = [
    "FIELDS",
    "LISTED",
    "Added",
    "Answer",
    "Authorisation",
    "Authority",
    "Backup",
    "BackupCopy",
    "BackupStore",
    "Card",
    "Census",
    "Clock",
    "Declaration",
    "Intake",
    "IssuingCard",
    "Journal",
    "Ledger",
    "Listed",
    "Need",
    "NewPin",
    "Policy",
    "Practice",
    "Progress",
    "RateTotal",
    "Reading",
    "Record",
    "Recorder",
    "RunFiles",
    "Sheets",
    "Summary",
    "Table",
    "Tally",
    "UnitPreview",
]
