"""The two far ends hold each other to the note: what one seals the other opens, and no third thing comes between."""

import json
from datetime import date

import pytest

from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.protocol.authority import MessageId, Request, decode_reply, encode_request
from fapiao_kernel.simulator import world as worlds
from fapiao_kernel.simulator.authority.bureau import Bureau
from fapiao_kernel.simulator.authority.store import Store
from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.world import WorldFolder

SPAN = "20261001-20261031"
RECORDS = {"004": 1, "007": 2}


class Pair:
    """A world's card and tax side, in this process."""

    def __init__(self, folder, fault=""):
        place = WorldFolder(folder)
        worlds._make(place, PracticeOptions(size=100, fault=fault), None)
        self.place = place
        self.card = SimulatedCard(place.card)
        self.bureau = Bureau(Store(place.authority))
        self.told = json.loads(place.world.read_text())
        self.send("C0F9000008", self.told["pin"].encode())

    def send(self, head, data=b"", tail=""):
        """``(status, data)``; None for a card that fell mute."""
        request, fault = self.card.arrived(bytes.fromhex(head) + data + bytes.fromhex(tail))
        reply = self.card.carry_out(request, fault).reply
        return None if reply is None else (reply[-2:].hex(), reply[:-2])

    def report(self, kind):
        status, data = self.send(f"C0F400{RECORDS[kind]:02x}000008", bytes.fromhex(SPAN.replace("-", "")), "0000")
        return status, data[:320]

    def ask(self, message, **group):
        request = Request(MessageId(message), self.told["device_number"], self.told["taxpayer_id"], (group,))
        return decode_reply(self.bureau.answer(encode_request(request)))

    def upload(self, kind):
        return self.ask("WLCB", fplx_dm=kind, sq=SPAN, fphz=self.report(kind)[1].hex())

    def authorise(self, kind):
        return bytes.fromhex(self.ask("JKHCQQ", fplx_dm=kind, sq=SPAN).groups[0]["fpjkmw"])

    def clear(self, kind, payload):
        return self.send(f"C0F600{RECORDS[kind]:02x}1D", payload)


def ready(folder, fault=""):
    """Reported, filed, compared."""
    pair = Pair(folder, fault)
    assert [pair.upload(kind).code for kind in RECORDS] == ["00", "00"]
    total = sum(s.total for s in sample_month(100).statistics)
    pair.ask("FK_LXSB", sq=SPAN, jshj=str(total))
    declared = pair.ask("FK_SBCX", sq=SPAN).groups[0]
    assert fault == "comparison-failed" or declared["bdbz"] == "1"
    return pair


def test_the_tax_side_reads_the_cards_sums_as_the_sample_months(tmp_path):
    pair = ready(tmp_path)
    for statistics in sample_month(100).statistics:
        uploaded = pair.bureau._store["summaries"][f"{statistics.invoice_type.value} {SPAN}"]
        assert uploaded["total"] == int(statistics.total * 100)
        assert sum(uploaded["counts"]) == statistics.count


def test_the_card_takes_the_tax_sides_payload_and_its_dates_advance(tmp_path):
    pair = ready(tmp_path)
    for kind in RECORDS:
        assert pair.clear(kind, pair.authorise(kind)) == ("9000", b"")
    for record in SimulatedCard(pair.place.card)._memory.records:
        assert record.lock_date == date(2026, 12, 17)
        assert (record.start, record.end) == (date(2026, 11, 1), date(2026, 11, 30))


def test_a_payload_is_for_one_record_of_one_card(tmp_path):
    pair, other = ready(tmp_path / "a"), ready(tmp_path / "b")
    assert pair.clear("007", pair.authorise("004"))[0] == "9302"
    assert other.clear("004", pair.authorise("004"))[0] == "9302"


def test_a_second_clear_with_the_same_payload_says_already_cleared(tmp_path):
    pair = ready(tmp_path)
    payload = pair.authorise("004")
    assert [pair.clear("004", payload)[0] for _ in range(2)] == ["9000", "6901"]


def test_a_lost_reply_strikes_the_first_clear_and_the_card_is_cleared_all_the_same(tmp_path):
    pair = ready(tmp_path, "lost-reply")
    assert pair.clear("004", pair.authorise("004")) is None
    assert SimulatedCard(pair.place.card)._memory.records[0].lock_date == date(2026, 12, 17)


def test_one_refused_strikes_the_second_type_once(tmp_path):
    pair = ready(tmp_path, "one-refused")
    answers = [pair.clear(kind, pair.authorise(kind))[0] for kind in ("004", "007", "007")]
    assert answers == ["9000", "6985", "9000"]


def test_missing_uploads_hold_up_the_report_of_one_type(tmp_path):
    pair = Pair(tmp_path, "uploads-missing")
    assert [pair.report(kind)[0] for kind in RECORDS] == ["9000", "6985"]


def test_a_failed_comparison_holds_the_payload_back_until_filed_again(tmp_path):
    pair = ready(tmp_path, "comparison-failed")
    refused = pair.ask("JKHCQQ", fplx_dm="004", sq=SPAN)
    assert refused.code == "BD01"
    pair.ask("FK_LXSB", sq=SPAN, jshj=str(sum(s.total for s in sample_month(100).statistics)))
    assert pair.clear("004", pair.authorise("004"))[0] == "9000"


@pytest.mark.parametrize("position", range(29))
def test_a_payload_with_one_bit_wrong_is_refused(tmp_path, position):
    pair = ready(tmp_path)
    payload = bytearray(pair.authorise("004"))
    payload[position] ^= 1
    assert pair.clear("004", bytes(payload))[0] in ("9302", "9403")
