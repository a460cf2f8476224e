-- zh: 发票库对申报表
-- en: The ledger against the filed return
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: taxpayer_id | 税号 | Taxpayer
-- column: period | 征期 | Period
-- column: invoice_type | 票种（空：全部；device：设备开具的；special：专用发票；other：其他发票） | Type (empty: all; device: issued on devices; special; other)
-- column: rate | 税率（空：全部） | Rate (empty: all)
-- column: ledger_count | 发票库份数 | Ledger sheets
-- column: ledger_amount | 发票库金额 | Ledger amount
-- column: return_amount | 申报金额 | Return amount
-- column: ledger_tax | 发票库税额 | Ledger tax
-- column: return_tax | 申报税额 | Return tax
-- column: ledger_total | 发票库价税合计 | Ledger total
-- column: return_total | 申报价税合计 | Return total
-- column: total_difference | 价税合计差 | Total apart
-- column: agrees | 一致 | Agrees
-- column: source | 来源：read 局端，stated 口述，file 文件 | Source: read, stated or file
-- column: filed_on | 申报日期 | Filed on
-- column: told_at | 得知时间 | Told at
-- column: note | 说明 | Note
, figure AS (
  SELECT r.* FROM newest_return r, asked WHERE asked.period IS NULL OR r.period = asked.period
), own AS (
  SELECT i.*, CASE WHEN i.status = 'void' THEN 0 ELSE 1 END AS stands FROM current_invoice i
  WHERE i.period IN (SELECT period FROM figure)
), by_rate AS (
  SELECT code, number, rate, sum(amount) AS amount, sum(tax) AS tax FROM invoice_line
  SEMI JOIN (SELECT code, number FROM own WHERE rate = '多税率') m USING (code, number) GROUP BY ALL
), held AS (
  SELECT seller_id, period, invoice_type, fully_digital, '' AS rate, count(*) AS count, sum(stands * amount) AS amount,
         sum(stands * tax) AS tax, sum(stands * total) AS total
  FROM own GROUP BY ALL
  UNION ALL
  SELECT o.seller_id, o.period, o.invoice_type, o.fully_digital, coalesce(l.rate, o.rate) AS rate, count(*),
         sum(o.stands * coalesce(l.amount, o.amount)), sum(o.stands * coalesce(l.tax, o.tax)),
         sum(o.stands * coalesce(l.amount + l.tax, o.total))
  FROM own o LEFT JOIN by_rate l ON o.rate = '多税率' AND l.code = o.code AND l.number = o.number GROUP BY ALL
), beside AS (
  SELECT f.taxpayer_id, f.period, f.invoice_type, f.rate, f.amount, f.tax, f.total, f.source, f.filed_on, f.told_at, f.note,
         coalesce(sum(h.count), 0)::BIGINT AS count, coalesce(sum(h.amount), 0)::DECIMAL(18,2) AS held_amount,
         coalesce(sum(h.tax), 0)::DECIMAL(18,2) AS held_tax, coalesce(sum(h.total), 0)::DECIMAL(18,2) AS held_total
  FROM figure f LEFT JOIN held h ON h.period = f.period AND h.rate = f.rate AND (h.seller_id = f.taxpayer_id OR h.seller_id = '')
    AND (f.invoice_type = '' OR f.invoice_type = h.invoice_type OR (f.invoice_type = 'device' AND NOT h.fully_digital)
      OR (f.invoice_type = 'special' AND h.invoice_type IN ('004', '005', '028', '081'))
      OR (f.invoice_type = 'other' AND h.invoice_type NOT IN ('004', '005', '028', '081')))
  GROUP BY ALL
)
SELECT taxpayer_id, period, invoice_type, rate, count AS ledger_count, held_amount AS ledger_amount, amount AS return_amount,
       held_tax AS ledger_tax, tax AS return_tax, held_total AS ledger_total, total AS return_total,
       (held_total - total)::DECIMAL(18,2) AS total_difference,
       CASE WHEN amount IS NULL OR tax IS NULL THEN held_total = total ELSE held_amount = amount AND held_tax = tax END AS agrees,
       source, filed_on, told_at, note
FROM beside ORDER BY taxpayer_id, period, invoice_type, rate
