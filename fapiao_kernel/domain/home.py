"""The home (FAPIAO_HOME): which file of the state lies where. Values only; nothing here touches the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """One agent's state, below one folder."""

    root: Path

    @property
    def journal(self) -> Path:
        """Folder of the journal's monthly files ``YYYY-MM.jsonl``."""
        return self.root / "journal"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.duckdb"

    @property
    def intake(self) -> Path:
        """Originals of every import, content-addressed."""
        return self.root / "intake"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def backups(self) -> tuple[Path, Path]:
        """The two folders that backups go to by default (settings may name others)."""
        return (self.root / "backups" / "a", self.root / "backups" / "b")

    @property
    def records(self) -> Path:
        """Clear records (清卡记录) and evidence bundles, a folder a run."""
        return self.root / "records"

    @property
    def practice(self) -> Path:
        """The practice world's own state: card image, authority image, sample files."""
        return self.root / "practice"

    @property
    def rehearsals(self) -> Path:
        """Rehearsals (演练), a folder each: journal and report stay, the twin goes when it ends."""
        return self.root / "rehearsals"

    @property
    def notebooks(self) -> Path:
        """The user's working copies of the guided notebooks."""
        return self.root / "notebooks"

    @property
    def token(self) -> Path:
        return self.root / "agent.token"

    @property
    def agent(self) -> Path:
        """Who runs: ``{"url", "pid", "boot_id", "version"}``."""
        return self.root / "agent.json"

    @property
    def lock(self) -> Path:
        return self.root / "agent.lock"

    @property
    def log(self) -> Path:
        return self.root / "agent.log"

    @property
    def scratch(self) -> Path:
        """Temporary files of the agent that runs; they may hold invoices."""
        return self.root / "scratch"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"
