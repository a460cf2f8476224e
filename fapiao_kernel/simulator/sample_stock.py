"""What the sample month's company sells, and to whom. All names are made up and say so (示例)."""

from __future__ import annotations

from dataclasses import dataclass

from fapiao_kernel.domain.invoice import EXEMPT
from fapiao_kernel.simulator.identifiers import practice_uscc


@dataclass(frozen=True)
class Good:
    """One good or service: name with its short class, rate as text and in percent, 19-digit tax class, price in fen."""

    item: str
    rate: str
    percent: int
    tax_class: str
    specification: str
    unit: str
    price_fen: int


GOODS = (
    Good("*非金属矿物制品*示例水泥", "0.13", 13, "1080101010000000000", "42.5级", "吨", 38938),
    Good("*黑色金属冶炼压延品*示例螺纹钢", "0.13", 13, "1080207010000000000", "HRB400 Φ12", "吨", 341593),
    Good("*电线电缆*示例铜芯线", "0.13", 13, "1090418010000000000", "BV-2.5", "卷", 16637),
    Good("*五金工具*示例冲击钻", "0.13", 13, "1080415010000000000", "13mm", "台", 27345),
    Good("*纸制品*示例打印纸", "0.13", 13, "1060105040000000000", "A4 70g", "箱", 14159),
    Good("*计算机配套产品*示例键盘", "0.13", 13, "1090512010000000000", "104键", "个", 7788),
    Good("*塑料制品*示例管材", "0.13", 13, "1070601010000000000", "PPR25", "米", 929),
    Good("*运输服务*示例国内货物运输", "0.09", 9, "3010102020000000000", "", "趟", 91743),
    Good("*谷物加工品*示例大米", "0.09", 9, "1030102010000000000", "25kg", "袋", 11927),
    Good("*供水*示例自来水", "0.09", 9, "1100301010000000000", "", "吨", 367),
    Good("*经营租赁*示例库房租赁", "0.09", 9, "3040502020200000000", "", "月", 458716),
    Good("*信息技术服务*示例软件维护", "0.06", 6, "3040201030000000000", "", "次", 188679),
    Good("*企业管理服务*示例财务咨询", "0.06", 6, "3040801010000000000", "", "项", 471698),
    Good("*物流辅助服务*示例装卸", "0.06", 6, "3040407010000000000", "", "次", 28302),
)
"""Goods and services of three rates (prices without tax)."""

EXEMPT_GOODS = (
    Good("*蔬菜*示例大白菜", EXEMPT, 0, "1010112010000000000", "", "千克", 240),
    Good("*蔬菜*示例马铃薯", EXEMPT, 0, "1010112020000000000", "", "千克", 310),
)
"""Exempt goods (免税): on ordinary invoices only, since a special invoice may not be issued for them."""

SELLER_NAME = "示例商贸（练习）有限公司"
SELLER_ID = practice_uscc(10)
DEVICE_NUMBER = "990000000261"
"""The practice card's machine number (机器编号), 12 digits."""

_BUYER_NAMES = (
    "示例建材（武汉）有限公司",
    "示例建材(武汉)有限公司",
    "示例装饰工程有限公司",
    "示例机电设备(上海)有限公司",
    "示例机械制造股份有限公司",
    "示例物流（集团）有限公司",
    "示例食品有限公司",
    "示例餐饮管理有限公司",
    "示例电子科技(深圳)有限公司",
    "示例软件（北京）有限公司",
    "示例文化传播有限公司",
    "示例医疗器械有限公司",
    "示例置业有限公司",
    "示例园林绿化有限公司",
    "示例汽车配件有限公司",
    "示例包装材料有限公司",
    "示例印刷（华中）有限公司",
    "示例纺织品(进出口)有限公司",
    "示例化工原料有限公司",
    "示例教育咨询有限公司",
    "示例环保工程有限公司",
    "示例会计师事务所(普通合伙)",
    "示例农业合作社",
    "示例百货商店",
    "示例第一中学",
)

BUYERS: tuple[tuple[str, str], ...] = tuple(
    # The first two are one company whose name is kept in both bracket forms, as differing sources do.
    (practice_uscc(100 + max(serial, 1)), name)
    for serial, name in enumerate(_BUYER_NAMES)
)
"""Buyers as (taxpayer id, name)."""
