"""The house's rules (管理要求) as its settings have them: hours of maintenance; approvals wait for accounts, and are not asked for."""

from __future__ import annotations

from datetime import datetime

from fapiao_kernel.agent.settings import Settings
from fapiao_kernel.operations.clearing.policy import NoPolicy


class HousePolicy(NoPolicy):
    """``ports.Policy``. A window is (from, until, why), times ISO with zone; one that cannot be read is closed for good."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def maintenance(self, now: datetime) -> str:
        """The reason of the window that this moment lies in (停机维护); ``""`` outside of any."""
        for begin, end, why in self._settings.values.maintenance:
            try:
                inside = datetime.fromisoformat(begin) <= now < datetime.fromisoformat(end)
            except (ValueError, TypeError):  # no date, or one without its zone: nobody knows when it is over
                inside = True
            if inside:
                return f"{why}（{begin} – {end}）"
        return ""
