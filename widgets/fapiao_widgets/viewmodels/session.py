"""What a view model remembers beside the run (本窗口的记忆): nothing of it decides anything in the agent, and none of it is a PIN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fapiao_kernel.api.recovery import SituationView
from fapiao_kernel.api.selection import SelectedView
from fapiao_widgets.viewmodels.blocks import Block
from fapiao_widgets.viewmodels.trouble import Trouble


@dataclass
class Session:
    """Lives as long as the view model; after a kernel restart it starts empty, and nothing is lost but a token.

    ``reviewed``: the revision whose preview was looked through · ``armed``: the revision for which this kernel holds a token ·
    ``recovery_key``: the recovery key's secret half, on the screen until the next click and nowhere after ·
    ``asked``: the selection that was looked at, and what it came to, ``selected`` ·
    ``situation``: the card as it was just looked back at · ``rehearsal``: the one begun from here ·
    ``filed``: the practice return was filed from here · ``trouble``: the last request's refusal · ``guided``: show the guides;
    ``guides``: a lesson's own, by step, before the general ones.
    """

    guided: bool = False
    guides: Mapping[str, str] = field(default_factory=dict)
    reviewed: str = ""
    armed: str = ""
    token: str = field(default="", repr=False)
    recovery_key: str = field(default="", repr=False)
    filed: bool = False
    asked: Mapping[str, Any] = field(default_factory=dict)
    selected: SelectedView | None = None
    situation: SituationView | None = None
    rehearsal: str = ""
    rehearsed: list[Block] = field(default_factory=list)
    trouble: Trouble | None = None
    invoices: Sequence[Mapping[str, Any]] = ()
    invoices_of: str = ""
    notes: list[str] = field(default_factory=list)
    choosing: bool = False

    def disarm(self) -> None:
        """Forget the token: the confirmation must be given again."""
        self.armed, self.token = "", ""
