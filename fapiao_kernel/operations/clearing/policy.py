"""The house's rules where nobody made any (管理要求的默认值): nothing is asked for, and no hour is closed."""

from __future__ import annotations

from datetime import datetime

from fapiao_kernel.ports import Need, Policy


class NoPolicy:
    """``ports.Policy`` that asks for nothing. With it no approval ever counts, for none was asked for."""

    def needs(self, device_number: str) -> tuple[Need, ...]:
        """Nothing besides the typed confirmation."""
        return ()

    def code_is_right(self, run: str, revision: str, code: str) -> bool:
        """No code was given out, so none is right."""
        return False

    def may_approve(self, who: str, opened_by: str) -> bool:
        """Nobody is asked for."""
        return False

    def maintenance(self, now: datetime) -> str:
        """No window."""
        return ""


NO_POLICY: Policy = NoPolicy()
