"""The client against a real server: the simulated tax side in a thread, or a socket that misbehaves."""

import hashlib
import hmac
import socket
import struct
import threading
from datetime import date, datetime
from decimal import Decimal

import httpx
import pytest

from fapiao_kernel.devices.authority import AUTHORITY, HttpAuthority
from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.errors import NotReachable, ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Declaration, Summary
from fapiao_kernel.simulator.authority.server import AuthorityServer
from fapiao_kernel.simulator.authority.store import Store, new_state
from fapiao_kernel.simulator.clock import CHINA, offset_to

CARD = CardIdentity("990000000261", "9999000000000001", "91999999000000107U", "示例", date(2036, 1, 1), True)
TYPES, PERIODS = (InvoiceType.SPECIAL,), (Period(2026, 10),)
KEY = bytes(range(32))


def summary(total=11300):
    dates = bytes.fromhex("2026100120261031")
    body = struct.pack(
        ">B8s8s4I4q6s", 1, dates, b"R" * 8, 1, 0, 0, 0, total, 0, 0, 0, bytes.fromhex(CARD.device_number)
    )
    body = body.ljust(316, b"\0")
    return Summary(TYPES, PERIODS, body + hmac.new(KEY, b"summary" + body, hashlib.sha256).digest()[:4])


@pytest.fixture
def serve(tmp_path):
    """``serve(*faults)`` starts a tax side and gives a client of it."""
    servers, clients = [], []

    def start(*faults, timeout=None):
        path = tmp_path / f"{len(servers)}.json"
        new_state(
            path,
            device_number=CARD.device_number,
            taxpayer_id=CARD.taxpayer_id,
            taxpayer_name=CARD.taxpayer_name,
            types=["004"],
            clock_offset=offset_to(datetime(2026, 11, 5, 9, tzinfo=CHINA)),
            shared_key=KEY,
            faults=faults,
        )
        server = AuthorityServer(Store(path))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        clients.append(AUTHORITY.open(server.url) if timeout is None else HttpAuthority(server.url, timeout))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for server in servers:
        server.stopping.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def broken():
    """``broken(answer)``: a socket that takes one request, sends these bytes, and hangs up."""
    listeners = []

    def start(answer: bytes):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def once():
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(answer)

        threading.Thread(target=once, daemon=True).start()
        return AUTHORITY.open(f"http://127.0.0.1:{listener.getsockname()[1]}")

    yield start
    for listener in listeners:
        listener.close()


def http(body: bytes, status="200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def test_a_whole_month_goes_through(serve):
    tax = serve()
    assert tax.time().date() == date(2026, 11, 5)
    receipt = tax.upload_summary(CARD, summary())
    assert tax.upload_summary(CARD, summary()) == receipt
    assert tax.declaration(CARD, PERIODS) == Declaration(False, False, "未收到该所属期的增值税申报表")
    tax.file_return(CARD, PERIODS, Decimal("113.00"))
    assert tax.declaration(CARD, PERIODS).seen
    given = tax.authorise(CARD, TYPES, PERIODS)
    assert given.types == TYPES and len(given.payload) == 29
    assert given.digest == hashlib.sha256(given.payload).hexdigest()
    assert not tax.cleared(CARD, TYPES, PERIODS)
    assert tax.acknowledge(CARD, TYPES, PERIODS) == tax.acknowledge(CARD, TYPES, PERIODS)
    assert tax.cleared(CARD, TYPES, PERIODS)


@pytest.mark.parametrize(
    ("filed", "code", "original"),
    [(None, "authority_not_declared", "1085"), ("9.00", "authority_comparison_failed", "BD01")],
)
def test_no_payload_before_filed_and_compared_and_the_servers_code_is_kept(serve, filed, code, original):
    tax = serve()
    tax.upload_summary(CARD, summary())
    if filed:
        tax.file_return(CARD, PERIODS, Decimal(filed))
    with pytest.raises(Refused) as refused:
        tax.authorise(CARD, TYPES, PERIODS)
    assert refused.value.code == code
    assert refused.value.original.startswith(original)
    assert refused.value.effect is Effect.REJECTED


def test_a_payload_before_the_report_is_refused(serve):
    with pytest.raises(Refused) as refused:
        serve().authorise(CARD, TYPES, PERIODS)
    assert refused.value.code == "authority_not_reported"


def test_a_refusal_without_a_meaning_of_its_own_tells_code_and_words(serve):
    with pytest.raises(Refused) as refused:
        serve("refuse").upload_summary(CARD, summary())
    assert refused.value.code == "authority_refused"
    assert refused.value.original == "9999 系统维护中，暂不受理"
    assert "9999" in refused.value.sentence


def test_a_payload_is_in_no_repr(serve):
    tax = serve()
    tax.upload_summary(CARD, summary())
    tax.file_return(CARD, PERIODS, Decimal("113.00"))
    given = tax.authorise(CARD, TYPES, PERIODS)
    assert given.payload.hex() not in repr(given) and repr(given.payload) not in repr(given)


def test_nobody_there_means_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotReachable) as error:
        AUTHORITY.open(f"http://127.0.0.1:{port}").time()
    assert (error.value.code, error.value.effect) == ("authority_unreachable", Effect.NOT_SENT)


def test_a_late_answer_leaves_the_effect_unknown_and_asking_again_is_safe(serve):
    tax = serve("slow:5", timeout=httpx.Timeout(5.0, read=0.2))
    with pytest.raises(NotReachable) as error:
        tax.upload_summary(CARD, summary())
    assert (error.value.code, error.value.effect) == ("authority_no_answer", Effect.UNKNOWN)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<bus", b"gibberish\r\n\r\n"])
def test_a_broken_off_answer_leaves_the_effect_unknown(broken, answer):
    with pytest.raises(NotReachable) as error:
        broken(answer).time()
    assert error.value.effect is Effect.UNKNOWN


def test_a_tax_side_under_maintenance_is_not_reachable(serve):
    with pytest.raises(NotReachable) as error:
        serve("down").time()
    assert error.value.code == "authority_unavailable"


@pytest.mark.parametrize(
    "answer",
    [
        http(b""),
        http(b"<html/>"),
        http(b"", "404 Not Found"),
        http(b"", "302 Found"),
        http(b"<business id='WLCB'><body><returnCode>00</returnCode></body></business>"),
        http(b"<business id='FK_SJ'><body><returnCode>00</returnCode></body></business>"),
    ],
)
def test_an_answer_to_something_else_is_a_protocol_error(broken, answer):
    with pytest.raises(ProtocolError):
        broken(answer).time()


def test_an_answer_sent_twice_is_a_protocol_error(serve):
    with pytest.raises(ProtocolError):
        serve("answer_twice").time()


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<business id='FK_SJ'><body><returnCode>98</returnCode></body></business>"),
        http(b"", "404 Not Found"),
        http(
            b"<business id='FK_SJ'><body><returnCode>00</returnCode>"
            b"<group><data name='sj' value='2026-11-05T09:00:00+08:00'/></group></body></business>"
        ),
    ],
)
def test_a_real_tax_side_is_never_filed_with(broken, answer):
    with pytest.raises(Refused) as refused:
        broken(answer).file_return(CARD, PERIODS, Decimal("113.00"))
    assert refused.value.code == "not_practice"


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x/", "http://"])
def test_an_address_that_is_none_is_wrong_use(url):
    with pytest.raises(UsageError):
        AUTHORITY.open(url)
