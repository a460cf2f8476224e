-- zh: 按票种、征期和税率合计（未清发票；作废为 0；多税率的发票每个税率各算一份）
-- en: Totals by type, period and rate (open invoices; voids zero; an invoice of several rates counts once under each)
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: rate | 税率 | Rate
-- column: count | 份数 | Sheets
-- column: amount | 金额 | Amount
-- column: tax | 税额 | Tax
-- column: voids | 其中作废 | Of these void
-- column: reds | 其中红字 | Of these red
-- column: total | 价税合计 | Total with tax
SELECT t.* FROM (
  SELECT ['004', '005', '006', '007', '009', '025', '026', '028'][(r.unit_key // 1099511627776 % 8)::INTEGER + 1] AS invoice_type,
         make_date((1990 + (r.unit_key // 8796093022208 - 1) // 12)::INTEGER,
                   ((r.unit_key // 8796093022208 - 1) % 12 + 1)::INTEGER, 1) AS period,
         r.rate, sum(r.count)::BIGINT AS count, sum(r.amount)::DECIMAL(18,2) AS amount, sum(r.tax)::DECIMAL(18,2) AS tax,
         sum(r.voids)::BIGINT AS voids, sum(r.reds)::BIGINT AS reds, sum(r.total)::DECIMAL(18,2) AS total
  FROM unit_rate r LEFT JOIN clear_unit k ON k.unit_key = r.unit_key
  WHERE r.import_seq > coalesce(k.watermark, -1) GROUP BY ALL HAVING sum(r.count) > 0
) t, asked WHERE asked.period IS NULL OR t.period = asked.period
ORDER BY t.period, t.invoice_type, try_cast(t.rate AS DECIMAL(9,6)) DESC NULLS LAST, t.rate
