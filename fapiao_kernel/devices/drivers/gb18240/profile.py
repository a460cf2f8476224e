"""What the driver knows of its device family (税控盘), as data."""

from __future__ import annotations

from fapiao_kernel.domain.card import CardProfile
from fapiao_kernel.domain.invoice import DEVICE_TYPES

PROFILE = CardProfile(
    family="税控盘",
    clears_together=tuple((t,) for t in DEVICE_TYPES),  # domain note 1.1: separately, each fplxdm
    menu=(
        ("report", "数据管理 → 汇总上传"),
        ("clear", "数据管理 → 反写监控"),
    ),  # domain note 1.1; words differ by version
)
