"""The driver's other commands on a card at hand: registering, collecting, files without layout, the last PIN tries, T=0."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.capture import record
from fapiao_kernel.devices.plug import DriverCan
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.ports import NewPin
from fapiao_kernel.simulator.card.memory import Memory
from tests.devices.at_hand import AtHand, LikeT0, opened
from tests.simulator.card.maker import KEY, PIN, SPECIAL, make_image, payload_for


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image(tmp_path_factory.mktemp("card") / "card.json")


def mac2(random: bytes, number: str = "9999000000000001") -> bytes:
    """By hand from the note: MAC2 of a registering."""
    return hmac.digest(KEY, b"terminal" + random + bytes.fromhex(number), "sha256")[:4]


def unregistered(memory: Memory) -> None:
    memory.registered = False


# --- registering -----------------------------------------------------------------------------------------------------


def test_the_number_for_registering_is_the_cards_own_and_its_random_new_each_time(image: Path) -> None:
    card = opened(AtHand(image))
    first, second = card.register_number(), card.register_number()
    assert first is not None and second is not None
    assert first.card_number == second.card_number == "9999000000000001"
    assert first.random != second.random
    assert first.random.hex() not in repr(first) and repr(first.mac1) not in repr(first)


def test_a_terminal_is_registered_once_and_its_new_pin_is_the_cards(image: Path) -> None:
    link = AtHand(image, unregistered)
    card = opened(link)
    number = card.register_number()
    assert number is not None
    given = card.register_terminal(mac2(number.random))
    assert len(given.value) == 8 and given.value not in repr(given) + str(given)
    assert card.verify_pin(given.value) is None
    assert link.image.memory.counts["register"] == {"9999000000000001": {"applied": 1, "answered": 0}}
    again = card.register_number()
    assert again is not None
    with pytest.raises(Refused) as caught:
        card.register_terminal(mac2(again.random))
    assert (caught.value.code, caught.value.original) == ("card_conditions", "SW 6985")


def test_a_random_serves_one_registering_and_a_wrong_mac_is_refused(image: Path) -> None:
    card = opened(AtHand(image, unregistered))
    number = card.register_number()
    assert number is not None
    with pytest.raises(Refused) as wrong:
        card.register_terminal(bytes(4))
    with pytest.raises(Refused) as spent:
        card.register_terminal(mac2(number.random))
    assert [e.value.original for e in (wrong, spent)] == ["SW 9302", "SW 6985"]


def test_6901_means_not_registered_to_a_report_and_already_cleared_to_a_clear(image: Path) -> None:
    card = opened(AtHand(image, unregistered))
    card.verify_pin(PIN)
    with pytest.raises(Refused) as caught:
        card.report((SPECIAL,))
    assert (caught.value.code, caught.value.original) == ("card_not_registered", "SW 6901")
    assert card.clear((SPECIAL,), bytes(29)).outcome is Outcome.REFUSED


class AlreadyToClears(AtHand):
    """A card that answers 6901 to every clear."""

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x69\x01" if apdu[1] == 0xF6 else super().transmit(apdu)


def test_6901_is_no_clear_while_the_card_shows_the_span_as_reported_and_waiting(image: Path) -> None:
    card = opened(AlreadyToClears(image))
    assert card.clear((SPECIAL,), bytes(29)).outcome is Outcome.ALREADY_CLEARED
    card.verify_pin(PIN)
    card.report((SPECIAL,))
    answer = card.clear((SPECIAL,), bytes(29))
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, "6901")
    assert "6901" in answer.sentence


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_mac2_of_another_length_is_not_sent(image: Path, length: int) -> None:
    link = AtHand(image)
    with pytest.raises(UsageError):
        opened(link).register_terminal(bytes(length))
    assert not link.sent


# --- collecting ------------------------------------------------------------------------------------------------------


def test_a_day_is_collected_once_and_the_second_time_is_success_without_a_signature(image: Path) -> None:
    link = AtHand(image)
    card = opened(link)
    card.verify_pin(PIN)
    signature = card.collect(bytes(64))
    assert signature is not None and len(signature) == 128
    assert card.collect(bytes(64)) is None
    other = card.collect(bytes(64), daily=False)
    assert other is not None and other != signature
    assert link.image.memory.counts["daily_collect"] == {"2026-11-05": {"applied": 1, "answered": 0}}


def test_collecting_wants_the_pin_and_sixty_four_bytes(image: Path) -> None:
    card = opened(AtHand(image))
    with pytest.raises(Refused) as caught:
        card.collect(bytes(64))
    assert caught.value.code == "card_pin_needed"
    with pytest.raises(UsageError):
        card.collect(bytes(65))


class Losing(AtHand):
    """The answer to one command never comes."""

    def __init__(self, image: Path, ins: int) -> None:
        super().__init__(image, unregistered)
        self.ins = ins

    def transmit(self, apdu: bytes) -> bytes:
        reply = super().transmit(apdu)
        if apdu[1] == self.ins:
            raise NotReachable("device_silent", effect=Effect.UNKNOWN, where="x")
        return reply


def test_a_lost_answer_to_registering_or_collecting_is_an_unknown_outcome_and_sent_once(image: Path) -> None:
    for ins, code in ((0xF1, "outcome_unknown_register"), (0xFB, "outcome_unknown_collect")):
        link = Losing(image, ins)
        card = opened(link)
        with pytest.raises(OutcomeUnknown) as caught:
            card.register_terminal(bytes(4)) if ins == 0xF1 else card.collect(bytes(64))
        assert caught.value.code == code
        assert [apdu[1] for apdu in link.sent].count(ins) == 1


# --- identity --------------------------------------------------------------------------------------------------------


class Doctored(AtHand):
    """Another answer to GET_REGISTER_NB."""

    def __init__(self, image: Path, answer: bytes) -> None:
        super().__init__(image)
        self.answer = answer

    def transmit(self, apdu: bytes) -> bytes:
        return self.answer if apdu[1] == 0xF0 else super().transmit(apdu)


def test_a_card_that_tells_two_card_numbers_is_not_trusted(image: Path) -> None:
    answer = bytes(4) + bytes.fromhex("9999000000000002") + bytes(4) + b"\x90\x00"
    with pytest.raises(ProtocolError) as caught:
        opened(Doctored(image, answer)).read_state()
    assert (caught.value.code, caught.value.effect) == ("card_number_differs", Effect.NOT_SENT)
    assert caught.value.facts == {"file": "9999000000000001", "told": "9999000000000002"}


@pytest.mark.parametrize("status", ["6D00", "6E00", "6985", "6982", "6901"])
def test_a_card_that_does_not_tell_its_number_for_registering_is_read_all_the_same(image: Path, status: str) -> None:
    card = opened(Doctored(image, bytes.fromhex(status)))
    assert card.register_number() is None
    assert card.read_state().identity.card_number == "9999000000000001"


def test_status_reads_and_never_sends_a_command_that_may_change_the_card(image: Path) -> None:
    link = AtHand(image)
    card = opened(link)
    card.read_state(), card.read_statistics(), card.read_volumes(), card.read_summary((SPECIAL,))
    assert {apdu[1] for apdu in link.sent} <= {0xA4, 0xB0, 0xB2, 0xCA, 0xF0, 0xF9}
    assert all(len(apdu) == 4 for apdu in link.sent if apdu[1] == 0xF9)


# --- files without a layout ------------------------------------------------------------------------------------------


def test_ef07_and_ef08_are_given_byte_for_byte_whatever_their_kind(image: Path) -> None:
    long, records = bytes(range(256)) * 3 + b"end", ["0102", "ff" * 256, "00"]

    def with_files(memory: Memory) -> None:
        memory.raw_files = {"EF07": long.hex(), "EF08": list(records)}

    card = opened(AtHand(image, with_files))
    seventh, eighth = card.read_file(7), card.read_file(8)
    assert (seventh.name, seventh.whole, seventh.records) == ("EF07", True, (long,))
    assert (eighth.name, eighth.whole, [one.hex() for one in eighth.records]) == ("EF08", False, records)
    assert repr(long) not in repr(seventh)


def test_every_file_of_a_card_can_be_read_raw_but_the_list_of_invoices(image: Path) -> None:
    card = opened(AtHand(image))
    assert [len(card.read_file(n).records) for n in (1, 2, 3, 4, 5)] == [2, 1, 6, 2, 2]
    for number, code in ((6, "card_no_file"), (7, "card_no_file"), (8, "card_no_file")):
        with pytest.raises(Refused) as caught:
            card.read_file(number)
        assert caught.value.code == code
    with pytest.raises(UsageError):
        card.read_file(9)


@pytest.mark.parametrize("end", ["6282", "6B00", "6A86", "9000"])
def test_each_way_of_a_card_to_say_that_a_file_is_at_its_end_ends_the_reading(end: str) -> None:
    class Short:
        name = "short"

        def transmit(self, apdu: bytes) -> bytes:
            first = apdu[1] == 0xB0 and apdu[2:4] == b"\0\0"
            return (b"abc" if first else b"") + bytes.fromhex("9000" if first or apdu[1] == 0xA4 else end)

        def close(self) -> None:
            return None

    assert opened(Short()).read_file(7).records == (b"abc",)


# --- PIN -------------------------------------------------------------------------------------------------------------


def left(tries: int):
    def change(memory: Memory) -> None:
        memory.pin_left = tries

    return change


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_the_last_tries_are_spent_only_by_name(image: Path, tries: int) -> None:
    link = AtHand(image, left(tries))
    card = opened(link)
    with pytest.raises(Refused) as caught:
        card.verify_pin(PIN)
    assert (caught.value.code, caught.value.facts["left"]) == ("pin_tries_low", tries)
    assert not any(len(apdu) > 5 for apdu in link.sent)
    card.verify_pin(PIN, spend_low_tries=True)
    assert card.read_state().pin_tries == 8


def test_a_blocked_pin_is_never_sent_not_even_by_name(image: Path) -> None:
    link = AtHand(image, left(0))
    with pytest.raises(Refused) as caught:
        opened(link).verify_pin(PIN, spend_low_tries=True)
    assert (caught.value.code, caught.value.effect) == ("pin_blocked", Effect.NOT_SENT)
    assert [apdu.hex() for apdu in link.sent] == ["c0f90000"]


def test_the_last_try_spent_wrongly_blocks_and_says_so(image: Path) -> None:
    card = opened(AtHand(image, left(1)))
    with pytest.raises(Refused) as caught:
        card.verify_pin("00000000", spend_low_tries=True)
    assert (caught.value.code, caught.value.original) == ("pin_blocked", "SW 6983")


class Silent(AtHand):
    """A card that does not tell its tries."""

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x67\x00" if apdu.hex() == "c0f90000" else super().transmit(apdu)


def test_a_card_that_does_not_tell_its_tries_gets_no_pin_but_by_name(image: Path) -> None:
    card = opened(Silent(image))
    assert card.read_state().pin_tries is None
    with pytest.raises(Refused) as caught:
        card.verify_pin(PIN)
    assert (caught.value.code, caught.value.effect) == ("pin_tries_unknown", Effect.NOT_SENT)
    card.verify_pin(PIN, spend_low_tries=True)


def renewing(memory: Memory) -> None:
    memory.renews_pin = True


def test_a_card_that_renews_its_pin_gives_the_new_one_to_the_caller_alone(image: Path) -> None:
    card = opened(AtHand(image, renewing))
    given = card.verify_pin(PIN)
    assert isinstance(given, NewPin) and given.value not in repr(given)
    with pytest.raises(Refused):
        card.verify_pin(PIN)
    assert isinstance(card.verify_pin(given.value), NewPin)


def test_what_is_secret_is_in_no_capture(image: Path, tmp_path: Path) -> None:
    def both(memory: Memory) -> None:
        unregistered(memory), renewing(memory)

    for wrap in (lambda link: link, LikeT0):
        link = AtHand(image, both)
        file = tmp_path / f"{wrap.__name__}.capture"
        card = opened(record(wrap(link), file, DRIVER.secrets))
        number = card.register_number()
        assert number is not None
        pin = card.register_terminal(mac2(number.random)).value
        new = card.verify_pin(pin)
        assert new is not None
        payload = payload_for(card.report((SPECIAL,)).sealed)
        assert card.clear((SPECIAL,), payload).outcome is Outcome.CLEARED
        card.close()
        kept = file.read_text("utf-8").lower()
        for secret in (pin.encode(), new.value.encode(), payload[1:25]):
            assert secret.hex() not in kept and repr(secret) not in kept
        assert "9000" in kept or "6108" in kept


# --- T=0 -------------------------------------------------------------------------------------------------------------


def test_over_a_link_that_leaves_t0_to_the_driver_a_card_is_read_reported_and_cleared_alike(image: Path) -> None:
    plain, t0 = opened(AtHand(image)), LikeT0(AtHand(image))
    card = opened(t0)
    assert card.read_state().monitoring == plain.read_state().monitoring
    assert card.read_statistics() == plain.read_statistics() and card.read_volumes() == plain.read_volumes()
    assert [card.read_file(n) for n in (1, 2, 4)] == [plain.read_file(n) for n in (1, 2, 4)]
    card.verify_pin(PIN)
    summary = card.report((SPECIAL,))
    assert len(summary.sealed) == 320
    assert card.clear((SPECIAL,), payload_for(summary.sealed)).outcome is Outcome.CLEARED
    assert [[a[1] for a in t0.sent].count(ins) for ins in (0xF4, 0xF6)] == [1, 1]


def test_the_driver_can_all_that_there_is_and_names_its_simulated_card() -> None:
    assert DRIVER.can == frozenset(DriverCan) and DRIVER.practice == "simulated-month"
