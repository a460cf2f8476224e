-- What others say of a period: the card's own monthly statistics, and the return that was filed. Rows are added, never changed;
-- the newest of each counts.

CREATE TABLE card_statistics (             -- 月统计, as the card told it (or a person, reading it off the vendor's screen)
  seq             INTEGER NOT NULL,        -- one number a telling, from 1
  device_number   VARCHAR NOT NULL,
  invoice_type    VARCHAR NOT NULL,
  period          DATE NOT NULL CHECK (day(period) = 1),
  positive        INTEGER NOT NULL,        -- 正数 sheets that stand
  positive_void   INTEGER NOT NULL,        -- 正废
  negative        INTEGER NOT NULL,        -- 负数 (红字) that stand
  negative_void   INTEGER NOT NULL,        -- 负废
  positive_amount DECIMAL(18,2) NOT NULL,  -- without tax, voids zero
  positive_tax    DECIMAL(18,2) NOT NULL,
  negative_amount DECIMAL(18,2) NOT NULL,
  negative_tax    DECIMAL(18,2) NOT NULL,
  source          VARCHAR NOT NULL,        -- read | stated
  read_at         VARCHAR NOT NULL         -- ISO time
);

CREATE TABLE filed_return (                -- 申报表: one row a figure, all figures of one telling together
  seq          INTEGER NOT NULL,           -- one number a telling, from 1
  taxpayer_id  VARCHAR NOT NULL,
  period       DATE NOT NULL CHECK (day(period) = 1),
  invoice_type VARCHAR NOT NULL,           -- a code, device (as 票表比对 has it), special, other (the return's columns), '' for all
  rate         VARCHAR NOT NULL,           -- as invoice_line.rate, '' for all
  amount       DECIMAL(18,2),              -- without tax; NULL where only the total is known
  tax          DECIMAL(18,2),
  total        DECIMAL(18,2) NOT NULL,
  source       VARCHAR NOT NULL,           -- read (told by the tax side) | stated (by a person) | file
  told_at      VARCHAR NOT NULL,           -- ISO time of the telling
  filed_on     VARCHAR NOT NULL,           -- ISO day on which it was filed, '' when nobody said
  note         VARCHAR NOT NULL            -- where it comes from: a file's name, the tax side's sentence
);

CREATE VIEW newest_statistics AS
  SELECT * FROM card_statistics
  QUALIFY row_number() OVER (PARTITION BY device_number, invoice_type, period ORDER BY seq DESC) = 1;
CREATE VIEW newest_return AS               -- the tax side's figures and a person's stand beside each other
  SELECT * FROM filed_return QUALIFY rank() OVER (PARTITION BY taxpayer_id, period, source = 'read' ORDER BY seq DESC) = 1;

CREATE VIEW unit_sum AS                    -- each clear unit's sums and where it stands: no invoice is scanned
  SELECT u.unit_key, lpad((u.unit_key % 1099511627776)::VARCHAR, 12, '0') AS device_number,
         ['004', '005', '006', '007', '009', '025', '026', '028'][(u.unit_key // 1099511627776 % 8)::INTEGER + 1] AS invoice_type,
         make_date((1990 + (u.unit_key // 8796093022208 - 1) // 12)::INTEGER, ((u.unit_key // 8796093022208 - 1) % 12 + 1)::INTEGER, 1) AS period,
         CASE WHEN k.unit_key IS NULL THEN 'open' WHEN u.import_seq <= k.watermark THEN 'cleared' ELSE 'late' END AS state,
         sum(u.count)::BIGINT AS count, sum(u.voids)::BIGINT AS voids, sum(u.reds)::BIGINT AS reds,
         sum(u.amount)::DECIMAL(18,2) AS amount, sum(u.tax)::DECIMAL(18,2) AS tax, sum(u.total)::DECIMAL(18,2) AS total
  FROM unit_import u LEFT JOIN clear_unit k USING (unit_key) GROUP BY ALL HAVING sum(u.count) > 0;
CREATE VIEW unsent_invoice AS              -- 未上传: the last word of an import on it
  SELECT code, number, max(import_seq) AS import_seq FROM invoice_mark WHERE mark IN ('unsent', 'sent')
  GROUP BY code, number HAVING arg_max(mark, import_seq) = 'unsent';
