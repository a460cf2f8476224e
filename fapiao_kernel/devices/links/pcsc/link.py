"""PC/SC (智能卡读卡器) through pyscard, an extra: a card in any reader that the system's smart card service knows.

The card is shared with other programs, and ours alone from a command until ``LINGER`` after its answer: so that nobody selects another
file between our SELECT and our READ, and that a run of commands pays once for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote, unquote

from fapiao_kernel.devices.links.pcsc.service import Result, Scard, State, refusal, scard
from fapiao_kernel.devices.links.pcsc.session import Session
from fapiao_kernel.devices.links.pcsc.thread import Caller, Ended, Overdue
from fapiao_kernel.devices.owner import Claim, claim
from fapiao_kernel.devices.plug import Found, Link
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds for one answer. The service has no limit of its own; a reader's driver gives a mute card up far earlier."""
BUSY_WAIT = 5.0
"""Seconds that another program may keep the card to itself before we say so."""
OPEN_WAIT = 10.0
"""Seconds to power a card up and agree on a protocol; ISO/IEC 7816-3 allows about one for the answer to reset."""
FIND_WAIT = 3.0
CLOSE_WAIT = 1.0
LINGER = 0.1
"""Seconds that the card stays ours after an answer. Others wait so long at most; Windows resets a card that is kept idle for 5."""
CALLER = "pcsc"
MOST_CALLERS = 32
"""Threads of that name, more than anybody has readers: a service that hangs keeps every one that asked it."""
HEADER = 4
"""CLA, INS, P1, P2: the least that a command is (ISO/IEC 7816-4, 5.1)."""
READABLE = "()[]:,+-_."
"""What of a reader's name needs no percent sign in an address, for people."""


