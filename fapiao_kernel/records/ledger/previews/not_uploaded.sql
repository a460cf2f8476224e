-- zh: 未上传的发票
-- en: Invoices not uploaded
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: code | 发票代码 | Code
-- column: number | 发票号码 | Number
-- column: issue_date | 开票日期 | Issued
-- column: amount | 金额 | Amount
-- column: tax | 税额 | Tax
-- column: total | 价税合计 | Total with tax
-- column: status | 状态 | Status
-- column: state | 清卡 | State
-- column: told_at | 何时得知 | Told at
-- column: file | 由哪个文件得知 | Told by file
SELECT i.invoice_type, i.period, i.code, i.number, i.issue_date, i.amount, i.tax, i.total, i.status, i.state,
       f.imported_at AS told_at, f.file
FROM asked, unsent_invoice u JOIN current_invoice i ON i.code = u.code AND i.number = u.number
LEFT JOIN import_file f ON f.seq = u.import_seq
WHERE asked.period IS NULL OR i.period = asked.period
ORDER BY i.period, i.invoice_type, i.code, i.number
