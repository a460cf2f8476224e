"""Every sentence that a view shows: Chinese first, English by one setting (``FAPIAO_LANG=en``)."""

from __future__ import annotations

from fapiao_kernel.domain.errors import english
from fapiao_widgets.text.aside_en import ASIDE_EN
from fapiao_widgets.text.aside_zh import ASIDE_ZH
from fapiao_widgets.text.en import EN
from fapiao_widgets.text.grid_en import GRID_EN
from fapiao_widgets.text.grid_zh import GRID_ZH
from fapiao_widgets.text.issuing_en import ISSUING_EN
from fapiao_widgets.text.issuing_zh import ISSUING_ZH
from fapiao_widgets.text.reconciling_en import RECONCILING_EN
from fapiao_widgets.text.reconciling_zh import RECONCILING_ZH
from fapiao_widgets.text.zh import ZH

ALL_EN = {**EN, **ASIDE_EN, **GRID_EN, **ISSUING_EN, **RECONCILING_EN}
ALL_ZH = {**ZH, **ASIDE_ZH, **GRID_ZH, **ISSUING_ZH, **RECONCILING_ZH}


def say(key: str, **facts: object) -> str:
    """The sentence under this key with its facts filled in; an unknown key is a bug of ours (``KeyError``)."""
    return (ALL_EN if english() else ALL_ZH)[key].format_map({name: str(fact) for name, fact in facts.items()})


def known(key: str) -> bool:
    """Whether there is such a sentence (for words keyed by what the agent sends, such as a check's state)."""
    return key in ALL_ZH
