"""Record and replay (录制、重放) around any link: what was said to a card and by it, secrets blanked, given back byte for byte."""

from __future__ import annotations

from fapiao_kernel.devices.links.capture.link import Recording, Replay, open_replay, record
from fapiao_kernel.devices.plug import LinkCan, LinkSpec

__all__ = ["LINK", "Recording", "Replay", "open_replay", "record"]

LINK = LinkSpec("replay", 1, open_replay, can=frozenset({LinkCan.EXTENDED}), live=False)
