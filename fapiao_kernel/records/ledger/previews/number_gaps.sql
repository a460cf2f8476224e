-- zh: 断号（同一发票代码内号码不连续）
-- en: Number gaps (numbers under one code that do not follow on)
-- param: period DATE = NULL
SELECT invoice_type, code, after_number, before_number, missing FROM (
  SELECT i.invoice_type, i.code, lag(i.number) OVER numbers AS after_number, i.number AS before_number,
         try_cast(i.number AS BIGINT) - lag(try_cast(i.number AS BIGINT)) OVER numbers - 1 AS missing
  FROM asked, invoice i
  WHERE NOT i.fully_digital AND (asked.period IS NULL OR i.period = asked.period)
  WINDOW numbers AS (PARTITION BY i.invoice_type, i.code ORDER BY i.number)
) WHERE missing > 0 ORDER BY invoice_type, code, after_number
