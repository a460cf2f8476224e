-- zh: 断号（同一发票代码内号码不连续）
-- en: Number gaps (numbers under one code that do not follow on)
-- param: period DATE = NULL
-- label: period | 征期，如 2026-10；不写为全部 | Period such as 2026-10; all when left out
-- param: state ENUM('open', 'cleared', 'late', 'all') = 'all'
-- label: state | open 只看未清，cleared 只看已清，late 只看清卡后才到的，all 全部 | open, cleared, late (came after the clear) or all
-- column: invoice_type | 票种 | Type
-- column: code | 发票代码 | Code
-- column: after_number | 缺在此号之后 | After
-- column: before_number | 缺在此号之前 | Before
-- column: missing | 缺几个号 | Missing
SELECT invoice_type, code, after_number, before_number, missing FROM (
  SELECT i.invoice_type, i.code, lag(i.number) OVER numbers AS after_number, i.number AS before_number,
         try_cast(i.number AS BIGINT) - lag(try_cast(i.number AS BIGINT)) OVER numbers - 1 AS missing
  FROM asked, current_invoice i
  WHERE NOT i.fully_digital AND (asked.period IS NULL OR i.period = asked.period)
    AND (asked.state = 'all' OR i.state = asked.state)
  WINDOW numbers AS (PARTITION BY i.invoice_type, i.code ORDER BY i.number)
) WHERE missing > 0 ORDER BY invoice_type, code, after_number
