-- Things are added: a clear adds one clear_unit row a unit and touches no invoice, and the views follow. The one thing that is
-- ever filled in is the unit of an invoice whose card was unknown (unit_assignment has a row for it).

CREATE TABLE import_file (
  seq           INTEGER NOT NULL,          -- one number an import, from 1
  file          VARCHAR NOT NULL,          -- as the user named it
  original      VARCHAR NOT NULL,          -- SHA-256 of the file kept in intake
  imported_at   VARCHAR NOT NULL,          -- ISO time
  new_count     INTEGER NOT NULL,
  known_count   INTEGER NOT NULL,
  digital_count INTEGER NOT NULL,          -- fully digital (数电票): never in a unit
  digital_total DECIMAL(18,2) NOT NULL,
  unknown_count INTEGER NOT NULL,          -- device-issued, card unknown: no unit yet; less those that this import assigned
  unknown_total DECIMAL(18,2) NOT NULL
);

CREATE TABLE invoice (
  unit_key       BIGINT,                   -- domain.unit.unit_key; NULL for fully digital ones and where the card is unknown
  import_seq     INTEGER NOT NULL,
  code           VARCHAR NOT NULL,         -- 发票代码; '' for fully digital ones
  number         VARCHAR NOT NULL,         -- 发票号码, or the 20 digits
  invoice_type   VARCHAR NOT NULL,         -- 发票类型代码 fplxdm
  issue_date     DATE NOT NULL,
  period         DATE NOT NULL CHECK (day(period) = 1),
  seller_id      VARCHAR NOT NULL,
  seller_name    VARCHAR NOT NULL,
  buyer_id       VARCHAR NOT NULL,
  buyer_name     VARCHAR NOT NULL,
  amount         DECIMAL(18,2) NOT NULL,   -- without tax; as printed, also on a void invoice
  tax            DECIMAL(18,2) NOT NULL,
  total          DECIMAL(18,2) NOT NULL,
  rate           VARCHAR NOT NULL,         -- one decimal rate, a word, or 多税率: then the lines tell
  status         VARCHAR NOT NULL,         -- normal | void (作废)
  red            BOOLEAN NOT NULL,         -- 红字: negative amounts
  red_of         VARCHAR NOT NULL,
  fully_digital  BOOLEAN NOT NULL,
  machine_number VARCHAR NOT NULL,
  lines          INTEGER NOT NULL,
  remark         VARCHAR NOT NULL
);

CREATE TABLE invoice_line (                -- goods lines (商品行); what else is printed on them stays in the original
  code      VARCHAR NOT NULL,
  number    VARCHAR NOT NULL,
  line      INTEGER NOT NULL,
  item      VARCHAR NOT NULL,
  tax_class VARCHAR NOT NULL,              -- 税收分类编码
  amount    DECIMAL(18,2) NOT NULL,
  rate      VARCHAR NOT NULL,
  tax       DECIMAL(18,2) NOT NULL
);

CREATE TABLE unit_import (                 -- what each import brought for each unit; voids count, and are zero in the sums
  unit_key   BIGINT NOT NULL,
  import_seq INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  amount     DECIMAL(18,2) NOT NULL,
  tax        DECIMAL(18,2) NOT NULL,
  total      DECIMAL(18,2) NOT NULL
);

CREATE TABLE unit_assignment (             -- an invoice whose card became known by a later import
  unit_key   BIGINT NOT NULL,
  import_seq INTEGER NOT NULL,             -- of that later import
  code       VARCHAR NOT NULL,
  number     VARCHAR NOT NULL
);

CREATE TABLE simulated_card (              -- machine numbers of simulated cards: a production ledger takes nothing of theirs
  device_number VARCHAR NOT NULL
);

CREATE TABLE clear_unit (                  -- one row a cleared unit
  unit_key      BIGINT NOT NULL,
  device_number VARCHAR NOT NULL,
  invoice_type  VARCHAR NOT NULL,
  period        DATE NOT NULL CHECK (day(period) = 1),
  watermark     INTEGER NOT NULL,          -- imports after it are late
  digest        VARCHAR NOT NULL,          -- form d1
  count         INTEGER NOT NULL,
  total         DECIMAL(18,2) NOT NULL,
  run           VARCHAR NOT NULL,
  cleared_at    VARCHAR NOT NULL           -- ISO time
);

CREATE TABLE party_name (                  -- each distinct name once, with its form for comparing
  name       VARCHAR NOT NULL,
  normalised VARCHAR NOT NULL
);

CREATE VIEW open_unit AS
  SELECT DISTINCT u.unit_key, coalesce(k.watermark, -1) AS watermark
  FROM unit_import u LEFT JOIN clear_unit k USING (unit_key)
  WHERE u.import_seq > coalesce(k.watermark, -1);
CREATE VIEW open_invoice AS
  SELECT i.* FROM invoice i JOIN open_unit o ON o.unit_key = i.unit_key AND i.import_seq > o.watermark;
CREATE VIEW cleared_invoice AS
  SELECT i.* FROM invoice i JOIN clear_unit k ON k.unit_key = i.unit_key AND i.import_seq <= k.watermark;
