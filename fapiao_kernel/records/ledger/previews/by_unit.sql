-- zh: 按清卡单元合计（作废为 0）
-- en: Sums by clear unit (voids zero)
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- param: device VARCHAR = NULL
-- label: device | 机器编号；不写为全部 | Device number; all when left out
-- column: device_number | 机器编号 | Device
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: state | 清卡状态 | State
-- column: count | 份数 | Sheets
-- column: voids | 其中作废 | Of these void
-- column: reds | 其中红字 | Of these red
-- column: amount | 金额 | Amount
-- column: tax | 税额 | Tax
-- column: total | 价税合计 | Total with tax
-- column: digest | 清卡时的内容指纹 | Digest when cleared
-- column: cleared_at | 清卡时间 | Cleared at
-- column: run | 清卡运行 | Run
SELECT s.device_number, s.invoice_type, s.period, s.state, s.count, s.voids, s.reds, s.amount, s.tax, s.total,
       CASE WHEN s.state = 'cleared' THEN k.digest ELSE '' END AS digest,
       CASE WHEN s.state = 'open' THEN '' ELSE k.cleared_at END AS cleared_at,
       CASE WHEN s.state = 'open' THEN '' ELSE k.run END AS run
FROM asked, unit_sum s LEFT JOIN clear_unit k ON k.unit_key = s.unit_key
WHERE (asked.period IS NULL OR s.period = asked.period) AND (asked.device IS NULL OR s.device_number = asked.device)
ORDER BY s.period, s.device_number, s.invoice_type, s.state DESC
