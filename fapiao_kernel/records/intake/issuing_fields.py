"""Field names of issuing software's XML (开票软件字段): the vendors' spellings of one meaning, and what their codes mean.

Names from the domain note, section 2.5 (百旺: ghdwmc, fyxm/group …), and from public integrations: 航信 exports (Fpdm, Gfmc, Sph …) and
platform messages (FP_DM, GMF_MC, XMMC …). Case and underscores differ without meaning anything.
"""

from __future__ import annotations

from lxml import etree

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.intake import kinds, words

CODE, NUMBER = ("fpdm", "invoicecode"), ("fphm", "qdfphm", "sdfphm", "invoiceno")
HEAD = {
    "code": CODE,
    "number": NUMBER,
    "issued": ("kprq", "kpsj", "fprq"),
    "amount": ("hjje", "hjbhsje", "je"),
    "tax": ("hjse", "se"),
    "total": ("jshj", "hjzje", "kphjje"),
    "seller_id": ("xhdwsbh", "xhdwdm", "xfsh", "xfsbh", "xsfnsrsbh", "xsfsbh", "xhfsbh"),
    "seller_name": ("xhdwmc", "xfmc", "xsfmc", "xhfmc"),
    "buyer_id": ("ghdwsbh", "ghdwdm", "gfsh", "gfsbh", "gmfnsrsbh", "gmfsbh", "ghfsbh"),
    "buyer_name": ("ghdwmc", "gfmc", "gmfmc", "ghfmc"),
    "machine_number": ("jqbh", "jqbm", "sbbh"),
    "remark": ("bz", "memo"),
}
LINE = {
    "item": ("spmc", "xmmc", "hwmc"),
    "amount": ("je", "xmje", "spje"),
    "tax": ("se", "xmse", "spse"),
    "tax_class": ("spbm", "ssflbm", "flbm"),
    "specification": ("ggxh",),
    "unit": ("jldw", "dw"),
    "price": ("dj", "spdj", "xmdj"),
}
_KIND = ("fplxdm", "fpzl", "fpzldm", "fplx", "fplxmc")
_STATE = ("fpzt", "fpztbz")
_SENT = ("bszt", "scbz", "sczt")

_FPZT = {"2": "void", "3": "void", "4": "void red", "1": "red"}
"""发票状态: 0 正数, 1 负数, 2 空白作废, 3 正数作废, 4 负数作废 (public pages of the 百旺 web client and of tax platforms)."""
_AISINO = {
    "0": InvoiceType.SPECIAL,
    "2": InvoiceType.ORDINARY,
    "41": InvoiceType.ROLL,
    "42": InvoiceType.USED_VEHICLE,
    "51": InvoiceType.ELECTRONIC_ORDINARY,
    "52": InvoiceType.ELECTRONIC_SPECIAL,
    "s": InvoiceType.SPECIAL,
    "c": InvoiceType.ORDINARY,
    "f": InvoiceType.FREIGHT,
    "j": InvoiceType.MOTOR_VEHICLE,
    "p": InvoiceType.ELECTRONIC_ORDINARY,
    "q": InvoiceType.ROLL,
}
"""fpzl of 航信 (domain note, section 2.7). 11 and 12 mean other types to the verification platform: the code's positions tell then."""
_BSZT = {"0": False, "1": True, "2": False, "3": False, "4": False}
"""报送状态 of 航信: 0 未报送, 1 已报送, 2 报送失败, 3 报送中, 4 验签失败 (from use, not from a document)."""


class Fields:
    """The direct leaves of a node, by their names without case and underscores; blank ones are nothing."""

    def __init__(self, node: etree._Element) -> None:
        self._texts: dict[str, str] = {}
        for child in node.iterchildren(etree.Element):
            if len(child) == 0 and (text := (child.text or "").strip()):
                self._texts.setdefault(name_of(child), text)

    def get(self, *names: str) -> str:
        return next((self._texts[name] for name in names if name in self._texts), "")

    def kind(self) -> InvoiceType | None:
        """The type that the node's codes or words name."""
        for name in _KIND:
            text = self.get(name)
            if name == "fplxdm" and (kind := _by_value(text)):
                return kind
            if name != "fplx" and text.lower() in _AISINO:
                return _AISINO[text.lower()]
            if not text.isascii() and (kind := kinds.by_name(text)):
                return kind
        return None

    def states(self) -> str:
        """``void`` and ``red`` where the node's state (发票状态, 作废标志, 开票类型) says so."""
        state = self.get(*_STATE)
        found = _FPZT.get(state.lstrip("0") or state, "") if state.isascii() else ("void" if "作废" in state else "")
        if words.void(self.get("zfbz", "zfbs"), flag=True):
            found += " void"
        if self.get("kplx") == "1":
            found += " red"
        return found

    def blank(self) -> bool:
        """空白作废: a number that was voided before anything was written on it."""
        return self.get(*_STATE) in ("2", "02")

    def uploaded(self) -> bool | None:
        text = self.get(*_SENT)
        return _BSZT.get(text) if self.get("bszt") and text.isdigit() else words.uploaded(text)

    def red_of(self) -> str:
        return self.get("yfpdm", "lzfpdm") + self.get("yfphm", "lzfphm")


def name_of(element: etree._Element) -> str:
    """An element's name as it is compared: no prefix, no case, no underscores."""
    return str(etree.QName(element).localname).lower().replace("_", "")


def _by_value(text: str) -> InvoiceType | None:
    try:
        kind = InvoiceType(text)
    except ValueError:
        return None
    return kind if kind.on_device else None  # vendors disagree about the codes of fully digital types
