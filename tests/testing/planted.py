"""A practice card in this very process, and drivers and links over it with one bug each: what the kit must catch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fapiao_kernel.devices.drivers.gb18240 import DRIVER as OURS
from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.devices.plug import DriverSpec, Link, LinkCan, LinkSpec, Mark
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.ports import Answer, NewPin
from fapiao_kernel.simulator import world as worlds
from fapiao_kernel.simulator.card.card import SimulatedCard

ADDRESS = "planted+sim://bug"


class Planted:
    """A link to a card image, without line or process."""

    def __init__(self, where: str) -> None:
        if not Path(where).exists():
            raise NotReachable("device_absent", where=where)
        self.name = "planted"
        self._card = SimulatedCard(Path(where))
        self._card.opened()
        self._closed = False

    def transmit(self, apdu: bytes) -> bytes:
        if self._closed:
            raise NotReachable("device_link_broken")
        return self.put(apdu)

    def put(self, apdu: bytes) -> bytes:
        reply = self._card.carry_out(*self._card.arrived(apdu)).reply
        assert reply is not None
        return reply

    def close(self) -> None:
        self._closed = True


class SendsTwice(Planted):
    def put(self, apdu: bytes) -> bytes:
        super().put(apdu)
        return super().put(apdu)


class Leaks(Planted):
    def __init__(self, where: str) -> None:
        super().__init__(where)
        os.open(os.devnull, os.O_RDONLY)  # never closed: this is the bug


class AnswersLate(Planted):
    last = b"\x90\x00"

    def put(self, apdu: bytes) -> bytes:
        late, self.last = self.last, super().put(apdu)
        return late


class RaisesItsOwn(Planted):
    def transmit(self, apdu: bytes) -> bytes:
        if self._closed:
            raise OSError(9, "Bad file descriptor")
        return self.put(apdu)


class SaysSentAfterClose(Planted):
    def transmit(self, apdu: bytes) -> bytes:
        if self._closed:
            raise NotReachable("device_gone", effect=Effect.UNKNOWN, where="planted")
        return self.put(apdu)


class AsksAtOpening(Gb18240Card):
    def __init__(self, link: Link, address: str) -> None:
        super().__init__(link, address)
        self.read_state()


class TriesAgain(Gb18240Card):
    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        answer = super().clear(types, payload)
        return super().clear(types, payload) if answer.outcome is Outcome.UNKNOWN else answer


class CallsTheUnknownRefused(Gb18240Card):
    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        try:
            return super().clear(types, payload)
        except OutcomeUnknown as error:
            return Answer(Outcome.REFUSED, error.original)


class SpendsLastTries(Gb18240Card):
    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        return super().verify_pin(pin, spend_low_tries=True)


class SendsAnyPin(Gb18240Card):
    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        return super().verify_pin(pin.encode("ascii", "replace").decode().replace("\0", "0")[:8].rjust(8, "0"))


class TellsThePin(Gb18240Card):
    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        try:
            return super().verify_pin(pin, spend_low_tries=spend_low_tries)
        except FapiaoError as error:
            raise Refused("pin_wrong", original=f"F9 {pin}", left="?") from error


class LosesStatusWords(Gb18240Card):
    def read_state(self) -> CardState:
        try:
            return super().read_state()
        except Refused as error:
            raise Refused(error.code, effect=error.effect, **error.facts) from None


class FillsInWhatItCannotRead(Gb18240Card):
    def read_state(self) -> CardState:
        state = super().read_state()
        try:
            self.read_volumes()
        except ProtocolError:
            return replace(state, pin_tries=8, monitoring=state.monitoring[:1])
        return state


class RemembersOldState(Gb18240Card):
    known: CardState | None = None

    def read_state(self) -> CardState:
        self.known = self.known or super().read_state()
        return self.known


class LosesTheCents(Gb18240Card):
    def read_statistics(self) -> tuple[Any, ...]:
        return tuple(
            replace(s, positive_tax=s.positive_tax.quantize(s.positive_tax.__class__(1)))
            for s in super().read_statistics()
        )


class NamesInAnotherCode(Gb18240Card):
    def read_state(self) -> CardState:
        state = super().read_state()
        name = state.identity.taxpayer_name.encode("gbk", "replace").decode("gbk")
        return replace(state, identity=replace(state.identity, taxpayer_name=name))


LINKS: Mapping[str, type[Planted]] = {
    each.__name__: each for each in (Planted, SendsTwice, Leaks, AnswersLate, RaisesItsOwn, SaysSentAfterClose)
}
DRIVERS: Mapping[str, type[Gb18240Card]] = {
    each.__name__: each
    for each in (
        Gb18240Card, AsksAtOpening, TriesAgain, CallsTheUnknownRefused, SpendsLastTries, SendsAnyPin,
        TellsThePin, LosesStatusWords, FillsInWhatItCannotRead, RemembersOldState, LosesTheCents, NamesInAnotherCode,
    )
}  # fmt: skip


class World:
    """The practice plugin: the files of our practice world, and no process."""

    def start(self, folder: Path, options: PracticeOptions, progress: Any = None) -> PracticeWorld:
        place = worlds.WorldFolder(folder.resolve())
        worlds._make(place, options, None)
        told = worlds.read_json(place.world)
        assert told is not None
        return PracticeWorld(
            ADDRESS, str(place.card), "", told["taxpayer_id"], told["taxpayer_name"], told["device_number"], (),
            told["clock_offset"], told["pin"], link="planted",
        )  # fmt: skip

    def attach(self, folder: Path) -> None:
        return None

    def twin(self, folder: Path, readout: object) -> PracticeWorld:
        raise NotImplementedError

    def stop(self, folder: Path) -> None:
        return None


def _marks() -> tuple[Mark, ...]:
    told = os.environ.get("PLANTED_MARKS", "")
    return tuple(Mark(name, "planted for a test") for name in told.split(",") if name)


LINK = LinkSpec("planted", 1, LINKS[os.environ.get("PLANTED_LINK", "Planted")], can=frozenset({LinkCan.EXTENDED}))
DRIVER: DriverSpec = replace(
    OURS,
    id="planted",
    open=DRIVERS[os.environ.get("PLANTED_DRIVER", "Gb18240Card")],
    practice="planted",
    marks=_marks(),
)
PRACTICE = World()
