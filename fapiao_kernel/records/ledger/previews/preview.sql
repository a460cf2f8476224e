-- zh: 固定的预览里的发票
-- en: The invoices of a frozen preview
-- also: frozen_preview
-- param: keys BIGINT[]
-- param: watermarks INTEGER[]
SELECT i.invoice_type, i.period, i.code, i.number, i.issue_date, i.buyer_id, i.buyer_name, i.amount, i.tax, i.total, i.rate,
       i.status, i.red, i.red_of, i.remark
FROM asked, invoice i JOIN (SELECT unnest(keys) AS unit_key, unnest(watermarks) AS watermark FROM asked) f
  ON f.unit_key = i.unit_key AND i.import_seq <= f.watermark
ORDER BY i.invoice_type, i.code, i.number
