-- zh: 作废和红字发票
-- en: Void and red invoices
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: code | 发票代码 | Code
-- column: number | 发票号码 | Number
-- column: issue_date | 开票日期 | Issued
-- column: status | 状态 | Status
-- column: red | 红字 | Red
-- column: red_of | 对应蓝字 | Red of
-- column: total | 价税合计（票面） | Total as printed
-- column: buyer_name | 购方名称 | Buyer
-- column: remark | 备注 | Remark
-- column: state | 清卡 | State
-- column: marked | 后来才作废 | Voided later
SELECT i.invoice_type, i.period, i.code, i.number, i.issue_date, i.status, i.red, i.red_of, i.total, i.buyer_name, i.remark, i.state,
       v.code IS NOT NULL AS marked
FROM asked, current_invoice i LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number
WHERE (i.status = 'void' OR i.red) AND (asked.period IS NULL OR i.period = asked.period)
ORDER BY i.period, i.invoice_type, i.code, i.number
