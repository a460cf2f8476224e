-- zh: 按购买方合计（名称归一后比较；作废为 0）
-- en: Totals by buyer (names compared in their normalised form; voids zero)
-- param: period DATE = NULL
SELECT i.buyer_id, any_value(i.buyer_name) AS buyer_name, count(*) AS count,
       sum(CASE WHEN i.status = 'normal' THEN i.total ELSE 0 END) AS total
FROM asked, invoice i LEFT JOIN party_name p ON p.name = i.buyer_name
WHERE NOT i.fully_digital AND (asked.period IS NULL OR i.period = asked.period)
GROUP BY i.buyer_id, coalesce(p.normalised, i.buyer_name)
ORDER BY total DESC, i.buyer_id
