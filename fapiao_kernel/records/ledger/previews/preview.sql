-- zh: 固定的预览里的发票
-- en: The invoices of a frozen preview
-- param: keys BIGINT[]
-- label: keys | 清卡单元的编号 | Keys of the clear units
-- param: watermarks INTEGER[]
-- label: watermarks | 各单元固定到第几次导入 | Up to which import each is frozen
-- column: invoice_type | 票种 | Type
-- column: period | 征期 | Period
-- column: code | 发票代码 | Code
-- column: number | 发票号码 | Number
-- column: issue_date | 开票日期 | Issued
-- column: buyer_id | 购方税号 | Buyer id
-- column: buyer_name | 购方名称 | Buyer
-- column: amount | 金额 | Amount
-- column: tax | 税额 | Tax
-- column: total | 价税合计 | Total with tax
-- column: rate | 税率 | Rate
-- column: status | 状态 | Status
-- column: red | 红字 | Red
-- column: red_of | 对应蓝字 | Red of
-- column: remark | 备注 | Remark
SELECT i.invoice_type, i.period, i.code, i.number, i.issue_date, i.buyer_id, i.buyer_name, i.amount, i.tax, i.total, i.rate,
       CASE WHEN v.code IS NULL THEN i.status ELSE 'void' END AS status, i.red, i.red_of, i.remark
FROM invoice i JOIN (SELECT unnest(keys) AS unit_key, unnest(watermarks) AS watermark FROM asked) f
  ON f.unit_key = i.unit_key AND i.import_seq <= f.watermark
LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number AND v.import_seq <= f.watermark
ORDER BY i.invoice_type, i.code, i.number
