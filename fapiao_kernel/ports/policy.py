"""The house's own rules (管理要求)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Need(StrEnum):
    """What policy may ask for besides the typed confirmation: a verification code (验证码), a second person (复核人)."""

    CODE = "code"
    SECOND_PERSON = "second_person"


class Policy(Protocol):
    """The house's own rules on a clear (管理要求). By default it asks for nothing and no hour is closed."""

    def needs(self, device_number: str) -> tuple[Need, ...]:
        """What a confirmation of this device needs besides the typed one."""
        ...

    def code_is_right(self, run: str, revision: str, code: str) -> bool:
        """Whether a verification code is the one for this revision. The code is kept nowhere; told at once: it is asked under a lock."""
        ...

    def may_approve(self, who: str, opened_by: str) -> bool:
        """Whether this person may be the second one: never the person who opened the run."""
        ...

    def maintenance(self, now: datetime) -> str:
        """The sentence of the maintenance window (停机维护) that this moment lies in; ``""`` outside of any."""
        ...
