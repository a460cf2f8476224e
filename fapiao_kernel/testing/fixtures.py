"""What the suites are given: the device, ways to open it, and the word on what may be skipped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from fapiao_kernel.devices.plug import DriverCan, Link, LinkCan
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.ports import Card
from fapiao_kernel.testing.between import Act, Between
from fapiao_kernel.testing.subject import Subject

SUBJECT = pytest.StashKey[Subject]()
DESTRUCTIVE = "it changes the device; enable: --fapiao-destructive"
REAL = "it changes the device, and this one does not say that it is simulated"
NO_PAYLOAD = "the driver shows no sample_payload, so its clear cannot be tried"
NO_WORLD = (
    "the agent clears a practice card only; enable: --fapiao-device DRIVER+sim://NAME of the driver's practice plugin"
)
NO_PIN = "nobody told the PIN; enable: --fapiao-device DRIVER+sim://NAME, or FAPIAO_KIT_PIN=… of a simulated device"


class OpenCard(Protocol):
    """Opens the card with something in between; gives both."""

    def __call__(self, act: Act | None = None) -> tuple[Card, Between]: ...


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Subject:
    """What is tested. Its state is read now, while nothing else has it open; what stands in the way of that, the tests tell."""
    subject = pytestconfig.stash[SUBJECT]
    with contextlib.suppress(Exception):  # whatever a strange driver raises is for its own tests to tell
        _ = subject.state
    return subject


@pytest.fixture
def open_link(subject: Subject) -> Iterator[Callable[[], Link]]:
    """The link, opened anew at each call; closed afterwards."""
    opened: list[Link] = []

    def open_it() -> Link:
        opened.append(subject.open_link())
        return opened[-1]

    yield open_it
    for link in opened:
        link.close()


@pytest.fixture
def link(open_link: Callable[[], Link]) -> Link:
    """The link, open."""
    return open_link()


@pytest.fixture
def open_card(subject: Subject) -> Iterator[OpenCard]:
    """The card over the link, with something in between, opened anew at each call; the one before is closed first."""
    opened: list[Card] = []

    def let_go() -> None:
        while opened:
            with contextlib.suppress(FapiaoError):  # a link that a test broke
                opened.pop().close()

    def open_it(act: Act | None = None) -> tuple[Card, Between]:
        let_go()
        taps: list[Between] = []

        def around(link: Link) -> Link:
            taps.append(Between(link, act))
            return taps[0]

        opened.append(subject.open_card(around))
        return opened[0], taps[0]

    yield open_it
    let_go()


@pytest.fixture
def card(open_card: OpenCard) -> Card:
    """The card, open."""
    return open_card()[0]


@pytest.fixture
def link_can(subject: Subject) -> Callable[[LinkCan], None]:
    """Skips, naming the capability, when the link does not claim it."""

    def needed(what: LinkCan) -> None:
        if what not in subject.link.can:
            pytest.skip(f"link {subject.link.id} does not claim: {what}")

    return needed


@pytest.fixture
def driver_can(subject: Subject) -> Callable[..., None]:
    """Skips, naming the capability, when the driver does not claim one of these."""

    def needed(*wanted: DriverCan) -> None:
        for what in wanted:
            if what not in subject.driver.can:
                pytest.skip(f"driver {subject.driver.id} does not claim: {what}")

    return needed


@pytest.fixture
def payload(subject: Subject) -> bytes:
    """A clear payload of the right form that no card takes; skips when the driver shows none."""
    if not subject.driver.sample_payload:
        if DriverCan.CLEAR not in subject.driver.can:
            pytest.skip(f"driver {subject.driver.id} does not claim: {DriverCan.CLEAR}")
        pytest.skip(NO_PAYLOAD)
    return subject.driver.sample_payload


@pytest.fixture
def changing(subject: Subject, pytestconfig: pytest.Config) -> None:
    """Skips a test that changes the device, unless that was asked for and the device says that it is simulated."""
    if not pytestconfig.getoption("--fapiao-destructive"):
        pytest.skip(DESTRUCTIVE)
    if not subject.state.identity.simulated:
        pytest.skip(REAL)


@pytest.fixture
def pin(subject: Subject, changing: None) -> str:
    """The simulated card's PIN; skips when nobody told it."""
    if not subject.pin:
        pytest.skip(NO_PIN)
    return subject.pin
