"""A simulated tax side without its process, and the card's half of the seal, written from the note."""

import hashlib
import hmac
import struct
from types import SimpleNamespace

import pytest

from fapiao_kernel.protocol.authority import MessageId, Request, decode_reply, encode_request
from fapiao_kernel.simulator.authority.bureau import Bureau
from fapiao_kernel.simulator.authority.store import Store, new_state
from fapiao_kernel.simulator.clock import CHINA, offset_to

KEY = bytes(range(32))
DEVICE, TAXPAYER = "990000000261", "91999999000000107U"
SPAN = "20261001-20261031"


def seal(*, record=1, span=SPAN, random=b"R" * 8, total=11300, device=DEVICE, key=KEY):
    start, end = (bytes.fromhex(day) for day in span.split("-"))
    body = struct.pack(
        ">B4s4s8s4I4q6s", record, start, end, random, 1, 0, 0, 0, total, 0, 0, 0, bytes.fromhex(device)
    ).ljust(316, b"\0")
    return body + hmac.new(key, b"summary" + body, hashlib.sha256).digest()[:4]


@pytest.fixture
def bureau(tmp_path):
    """``ask(id, *groups)`` posts a message; ``restart()`` loads the state anew; ``fault`` names one for the next start."""
    from datetime import datetime

    path = tmp_path / "authority.json"
    world = SimpleNamespace(path=path, seal=seal, span=SPAN, key=KEY)

    def make(faults=()):
        new_state(
            path,
            device_number=DEVICE,
            taxpayer_id=TAXPAYER,
            taxpayer_name="示例",
            types=["004", "007"],
            clock_offset=offset_to(datetime(2026, 11, 5, 9, tzinfo=CHINA)),
            shared_key=KEY,
            faults=faults,
        )
        restart()

    def restart():
        world.bureau = Bureau(Store(path))

    def ask(message, *groups, device=DEVICE, taxpayer=TAXPAYER):
        request = encode_request(Request(MessageId(message), device, taxpayer, groups))
        return decode_reply(world.bureau.answer(request))

    def upload(kind="004", span=SPAN, **sealed):
        return ask("WLCB", {"fplx_dm": kind, "sq": span, "fphz": seal(span=span, **sealed).hex()})

    def file(total, span=SPAN):
        return ask("FK_LXSB", {"sq": span, "jshj": total})

    def declared(span=SPAN):
        group = ask("FK_SBCX", {"sq": span}).groups[0]
        return group["sbbz"] == "1", group["bdbz"] == "1"

    world.make, world.restart, world.ask = make, restart, ask
    world.upload, world.file, world.declared = upload, file, declared
    make()
    return world
