-- zh: 按票种、征期和税率合计（未清发票；作废为 0）
-- en: Totals by type, period and rate (open invoices; voids zero)
-- also: totals_by_type_and_rate
SELECT invoice_type, period, rate, count(*) AS count,
       sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END) AS amount,
       sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END) AS tax
FROM (
  SELECT invoice_type, period, rate, status, amount, tax FROM open_invoice WHERE rate <> '多税率'
  UNION ALL
  SELECT i.invoice_type, i.period, l.rate, i.status, sum(l.amount), sum(l.tax)
  FROM open_invoice i JOIN invoice_line l ON l.code = i.code AND l.number = i.number
  WHERE i.rate = '多税率' GROUP BY i.invoice_type, i.period, i.code, i.number, l.rate, i.status
) GROUP BY invoice_type, period, rate ORDER BY period, invoice_type, try_cast(rate AS DECIMAL(9,6)) DESC NULLS LAST, rate
