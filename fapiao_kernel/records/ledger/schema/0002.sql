-- What became known of an invoice later is a row of its own (invoice_mark), doubts are flags on its row, and sums per unit, import
-- and rate are written by the import, so that totals scan no invoice.

ALTER TABLE invoice ADD COLUMN doubts INTEGER DEFAULT 0;          -- 疑点, bit flags (records/ledger/doubts.py); 0: none
ALTER TABLE unit_import ADD COLUMN voids INTEGER DEFAULT 0;       -- 作废 among count, standing or marked
ALTER TABLE unit_import ADD COLUMN reds INTEGER DEFAULT 0;        -- 红字 among count that stand
ALTER TABLE import_file ADD COLUMN quiet BOOLEAN DEFAULT false;   -- a table, all of it new and in its own order, nothing to be said of it

CREATE TABLE invoice_mark (                -- only while the invoice is open: what is cleared stays as it was cleared
  unit_key   BIGINT,                       -- the invoice's; NULL for fully digital ones and where the card is unknown
  import_seq INTEGER NOT NULL,             -- of the import that told
  code       VARCHAR NOT NULL,
  number     VARCHAR NOT NULL,
  mark       VARCHAR NOT NULL              -- void (作废, once at most) | unsent (未上传) | sent (已上传, after unsent)
);

CREATE TABLE unit_rate (                   -- like unit_import, by rate: an invoice of several rates counts under each of them.
  unit_key   BIGINT NOT NULL,              -- A void mark adds a row with count 0 that takes its invoice's sums off
  import_seq INTEGER NOT NULL,
  rate       VARCHAR NOT NULL,             -- as invoice_line.rate; never 多税率 unless the invoice has no lines
  count      INTEGER NOT NULL,
  voids      INTEGER NOT NULL,
  reds       INTEGER NOT NULL,
  amount     DECIMAL(18,2) NOT NULL,
  tax        DECIMAL(18,2) NOT NULL,
  total      DECIMAL(18,2) NOT NULL        -- of an invoice of several rates: amount plus tax of its lines
);

INSERT INTO unit_rate
  SELECT unit_key, import_seq, rate, count(*), count(*) FILTER (status = 'void'), count(*) FILTER (red AND status <> 'void'),
         sum(CASE WHEN status = 'void' THEN 0 ELSE amount END), sum(CASE WHEN status = 'void' THEN 0 ELSE tax END),
         sum(CASE WHEN status = 'void' THEN 0 ELSE total END)
  FROM (
    SELECT i.unit_key, i.import_seq, i.status, i.red, coalesce(l.rate, i.rate) AS rate, coalesce(l.amount, i.amount) AS amount,
           coalesce(l.tax, i.tax) AS tax, coalesce(l.amount + l.tax, i.total) AS total
    FROM invoice i LEFT JOIN (
      SELECT g.code, g.number, g.rate, sum(g.amount) AS amount, sum(g.tax) AS tax
      FROM invoice_line g SEMI JOIN (SELECT code, number FROM invoice WHERE rate = '多税率') m USING (code, number) GROUP BY ALL
    ) l ON i.rate = '多税率' AND l.code = i.code AND l.number = i.number
    WHERE i.unit_key IS NOT NULL
  ) GROUP BY ALL ORDER BY unit_key, import_seq, rate;

UPDATE unit_import u SET voids = s.voids, reds = s.reds FROM (
  SELECT unit_key, import_seq, count(*) FILTER (status = 'void') AS voids, count(*) FILTER (red AND status <> 'void') AS reds
  FROM invoice WHERE unit_key IS NOT NULL GROUP BY ALL
) s WHERE s.unit_key = u.unit_key AND s.import_seq = u.import_seq;

CREATE TABLE number_map (                  -- which numbers are here, 64 in a row: imports overlap, or do not, without a look at the invoices
  book   VARCHAR NOT NULL,                 -- 发票代码, or the first 8 of 20 digits
  bucket BIGINT NOT NULL,                  -- number // 64 (of 20 digits the last 12); -1 where it is no number
  bits   UBIGINT NOT NULL                  -- bit number % 64; the rows of one (book, bucket) add up
);

INSERT INTO number_map
  SELECT book, coalesce(n // 64, -1), coalesce(bit_or(1::UBIGINT << (n % 64)), 0) FROM (
    SELECT CASE WHEN code = '' THEN left(number, 8) ELSE code END AS book,
           CASE WHEN code = '' THEN try_cast(right(number, 12) AS UBIGINT) ELSE try_cast(number AS UBIGINT) END AS n
    FROM invoice
  ) GROUP BY ALL ORDER BY ALL;

CREATE VIEW void_mark AS
  SELECT code, number, min(import_seq) AS import_seq FROM invoice_mark WHERE mark = 'void' GROUP BY code, number;

CREATE OR REPLACE VIEW open_unit AS        -- an import of marks alone opens nothing
  SELECT DISTINCT u.unit_key, coalesce(k.watermark, -1) AS watermark
  FROM unit_import u LEFT JOIN clear_unit k USING (unit_key)
  WHERE u.import_seq > coalesce(k.watermark, -1) AND u.count > 0;
CREATE OR REPLACE VIEW open_invoice AS     -- status as it is now: a void mark counts
  SELECT i.* REPLACE (CASE WHEN v.code IS NULL THEN i.status ELSE 'void' END AS status)
  FROM invoice i JOIN open_unit o ON o.unit_key = i.unit_key AND i.import_seq > o.watermark
  LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number;
CREATE OR REPLACE VIEW cleared_invoice AS  -- status as it was cleared: a mark after the clear's watermark does not count
  SELECT i.* REPLACE (CASE WHEN v.code IS NULL THEN i.status ELSE 'void' END AS status)
  FROM invoice i JOIN clear_unit k ON k.unit_key = i.unit_key AND i.import_seq <= k.watermark
  LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number AND v.import_seq <= k.watermark;
CREATE VIEW current_invoice AS             -- every invoice, its status as above, and where it stands
  SELECT i.* REPLACE (CASE WHEN v.code IS NOT NULL AND (k.unit_key IS NULL OR i.import_seq > k.watermark OR v.import_seq <= k.watermark)
                           THEN 'void' ELSE i.status END AS status),
         CASE WHEN i.fully_digital THEN 'fully_digital' WHEN i.unit_key IS NULL THEN 'card_unknown'
              WHEN i.import_seq <= k.watermark THEN 'cleared' ELSE 'open' END AS state
  FROM invoice i LEFT JOIN clear_unit k ON k.unit_key = i.unit_key LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number;
