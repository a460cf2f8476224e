"""Rehearsal (演练): the engine of the clear against a card's twin. Nothing here can reach the real card but to read it."""

from fapiao_kernel.operations.rehearsal.needs import RealSide
from fapiao_kernel.operations.rehearsal.overlay import RehearsedBackups, RehearsedLedger, RehearsedPolicy
from fapiao_kernel.operations.rehearsal.read_only import ReadOnlyCard, read_out
from fapiao_kernel.operations.rehearsal.rehearse import backup_assumed, rehearse
from fapiao_kernel.operations.rehearsal.walk import Stage

__all__ = [
    "ReadOnlyCard",
    "RealSide",
    "RehearsedBackups",
    "RehearsedLedger",
    "RehearsedPolicy",
    "Stage",
    "backup_assumed",
    "read_out",
    "rehearse",
]
