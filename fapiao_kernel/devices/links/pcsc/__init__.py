"""Cards in readers that the system's smart card service knows (PC/SC 读卡器), through pyscard, which is an extra."""

from __future__ import annotations

from fapiao_kernel.devices.links.pcsc.link import LINGER, find, open_pcsc
from fapiao_kernel.devices.plug import LinkCan, LinkSpec

__all__ = ["LINGER", "LINK", "find", "open_pcsc"]

LINK = LinkSpec("pcsc", 1, open_pcsc, find, frozenset({LinkCan.EXTENDED, LinkCan.EXCLUSIVE, LinkCan.FIND}))
