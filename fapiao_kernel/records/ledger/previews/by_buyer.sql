-- zh: 按购买方合计（名称归一后比较；作废为 0）
-- en: Totals by buyer (names compared in their normalised form; voids zero)
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- column: buyer_id | 购方税号 | Buyer id
-- column: buyer_name | 购方名称 | Buyer
-- column: count | 份数 | Sheets
-- column: voids | 其中作废 | Of these void
-- column: amount | 金额 | Amount
-- column: tax | 税额 | Tax
-- column: total | 价税合计 | Total with tax
SELECT i.buyer_id, any_value(i.buyer_name) AS buyer_name, count(*) AS count, count(*) FILTER (i.status = 'void') AS voids,
       sum(CASE WHEN i.status = 'normal' THEN i.amount ELSE 0 END)::DECIMAL(18,2) AS amount,
       sum(CASE WHEN i.status = 'normal' THEN i.tax ELSE 0 END)::DECIMAL(18,2) AS tax,
       sum(CASE WHEN i.status = 'normal' THEN i.total ELSE 0 END)::DECIMAL(18,2) AS total
FROM asked, current_invoice i LEFT JOIN party_name p ON p.name = i.buyer_name
WHERE NOT i.fully_digital AND (asked.period IS NULL OR i.period = asked.period)
GROUP BY i.buyer_id, coalesce(p.normalised, i.buyer_name)
ORDER BY total DESC, i.buyer_id
