"""Discovery (查找设备): the places that links see, and whose card is in each; no device and no plugin holds up or fails the list."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from fapiao_kernel.agent import status
from fapiao_kernel.agent.asking import Asking
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.views import card_view, finding_view
from fapiao_kernel.api.devices import DevicesView, DeviceView, IdentityView, OwnerView
from fapiao_kernel.api.shapes import CardView
from fapiao_kernel.devices.address import parse
from fapiao_kernel.devices.holder import program
from fapiao_kernel.devices.plug import DriverSpec, Found, LinkSpec
from fapiao_kernel.domain.card import CardIdentity, CardState
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError, UsageError, finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.domain.shown import plain, told

LOOK_FOR = 3.0
"""Seconds that a link gets to say where cards may be."""
ASK_FOR = 5.0
"""Seconds that a card which this home does not know gets to say whose it is; a slow one takes about one."""
MOST = 256
"""Places of one link that are listed: a machine has a few, a plugin gone wrong may name them without end."""


@dataclass(frozen=True)
class _Asked:
    """The address at which a card answered, and its reading."""

    address: str
    state: CardState


class Discovery:
    """Looks when asked, and keeps nothing. ``look_for`` and ``ask_for`` in seconds."""

    def __init__(self, house: House, look_for: float = LOOK_FOR, ask_for: float = ASK_FOR) -> None:
        self._house = house
        self._look_for = look_for
        self._ask_for = ask_for
        self._looking: Asking[list[Found]] = Asking()
        self._asking: Asking[_Asked] = Asking()
        self._knowing: Asking[CardView] = Asking()

    def look(self, *, simulated: bool = False) -> DevicesView:
        """Every device there is to see. ``simulated``: those of practice too. Never raises for one of them."""
        findings = list(self._house.plugins.findings(("links", "drivers")))
        places, said = self._places()
        ours = {_place(address): address for address in self._house.cards.addresses()}
        known = self._known(ours.values())
        devices = [self._of_home(address, known[address], places.get(place)) for place, address in ours.items()]
        strange = {place: found for place, found in places.items() if place not in ours}
        devices += [device for device in self._strange(strange, findings) if not _same(device, devices)]
        listed = [device for device in devices if simulated or not device.simulated]
        return DevicesView(devices=listed, findings=[finding_view(each) for each in (*said, *findings)])

    # --- where cards may be

    def _places(self) -> tuple[dict[tuple[str, str], Found], list[Finding]]:
        links: Mapping[str, LinkSpec] = self._house.plugins.group("links")
        looks = {id: partial(_find, link) for id, link in links.items()}
        places: dict[tuple[str, str], Found] = {}
        said: list[Finding] = []
        for id, answer in self._looking.all(looks, self._look_for).items():
            if isinstance(answer, TimeoutError):
                said.append(finding("link_slow", link=id, seconds=f"{self._look_for:g}"))
            elif isinstance(answer, FapiaoError):
                # The other links have looked; and a service that a machine does not have may be one that it does not need.
                severity = Severity.INFO if isinstance(answer, NotReachable) else Severity.WARNING
                said.append(replace(answer.finding(), severity=severity))
            elif isinstance(answer, Exception):
                said.append(finding("link_no_look", evidence=told(answer), link=id))
            else:
                for found in answer:
                    places.setdefault((id, found.where), found)
        return places, said

    # --- cards of this home

    def _known(self, addresses: Iterable[str]) -> dict[str, CardView]:
        """As ``/status`` shows them: last read, asked again when free, never while at work; all at the same time."""
        asked = {address: partial(status.card, self._house, address) for address in addresses}
        return {
            address: told if isinstance(told, CardView) else card_view(address, None, problem=_problem(told, address))
            for address, told in self._knowing.all(asked, self._ask_for).items()
        }

    def _of_home(self, address: str, view: CardView, found: Found | None) -> DeviceView:
        seen = self._house.cards.seen_last(address)
        state, problem = seen.state, seen.problem
        owner = _owner(problem)
        if self._house.cards.holds(address):
            owner = OwnerView(pid=os.getpid(), program=program(sys.orig_argv))
        present = found.card_present if found is not None else None
        return DeviceView(
            **view.model_dump(),
            reader=found.reader if found is not None else "",
            card_present=True if state is not None and problem is None else present,
            usb_id=found.usb_id if found is not None else "",
            of_home=True,
            identity=_identity(state.identity) if state is not None else None,
            owner=owner,
        )

    # --- cards that this home does not know

    def _strange(self, places: Mapping[tuple[str, str], Found], findings: list[Finding]) -> list[DeviceView]:
        drivers: Mapping[str, DriverSpec] = self._house.plugins.group("drivers")
        links: Mapping[str, LinkSpec] = self._house.plugins.group("links")
        if not drivers:
            return []
        first = next(iter(drivers))
        address: dict[tuple[str, str], str] = {}
        for link, where in places:
            try:
                if plain(where) != where:
                    raise UsageError("device_address", text=plain(where))
                address[link, where] = str(parse(f"{first}+{link}://{where}"))
            except UsageError:
                findings.append(finding("link_where", evidence=plain(where), link=link))
        asks = {
            address[place]: partial(_ask, links[place[0]], drivers, place)
            for place, found in places.items()
            if place in address and found.may_ask and found.problem is None and found.card_present is not False
        }
        answers = self._asking.all({} if self._house.worker.at_work else asks, self._ask_for)
        devices = []
        for place, text in address.items():
            answer = answers.get(text)
            if isinstance(answer, Exception):
                answer = _problem(answer, places[place].reader)
            elif answer is None and text in asks:
                answer = NotReachable("device_not_asked", where=places[place].reader)
            devices.append(_shown(text, places[place], answer))
        return devices


def _problem(error: Exception, where: str) -> FapiaoError:
    """What stood in the way, in words; a plugin may raise anything, or nothing for ever."""
    match error:
        case FapiaoError():
            return error
        case TimeoutError():
            return NotReachable("device_slow", where=where)
    return NotReachable("device_plugin", original=type(error).__name__, where=where)


def _find(link: LinkSpec) -> list[Found]:
    """What a link sees. A plugin may be older than ``find``, and may give anything."""
    look = getattr(link, "find", None)
    places = list(itertools.islice(look(), MOST)) if look is not None else []
    return [_sound(each) for each in places]


def _sound(found: object) -> Found:
    """A place whose names can be shown. Raises ``TypeError`` for what only looks like one."""
    if not isinstance(found, Found):
        raise TypeError(f"find() gave {type(found).__name__}")
    texts = (found.where, found.reader, found.usb_id)
    problem = found.problem is None or isinstance(found.problem, FapiaoError)
    if not problem or not all(isinstance(each, str) for each in texts) or found.card_present not in (True, False, None):
        raise TypeError(f"find() gave a place that is none: {plain(found.where)}")
    return replace(found, reader=plain(found.reader), usb_id=plain(found.usb_id))


def _ask(link: LinkSpec, drivers: Mapping[str, DriverSpec], place: tuple[str, str]) -> _Asked:
    """Whose card it is, by the first driver that it answers. Raises ``FapiaoError``: what kept the link from opening, or
    ``device_no_driver`` with what the card said to each."""
    heard: list[tuple[str, Exception]] = []
    for id, driver in drivers.items():
        address = f"{id}+{place[0]}://{place[1]}"
        opened = link.open(place[1])
        try:
            state = driver.open(opened, address).read_state()
            if not isinstance(state, CardState):
                raise TypeError(f"read_state() gave {type(state).__name__}")
            return _Asked(address, state)
        except Exception as error:  # noqa: BLE001 what one driver makes of a card of another kind is no end of it
            heard.append((id, error))
        finally:
            with contextlib.suppress(Exception):  # a plugin's link that cannot be closed is broken already
                opened.close()
    gone = [error for _, error in heard if isinstance(error, NotReachable)]
    if len(gone) == len(heard):
        raise gone[0]
    said = "; ".join(f"{id}: {getattr(error, 'code', type(error).__name__)}" for id, error in heard)
    raise ProtocolError("device_no_driver", original=said, drivers=", ".join(drivers))


def _shown(address: str, found: Found, answer: _Asked | Exception | None) -> DeviceView:
    """One place as it is told, also when what a plugin made of it cannot be."""
    try:
        view = _device(address, found, answer)
        view.model_dump_json()
    except Exception as error:  # noqa: BLE001 a stranger's driver may put anything into a reading, or into an error
        return _device(address, replace(found, problem=None), _problem(error, found.reader))
    return view


def _device(address: str, found: Found, answer: _Asked | Exception | None) -> DeviceView:
    """One place as it is told: whose card it is, or why that is not known."""
    asked = answer if isinstance(answer, _Asked) else None
    problem = answer if isinstance(answer, FapiaoError) else found.problem
    view = card_view(asked.address, asked.state) if asked else card_view(address, None, problem=problem)
    return DeviceView(
        **view.model_dump(),
        reader=found.reader,
        card_present=True if asked else found.card_present,
        usb_id=found.usb_id,
        identity=_identity(asked.state.identity) if asked else None,
        owner=_owner(problem),
    )


def _same(found: DeviceView, ours: Iterable[DeviceView]) -> bool:
    """Whether a device is a card of this home at another spelling of its place: we hold it, or it is the same card over the same
    kind of link."""
    link = parse(found.address).link
    held = found.owner is not None and found.owner.pid == os.getpid()
    number = found.identity.device_number if found.identity is not None else ""
    return any(parse(each.address).link == link and (held or number == each.device_number != "") for each in ours)


def _place(address: str) -> tuple[str, str]:
    parsed = parse(address)
    return parsed.link, parsed.where


def _identity(card: CardIdentity) -> IdentityView:
    return IdentityView(
        device_number=card.device_number,
        card_number=card.card_number,
        taxpayer_id=card.taxpayer_id,
        taxpayer_name=card.taxpayer_name,
        valid_until=card.valid_until.isoformat(),
        simulated=card.simulated,
    )


def _owner(problem: FapiaoError | None) -> OwnerView | None:
    """Who has a busy device, as its claim says."""
    facts = problem.facts if problem is not None else {}
    if "program" not in facts:
        return None
    pid = str(facts.get("pid", ""))
    return OwnerView(pid=int(pid) if pid.isdigit() else None, program=str(facts["program"]))
