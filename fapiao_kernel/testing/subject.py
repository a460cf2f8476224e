"""What is tested (受测对象): an address, its driver and link, and the practice world when the address is that of one."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.devices.address import Address, parse
from fapiao_kernel.devices.plug import DriverSpec, Link, LinkSpec
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.ports import Card, Practice
from fapiao_kernel.testing import month

T = TypeVar("T")

SIMULATED = "sim"
"""The link's name in the address of a practice card: where it listens, and over which link, its plugin says."""
PATIENCE = 30.0
"""Seconds after which a call counts as hanging; far more than any exchange or opening may take."""


class Subject:
    """Opens what is tested, as often as wanted. ``end`` lets go of everything that it started."""

    def __init__(self, address: str, plugins: Plugins | None = None) -> None:
        """Raises ``UsageError`` (``device_address``), ``NotReachable`` (``no_plugin``). Nothing is opened yet."""
        self.address: Address = parse(address)
        self.plugins = plugins or Plugins()
        self.driver: DriverSpec = self.plugins.get("drivers", self.address.driver)
        self._home = tempfile.TemporaryDirectory(prefix="fapiao-kit-", ignore_cleanup_errors=True)
        self.home = Path(self._home.name)
        self.practises = self.address.link == SIMULATED
        if self.practises and not self.driver.practice:
            raise UsageError("device_address", text=address)

    @cached_property
    def world(self) -> PracticeWorld | None:
        """The practice world over the kit's own month, started when first asked for; None when the address is of a device that is there."""
        if not self.practises:
            return None
        made = self.practice.start(self.home / "world", PracticeOptions(invoices=month.invoices()))
        if made.card != str(self.address):
            self.practice.stop(self.home / "world")
            raise UsageError("device_address", text=str(self.address))
        return made

    @property
    def practice(self) -> Practice:
        """The driver's practice plugin. Raises ``NotReachable`` (``no_plugin``)."""
        plugin: Practice = self.plugins.get("practice", self.driver.practice)
        return plugin

    @property
    def link_name(self) -> str:
        """Which link plugin leads there."""
        return self.world.link if self.world is not None else self.address.link

    @property
    def link(self) -> LinkSpec:
        """Its spec."""
        spec: LinkSpec = self.plugins.get("links", self.link_name)
        return spec

    @property
    def where(self) -> str:
        """What the link's ``open`` takes."""
        return self.world.line if self.world is not None else self.address.where

    @property
    def pin(self) -> str:
        """The practice card's PIN; of a simulated device that is there, ``FAPIAO_KIT_PIN`` may tell it. ``""``: nobody did."""
        return self.world.pin if self.world is not None else os.environ.get("FAPIAO_KIT_PIN", "")

    def open_link(self) -> Link:
        """The link, opened anew."""
        return self.link.open(self.where)

    def open_card(self, around: Callable[[Link], Link] = lambda link: link) -> Card:
        """The card, opened anew; ``around``: what goes between its link and its driver."""
        return self.driver.open(around(self.open_link()), str(self.address))

    @cached_property
    def state(self) -> CardState:
        """The card's state as it was at the beginning."""
        card = self.open_card()
        try:
            return card.read_state()
        finally:
            card.close()

    def end(self) -> None:
        """Stop the practice world and remove the throwaway home."""
        if "world" in self.__dict__ and self.world is not None:
            self.practice.stop(self.home / "world")
        shutil.rmtree(self.home, ignore_errors=True)
        self._home.cleanup()


def within(call: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What a call gives, in a thread of its own. Raises what it raises, or ``TimeoutError`` when it hangs."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 whatever it is belongs to the test that waits
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="kit").start()
    return answer.result(seconds)
