-- zh: 作废和红字发票
-- en: Void and red invoices
-- param: period DATE = NULL
SELECT i.invoice_type, i.period, i.code, i.number, i.issue_date, i.status, i.red, i.red_of, i.total, i.buyer_name, i.remark
FROM asked, invoice i
WHERE (i.status = 'void' OR i.red) AND (asked.period IS NULL OR i.period = asked.period)
ORDER BY i.period, i.invoice_type, i.code, i.number