class PcscLink:
    """``plug.Link``. One thread uses it. After an error it is broken and sends nothing more."""

    def __init__(self, name: str, session: Session, caller: Caller, owned: Claim, deadline: float) -> None:
        self.name = name
        self._session = session
        self._caller = caller
        self._owned = owned
        self._deadline = deadline
        self._broken = self._closed = False

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``."""
        if self._broken or self._closed:
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT)
        self._broken = True  # until the exchange has ended well
        reply = self._exchange(apdu)
        self._broken = False
        return reply

    def close(self) -> None:
        """Give the card back, in the state in which it is. Twice is once."""
        self._closed = True
        self._caller.end(CLOSE_WAIT)
        self._owned.close()

    def _exchange(self, apdu: bytes) -> bytes:
        if len(apdu) < HEADER:
            # To a reader's driver it might mean anything: a byte alone is "power off" to vsmartcard's.
            raise ProtocolError("apdu_form", effect=Effect.NOT_SENT, length=len(apdu))
        sent = None
        while sent is None:  # a second time only when the card was given back between the two
            self._hold()
            try:
                sent = self._caller.call(lambda: self._session.exchange(apdu), self._deadline)
            except Ended:
                raise NotReachable("device_link_broken", effect=Effect.NOT_SENT) from None
            except Overdue:
                raise NotReachable("device_silent", effect=Effect.UNKNOWN, where=self.name) from None
            except ProtocolError:
                raise  # T=0's own, which knows whether anything was sent
            except Exception as error:  # whatever the library does, the command may be with the card
                raise _lost(error, self.name, Effect.UNKNOWN) from error
        result, response = sent
        if result != Result.DONE:
            raise refusal(result, self.name, Effect.UNKNOWN)
        if not response:  # how pcsc-lite tells of a card that was drawn out: all went well, and no answer
            raise NotReachable("device_gone", effect=Effect.UNKNOWN, original="PC/SC 00000000", where=self.name)
        if len(response) < 2:
            raise ProtocolError("protocol_apdu", effect=Effect.UNKNOWN, length=len(response))
        return response

    def _hold(self) -> None:
        if self._session.held:
            return
        try:
            result = self._caller.call(self._session.hold, BUSY_WAIT)
        except Ended:
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT) from None
        except Overdue:
            raise NotReachable("device_busy", effect=Effect.NOT_SENT, where=self.name) from None
        except Exception as error:  # whatever the library does, nothing has been sent
            raise _lost(error, self.name) from error
        if result != Result.DONE:
            raise refusal(result, self.name)


def open_pcsc(where: str, service: Scard | None = None, deadline: float = DEADLINE) -> Link:
    """The card in the reader of this name, percent-encoded, or of a part of a name that no other reader has.

    Raises ``NotReachable`` (``device_pcsc_missing``, ``device_pcsc_down``, ``device_pcsc_denied``, ``device_reader_absent``,
    ``device_reader_several``, ``device_card_absent``, ``device_card_mute``, ``device_busy``, ``device_busy_by``, ``device_silent``).
    """
    wanted = unquote(where.removeprefix("/"))
    session = Session(service or scard())
    caller = _caller(session)
    owned = None
    try:
        _ask(caller, session.enter, wanted, FIND_WAIT)
        reader = _the_one(wanted, [name for name, _ in _ask(caller, session.readers, wanted, FIND_WAIT)])
        owned = claim(f"pcsc:{reader}")
        _ask(caller, lambda: session.connect(reader), reader, OPEN_WAIT)
    except BaseException:
        caller.end(CLOSE_WAIT)
        if owned is not None:
            owned.close()
        raise
    return PcscLink(reader, session, caller, owned, deadline)


def _caller(session: Session) -> Caller:
    """A thread for a session. Raises ``NotReachable`` (``device_silent``) when too many have not come back."""
    if sum(thread.name == CALLER for thread in threading.enumerate()) >= MOST_CALLERS:
        raise NotReachable("device_silent", effect=Effect.NOT_SENT, where="PC/SC")
    return Caller(CALLER, session.leave, session.let_go, LINGER)


def _the_one(wanted: str, readers: Sequence[str]) -> str:
    """The reader of that name, else the only one with it in its name, in whatever case."""
    if wanted in readers:
        return wanted
    fits = [reader for reader in readers if wanted.casefold() in reader.casefold()]
    if len(fits) > 1:
        raise NotReachable("device_reader_several", where=wanted, readers=", ".join(fits))
    if not fits:
        raise NotReachable("device_reader_absent", where=wanted)
    return fits[0]


def find(service: Scard | None = None) -> Sequence[Found]:
    """The readers of this machine, and whether a card is in them; none is powered for it.

    Raises ``NotReachable`` (``device_pcsc_missing``, ``device_pcsc_down``, ``device_pcsc_denied``, ``device_silent``).
    """
    session = Session(service or scard())
    caller = _caller(session)
    try:
        _ask(caller, session.enter, "PC/SC", FIND_WAIT)
        return tuple(_found(name, state) for name, state in _ask(caller, session.readers, "PC/SC", FIND_WAIT))
    finally:
        caller.end(CLOSE_WAIT)


def _found(name: str, state: State) -> Found:
    problem = None
    if state & State.EXCLUSIVE:
        problem = NotReachable("device_busy", where=name)
    elif state & State.MUTE:
        problem = NotReachable("device_card_mute", where=name)
    present = None if state & State.UNAVAILABLE else bool(state & State.PRESENT)
    return Found(f"/{quote(name, safe=READABLE)}", name, present, problem=problem)


def _ask(caller: Caller, work: Callable[[], T], where: str, seconds: float) -> T:
    """A call before anything is sent to the card; raises ``NotReachable`` alone."""
    try:
        return caller.call(work, seconds)
    except Overdue:
        raise NotReachable("device_silent", effect=Effect.NOT_SENT, where=where) from None
    except FapiaoError:
        raise
    except Exception as error:  # whatever the library does, nothing has been sent
        raise _lost(error, where) from error


def _lost(error: Exception, where: str, effect: Effect = Effect.NOT_SENT) -> NotReachable:
    """What the library raised instead of giving a result code; its text may hold anything and stays out."""
    return NotReachable("device_gone", effect=effect, original=type(error).__name__, where=where)
