"""The simulated tax side's rules (局端): what it accepts, compares, hands out and remembers. One request at a time."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.authority import codec, sealed
from fapiao_kernel.simulator.authority.comparison import compare, declared
from fapiao_kernel.simulator.authority.store import Span, Store
from fapiao_kernel.simulator.clock import FarClock, PracticeClock

LOCK_DAY = 17
"""Day of the month on which a card locks (锁死日期; 330wanlu state_info.h: about the 17th, domain note 1.2)."""

Groups = list[dict[str, str]]


class No(Exception):
    """A refusal: return code (the numbers of the domain note, section 7, where it has one) and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Bureau:
    """Answers messages from its store; every change is on disk before the answer is given."""

    def __init__(self, store: Store, clock: FarClock | None = None) -> None:
        self._store = store
        self._clock = clock or PracticeClock(store["clock_offset"])
        self._lock = threading.Lock()
        self._acts: Mapping[str, Callable[[codec.Asked], Groups]] = {
            "WLCB": self._upload,
            "JKHCQQ": self._authorise,
            "QLJSJGQR": self._confirm,
            "FK_SJ": self._time,
            "FK_SBCX": self._declaration,
            "FK_LXSB": self._file,
            "FK_QKCX": self._cleared,
        }

    @property
    def id(self) -> str:
        """Tells this tax side from another that may have taken its port."""
        return str(self._store["id"])

    def now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")

    def finish(self) -> None:
        """Let the request under way end, and take no other."""
        self._lock.acquire()

    def answer(self, data: bytes) -> bytes:
        """One message in, one out. Raises ``codec.BadMessage`` for what is no message."""
        asked = codec.read(data)
        act = self._acts.get(asked.business)
        if act is None:
            raise codec.BadMessage("unknown business id")
        with self._lock:
            try:
                if self._store.fault("refuse"):
                    raise No("9999", "系统维护中，暂不受理")
                if asked.business != "FK_SJ":
                    self._known(asked)
                return codec.write(asked.business, "00", "成功", act(asked))
            except No as refusal:
                return codec.write(asked.business, refusal.code, refusal.message)

    def _known(self, asked: codec.Asked) -> None:
        if asked.nsrsbh != self._store["taxpayer_id"]:
            raise No("1089", "税号比对不通过")
        if asked.skph != self._store["device_number"]:
            raise No("159", "清卡不匹配：没有这台设备的发行信息")

    def _time(self, asked: codec.Asked) -> Groups:
        return [{"sj": self.now(), "lx": "1"}]

    # --- 网络抄报 --------------------------------------------------------------------------------------------------

    def _upload(self, asked: codec.Asked) -> Groups:
        accepted = [(group, *self._opened(group)) for group in asked.groups]
        if not accepted:
            raise No("195", "未抄税，无汇总资料")
        receipts: list[str] = []
        fresh = False
        for group, opened, span in accepted:
            name = f"{group['fplx_dm']} {span}"
            receipt = _receipt("HZ", group["fphz"].upper())
            receipts.append(receipt)
            known = self._store["summaries"].get(name)
            if known and known["receipt"] == receipt:
                continue  # the same summary twice is one upload
            if name in self._store["cleared"]:
                raise No("202", "已存在征期抄报：该征期已清卡")
            self._store["summaries"][name] = self._summary(group["fplx_dm"], span, opened, receipt)
            fresh = True
        if fresh:
            self._store.save()
        return [{"hzh": _joint("HZ", receipts)}]

    def _opened(self, group: Mapping[str, str]) -> tuple[sealed.Opened, Span]:
        span = self._type_and_span(group)
        try:
            opened = sealed.open_summary(bytes.fromhex(group.get("fphz", "")), self._store.key)
        except (ValueError, sealed.BadSeal):
            raise No("249", "签名密文比对不通过：汇总密文无效") from None
        if opened.device_number != self._store["device_number"]:
            raise No("159", "清卡不匹配：汇总不是这台设备的")
        if Span(opened.start, opened.end) != span:
            raise No("800", "抄税数据不一致：汇总的起止日期与请求不同")
        return opened, span

    def _summary(self, kind: str, span: Span, opened: sealed.Opened, receipt: str) -> dict[str, Any]:
        return {
            "type": kind,
            "span": str(span),
            "record": opened.record,
            "random": opened.random.hex(),
            "counts": list(opened.counts),
            "total": opened.total,
            "receipt": receipt,
            "compared": False,
            "at": self.now(),
        }

    def _type_and_span(self, group: Mapping[str, str]) -> Span:
        kind = group.get("fplx_dm", "")
        if kind not in self._store["types"]:
            raise No("210", "没有票种授权")
        return self._span(group)

    @staticmethod
    def _span(group: Mapping[str, str]) -> Span:
        try:
            return Span.parse(group.get("sq", ""))
        except ValueError:
            raise No("01", "所属期格式不对") from None

    # --- 申报与比对 ------------------------------------------------------------------------------------------------

    def _file(self, asked: codec.Asked) -> Groups:
        group = _only(asked)
        span = self._span(group)
        try:
            total = fen(Decimal(group.get("jshj", "")))
        except (ValueError, InvalidOperation):
            raise No("01", "申报金额格式不对") from None
        returns = self._store["returns"]
        receipt = f"SB{span.start[:6]}{len(returns) + 1:06d}"
        returns.append({"span": str(span), "total": total, "receipt": receipt, "at": self.now()})
        self._store.save()
        return [{"hzh": receipt}]

    def _declaration(self, asked: codec.Asked) -> Groups:
        span = self._span(_only(asked))
        filed, compared, sentence = compare(self._store, span)
        group = {"sbbz": "1" if filed else "0", "bdbz": "1" if compared else "0", "sm": sentence}
        total = declared(self._store, span)
        return [group if total is None else {**group, "sbje": total}]

    # --- 清卡 ------------------------------------------------------------------------------------------------------

    def _authorise(self, asked: codec.Asked) -> Groups:
        named = [(group["fplx_dm"], self._summary_of(group)) for group in asked.groups]
        if not named:
            raise No("195", "未抄税，无汇总资料")
        for _, summary in named:
            filed, compared, sentence = compare(self._store, Span.parse(summary["span"]))
            if not filed:
                raise No("1085", f"读清卡信息时无报税成功标志：{sentence}")
            if not compared:
                raise No("BD01", sentence)
        month = Period.of(self._clock.now().date())
        dates = {
            "lock_date": f"{month.next().first_day.replace(day=LOCK_DAY):%Y%m%d}",
            "start": f"{month.first_day:%Y%m%d}",
            "end": f"{month.last_day:%Y%m%d}",
        }
        answer: Groups = []
        for kind, summary in named:
            payload = sealed.clear_payload(
                self._store.key, record=summary["record"], random=bytes.fromhex(summary["random"]), **dates
            )
            answer.append({"fplx_dm": kind, "fpjkmw": payload.hex().upper()})
            name = f"{kind} {summary['span']}"
            if name not in self._store["authorised"]:
                self._store["authorised"].append(name)
        self._store.save()
        return answer

    def _summary_of(self, group: Mapping[str, str]) -> dict[str, Any]:
        span = self._type_and_span(group)
        summary = self._store["summaries"].get(f"{group['fplx_dm']} {span}")
        if summary is None:
            raise No("195", f"未抄税，无汇总资料：{InvoiceType(group['fplx_dm']).zh}")
        return dict(summary)

    def _confirm(self, asked: codec.Asked) -> Groups:
        names = [f"{group.get('fplx_dm')} {self._type_and_span(group)}" for group in asked.groups]
        if not names or any(name not in self._store["authorised"] for name in names):
            raise No("195", "没有发放过清卡密文，不能确认")
        cleared = self._store["cleared"]
        fresh = [name for name in names if name not in cleared]
        for name in fresh:
            cleared[name] = {"receipt": _receipt("QR", name), "at": self.now()}
        if fresh:
            self._store.save()
        return [{"hzh": _joint("QR", [cleared[name]["receipt"] for name in names])}]

    def _cleared(self, asked: codec.Asked) -> Groups:
        names = [f"{group.get('fplx_dm')} {self._type_and_span(group)}" for group in asked.groups]
        done = bool(names) and all(name in self._store["cleared"] for name in names)
        return [{"qkbz": "1" if done else "0"}]


def _only(asked: codec.Asked) -> Mapping[str, str]:
    if len(asked.groups) != 1:
        raise No("01", "只接受一个所属期")
    return asked.groups[0]


def _receipt(prefix: str, what: str) -> str:
    return prefix + hashlib.sha256(what.encode()).hexdigest()[:16].upper()


def _joint(prefix: str, receipts: list[str]) -> str:
    """One receipt number for several types: their own when there is but one."""
    return receipts[0] if len(receipts) == 1 else _receipt(prefix, " ".join(receipts))
