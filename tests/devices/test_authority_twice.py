"""An answer that comes twice must never be taken for the answer to the next message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from fapiao_kernel.devices.authority import HttpAuthority
from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.authority import codec

CARD = CardIdentity("990000000261", "9999000000000001", "91999999000000107U", "示例", date(2036, 1, 1), True)
OCTOBER = (Period(2026, 10),)


def _reply(flag: str) -> bytes:
    body = codec.write("FK_QKCX", "00", "成功", [{"qkbz": flag}])
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def _answers_its_first_message_twice() -> Iterator[str]:
    """The first message it ever gets is answered with yes, and once more; every other with no."""
    answers = iter([_reply("1") * 2])
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve(line: socket.socket) -> None:
            with line:
                while line.recv(65536):
                    line.sendall(next(answers, _reply("0")))

        def listen() -> None:
            while True:
                try:
                    line, _ = door.accept()
                except OSError:
                    return  # the door is closed: the test is over
                threading.Thread(target=serve, args=(line,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"


def test_the_second_copy_of_an_answer_is_not_the_next_messages_answer() -> None:
    with _answers_its_first_message_twice() as url:
        authority = HttpAuthority(url)
        assert authority.cleared(CARD, (InvoiceType.SPECIAL,), OCTOBER) is True
        assert authority.cleared(CARD, (InvoiceType.ORDINARY,), OCTOBER) is False
        authority.close()
