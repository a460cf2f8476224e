-- zh: 发票库对设备月统计
-- en: The ledger against the card's monthly statistics
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: device_number | 机器编号 | Device
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: ledger_count | 发票库份数 | Ledger sheets
-- column: card_count | 设备份数 | Card sheets
-- column: ledger_voids | 发票库作废 | Ledger voids
-- column: card_voids | 设备作废 | Card voids
-- column: ledger_amount | 发票库金额 | Ledger amount
-- column: card_amount | 设备金额 | Card amount
-- column: ledger_tax | 发票库税额 | Ledger tax
-- column: card_tax | 设备税额 | Card tax
-- column: count_difference | 份数差 | Sheets apart
-- column: amount_difference | 金额差 | Amount apart
-- column: tax_difference | 税额差 | Tax apart
-- column: agrees | 一致（空：没有读到设备） | Agrees (empty: card not read)
-- column: source | 来源：read 读出，stated 口述 | Source: read or stated
-- column: read_at | 读取时间 | Read at
, ledger AS (
  SELECT u.device_number, u.invoice_type, u.period, sum(count)::BIGINT AS count, sum(voids)::BIGINT AS voids,
         sum(amount)::DECIMAL(18,2) AS amount, sum(tax)::DECIMAL(18,2) AS tax
  FROM unit_sum u, asked WHERE asked.period IS NULL OR u.period = asked.period GROUP BY ALL
), card AS (
  SELECT n.device_number, n.invoice_type, n.period, source, read_at,
         (positive + positive_void + negative + negative_void)::BIGINT AS count, (positive_void + negative_void)::BIGINT AS voids,
         (positive_amount + negative_amount)::DECIMAL(18,2) AS amount, (positive_tax + negative_tax)::DECIMAL(18,2) AS tax
  FROM newest_statistics n, asked WHERE asked.period IS NULL OR n.period = asked.period
)
SELECT device_number, invoice_type, period, coalesce(l.count, 0) AS ledger_count, c.count AS card_count,
       coalesce(l.voids, 0) AS ledger_voids, c.voids AS card_voids, coalesce(l.amount, 0)::DECIMAL(18,2) AS ledger_amount,
       c.amount AS card_amount, coalesce(l.tax, 0)::DECIMAL(18,2) AS ledger_tax, c.tax AS card_tax,
       coalesce(l.count, 0) - c.count AS count_difference, (coalesce(l.amount, 0) - c.amount)::DECIMAL(18,2) AS amount_difference,
       (coalesce(l.tax, 0) - c.tax)::DECIMAL(18,2) AS tax_difference,
       coalesce(l.count, 0) = c.count AND coalesce(l.voids, 0) = c.voids AND coalesce(l.amount, 0) = c.amount
         AND coalesce(l.tax, 0) = c.tax AS agrees,
       coalesce(c.source, '') AS source, coalesce(c.read_at, '') AS read_at
FROM ledger l FULL JOIN card c USING (device_number, invoice_type, period)
ORDER BY period, device_number, invoice_type
