"""What is done with a device beside clears (设备管理): known, forgotten, recorded, its PIN verified. Each on the card's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from fapiao_kernel.agent.cards import plugin_failed
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.errors import view
from fapiao_kernel.agent.views import card_view
from fapiao_kernel.api.devices import NewPinView, PinRequest, PinTries, PinVerified, Recorded
from fapiao_kernel.api.shapes import CardView
from fapiao_kernel.devices.address import parse
from fapiao_kernel.devices.links.capture import Recording, record
from fapiao_kernel.devices.plug import DriverSpec, Link
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused, UsageError
from fapiao_kernel.domain.finding import Effect

T = TypeVar("T")

FEW_TRIES = 3
"""At so few tries left a PIN goes out only when a person asks for that by name (issue 6, gb18240)."""


READ_FOR = 30.0
"""Seconds that a device gets to be read; our own links say well before that that theirs is silent."""
ACT_FOR = 120.0
"""Seconds for a whole recording, and for showing a PIN."""


class DeviceActs:
    """All methods raise ``FapiaoError``."""

    def __init__(self, house: House, read_for: float = READ_FOR, act_for: float = ACT_FOR) -> None:
        self._house = house
        self._read_for = read_for
        self._act_for = act_for

    def add(self, address: str) -> str:
        """Read a card and remember it for this home; its address as it is written. Raises ``Refused`` (``home_is_practice``,
        ``simulated_card``, or why its plugin may not make a home one of production)."""
        text = str(parse(address))
        self._reading(text, lambda turn: self._add(text, turn))
        return text

    def _add(self, text: str, turn: Turn) -> None:
        if text in self._house.cards.addresses():
            self._house.cards.get(text).read_state()
            return
        state = self._state(text)
        turn.take(text)  # a device that answers after we gave it up comes into no home
        self._house.cards.note(text, state)
        who = state.identity
        self._note("device.added", {"card": text, "device_number": who.device_number, "taxpayer_id": who.taxpayer_id})

    def read(self, address: str) -> CardView:
        """The card's state, read over a connection of its own and remembered nowhere: any card, and a recording too."""
        text = str(parse(address))
        state = self._when_free(text, lambda turn: self._state(text), self._read_for)
        return card_view(text, state, read_at=self._house.clock.now().isoformat(timespec="seconds"))

    def _state(self, text: str) -> CardState:
        self._house.cards.let_go(text)
        card = self._house.cards.open(text)
        try:
            return card.read_state()
        finally:
            with suppress(Exception):  # a stranger's that cannot be closed; what it said before stands
                card.close()

    def forget(self, address: str) -> str:
        """Know a card no more; ledger, records and journal keep all of it. Raises ``Refused`` (``device_run_open``), ``UsageError``."""
        text = str(parse(address))
        if text not in self._house.cards.addresses():
            raise UsageError("device_unknown", card=text)
        self._when_free(text, lambda turn: self._forget(text), self._act_for)
        return text

    def _forget(self, text: str) -> None:
        waits = any(act.open for act in self._house.issuing.unsettled(text))
        if waits or any(run.card == text and not run.over for run in self._house.engine.runs()):
            raise Refused("device_run_open", card=text)
        self._house.journal.append("device.forgotten", {"card": text}, who=self._house.identity.who)
        self._house.cards.forget_one(text)

    def record(self, address: str, file: Path) -> Recorded:
        """Read state, statistics and volumes, and record what goes over the link; our own connection is closed for it.

        An error of the device in the middle of it is told, and the file has what led there. Raises ``UsageError``
        (``capture_exists``, ``capture_unwritable``), ``Refused`` (``device_at_work``), or what kept the device from opening.
        """
        text = str(parse(address))
        return self._when_free(text, lambda turn: self._record(text, file), self._act_for)

    def _record(self, text: str, file: Path) -> Recorded:
        self._house.cards.let_go(text)
        recordings: list[Recording] = []

        def around(link: Link, driver: DriverSpec) -> Link:
            now = self._house.clock.now().isoformat(timespec="seconds")
            recordings.append(record(link, file, getattr(driver, "secrets", ()), now))
            return recordings[0]

        card = self._house.cards.open(text, around)
        problem: FapiaoError | None = None
        try:
            card.read_state()
            card.read_statistics()
            card.read_volumes()
        except FapiaoError as error:
            problem = error
        finally:
            with suppress(FapiaoError, OSError):  # what was recorded is in the file
                card.close()
        with file.open("rb") as lines:
            exchanges = sum(1 for _ in lines) - 1  # its first line is its head
        problem = recordings[0].problem or problem
        said = {"card": text, "file": str(file), "exchanges": exchanges, "problem": problem.code if problem else ""}
        self._house.journal.append("device.recorded", said, who=self._house.identity.who)
        return Recorded(card=text, file=str(file), exchanges=exchanges, problem=view(problem) if problem else None)

    # --- PIN

    def tries(self, address: str) -> PinTries:
        """PIN tries left, read now."""
        text = str(parse(address))
        state = self._reading(text, lambda turn: self._house.cards.get(text).read_state())
        return PinTries(
            card=text,
            device_number=state.identity.device_number,
            taxpayer_name=state.identity.taxpayer_name,
            tries_left=state.pin_tries,
            low=_low(state),
            new_pin_waits=text in self._house.cards.new_pins,
        )

    def new_pin(self, address: str) -> NewPinView:
        """The PIN that the card gave itself and that nobody has taken yet; the same again until ``handed_on``."""
        text = str(parse(address))
        waits = self._house.cards.new_pins.get(text)
        return NewPinView(card=text, new_pin=waits.value if waits is not None else "")

    def handed_on(self, address: str) -> None:
        """Somebody has the new PIN: it is kept no more. The journal has that, and not the PIN."""
        text = str(parse(address))
        if text in self._house.cards.new_pins:
            self._note("pin.handed_on", {"card": text})
            self._house.cards.handed_on(text)

    def verify_pin(self, request: PinRequest) -> PinVerified:
        """Present the PIN once, noted before and after; the journal never has the PIN. Raises ``Refused`` (``pin_missing``,
        ``new_pin_waits``, ``pin_tries_low``, ``pin_wrong``, ``pin_blocked``), ``NotReachable`` (``pin_answer_lost``)."""
        text = str(parse(request.card))
        if not request.pin:
            raise Refused("pin_missing")
        if text in self._house.cards.new_pins:
            raise Refused("new_pin_waits", card=text)
        return self._when_free(text, lambda turn: self._verify_pin(text, request, turn), self._act_for)

    def _verify_pin(self, text: str, request: PinRequest, turn: Turn) -> PinVerified:
        card = self._house.cards.get(text)
        before = card.read_state()
        self._settle(text, before)
        if _low(before) and not request.spend_low_tries:  # the driver says so too; this is before anything is noted
            if before.pin_tries is None:
                raise Refused("pin_tries_unknown")
            raise Refused("pin_tries_low", left=before.pin_tries)
        device = before.identity.device_number
        said = {"card": text, "device_number": device, "tries_left": before.pin_tries}
        turn.take(text)  # nobody waits any more: then no PIN goes out
        self._note("pin.intent", {**said, "spend_low_tries": request.spend_low_tries})
        try:
            new = card.verify_pin(request.pin, spend_low_tries=request.spend_low_tries)
        except FapiaoError as error:
            self._note("pin.result", {**said, "outcome": error.code, "effect": error.effect.value, **_left(error)})
            raise
        left = None
        with suppress(FapiaoError):  # the card took the PIN; how many tries that restored can be read later
            left = card.read_state().pin_tries
        self._note("pin.result", {**said, "outcome": "verified", "effect": "DONE", "left": left})
        new_pin = new.value if new is not None else ""
        return PinVerified(
            card=text, device_number=device, tries_before=before.pin_tries, tries_left=left, new_pin=new_pin
        )

    def _settle(self, text: str, now: CardState) -> None:
        """An intent that an agent left without its result: the card says how many tries are left now."""
        acts = [
            r
            for r in self._house.journal.records()
            if r.kind in ("pin.intent", "pin.result") and r.data["card"] == text
        ]
        if acts and acts[-1].kind == "pin.intent":
            said = {
                "card": text,
                "device_number": now.identity.device_number,
                "outcome": "unknown",
                "effect": "UNKNOWN",
            }
            self._note("pin.result", {**said, "tries_left": acts[-1].data["tries_left"], "left": now.pin_tries})

    def _note(self, kind: str, data: dict[str, object]) -> None:
        self._house.journal.append(kind, data, who=self._house.identity.who)

    # --- on the card's thread, and waited for no longer than it may take

    def _reading(self, text: str, call: Callable[[Turn], T]) -> T:
        """After what the card does now. Raises ``NotReachable`` (``device_slow``, ``device_plugin``)."""
        turn = Turn()
        future = self._house.worker.begin(text, lambda: call(turn), light=True)
        return self._answer(future, text, turn, self._read_for)

    def _when_free(self, text: str, call: Callable[[Turn], T], seconds: float) -> T:
        """When it is free now. Raises ``Refused`` (``device_at_work``), and as ``_reading``."""
        turn = Turn()
        future = self._house.worker.look(text, lambda: call(turn))
        if future is None:
            raise Refused("device_at_work", card=text)
        return self._answer(future, text, turn, seconds)

    def _answer(self, future: Future[T], text: str, turn: Turn, seconds: float) -> T:
        if not wait((future,), timeout=seconds).done and turn.give_up():
            self._house.worker.give_up(future)
            raise NotReachable("device_slow", where=text)
        if not wait((future,), timeout=seconds).done:  # it took its turn: what it does may have been done
            self._house.worker.give_up(future)
            raise NotReachable("pin_answer_lost", effect=Effect.UNKNOWN)
        error = future.exception()
        if error is not None and not isinstance(error, FapiaoError):
            raise plugin_failed(error, text) from error
        return future.result()


class Turn:
    """Who comes first: the act that begins to change something, or the person who waits for it no longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._whose = ""

    def take(self, where: str) -> None:
        """Go on with what cannot be taken back. Raises ``NotReachable`` (``device_slow``): it was given up."""
        if not self._first("act"):
            raise NotReachable("device_slow", where=where)

    def give_up(self) -> bool:
        """Whether nothing was begun: then it never will be."""
        return self._first("person")

    def _first(self, who: str) -> bool:
        with self._lock:
            self._whose = self._whose or who
            return self._whose == who


def _low(state: CardState) -> bool:
    return state.pin_tries is None or state.pin_tries <= FEW_TRIES


def _left(error: FapiaoError) -> dict[str, object]:
    return {"left": error.facts["left"]} if "left" in error.facts else {}
