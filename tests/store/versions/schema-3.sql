BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'cotrader','m001_book','2026-11-20 23:48:56.520755+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'cotrader','m002_day_base_and_rates','2026-11-21 00:43:47.895830+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'cotrader','m003_one_book','2026-11-21 04:22:43.523215+00:00');
CREATE TABLE "account_checks" (
   "account_id" INTEGER REFERENCES "accounts"("id"),
   "figure" TEXT,
   "at" TEXT NOT NULL,
   "ours" TEXT,
   "brokers" TEXT,
   "tolerance" TEXT NOT NULL,
   "position_symbol" TEXT,
   "position_difference" TEXT,
   PRIMARY KEY ("account_id", "figure")
) STRICT;
CREATE TABLE "account_snapshots" (
   "id" INTEGER PRIMARY KEY,
   "account_id" INTEGER NOT NULL REFERENCES "accounts"("id"),
   "taken_at" TEXT NOT NULL,
   "net_liquidating_value" TEXT,
   "cash_balance" TEXT,
   "buying_power" TEXT
, "day_pnl" TEXT) STRICT;
INSERT INTO "account_snapshots" VALUES(1,1,'2026-03-10T15:30:00.000000+00:00','10000','4000','8000.50',NULL);
CREATE TABLE "accounts" (
   "id" INTEGER PRIMARY KEY,
   "connection_id" INTEGER NOT NULL REFERENCES "connections"("id"),
   "broker" TEXT NOT NULL,
   "number" TEXT NOT NULL,
   "nickname" TEXT NOT NULL,
   "base_currency" TEXT NOT NULL,
   "is_included" INTEGER NOT NULL DEFAULT 1,
   "last_synced_at" TEXT,
   "suspected_empty_at" TEXT
) STRICT;
INSERT INTO "accounts" VALUES(1,1,'tastytrade','5WT00001','Individual','USD',1,'2026-03-10T15:30:00.000000+00:00',NULL);
CREATE TABLE "balances" (
   "account_id" INTEGER PRIMARY KEY REFERENCES "accounts"("id"),
   "currency" TEXT NOT NULL,
   "net_liquidating_value" TEXT,
   "cash_balance" TEXT,
   "buying_power" TEXT,
   "maintenance_requirement" TEXT,
   "position_values" TEXT NOT NULL,
   "received_at" TEXT NOT NULL
, "exchange_rates" TEXT NOT NULL DEFAULT '{}', "open_pnl" TEXT, "day_pnl" TEXT, "position_count" INTEGER) STRICT;
INSERT INTO "balances" VALUES(1,'USD','10000','4000','8000.50','1500','["0", "0.00"]','2026-03-10T15:30:00.000000+00:00','{}',NULL,NULL,NULL);
CREATE TABLE "connections" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL,
   "broker" TEXT NOT NULL,
   "label" TEXT NOT NULL DEFAULT '',
   "status" TEXT NOT NULL DEFAULT 'active',
   "sync_enabled" INTEGER NOT NULL DEFAULT 1,
   "sync_interval" REAL NOT NULL,
   "last_sync_at" TEXT,
   "last_sync_status" TEXT,
   "last_error_kind" TEXT,
   "last_error_message" TEXT,
   "last_error_hint" TEXT,
   "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
   "grant_refusals" INTEGER NOT NULL DEFAULT 0,
   "next_sync_at" TEXT
, "is_delayed" INTEGER NOT NULL DEFAULT 0, "sync_kinds" TEXT NOT NULL DEFAULT 'positions', "stream_state" TEXT, "stream_message" TEXT, "stream_since" TEXT, "stream_overflow" INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "connections" VALUES(1,'tastytrade','tastytrade','','active',1,60.0,NULL,NULL,NULL,NULL,NULL,0,0,NULL,0,'positions',NULL,NULL,NULL,0);
CREATE TABLE "greeks" (
   "instrument_id" INTEGER PRIMARY KEY REFERENCES "instruments"("id"),
   "delta" REAL,
   "gamma" REAL,
   "theta" REAL,
   "vega" REAL,
   "rho" REAL,
   "iv" REAL,
   "source" TEXT NOT NULL,
   "as_of" TEXT NOT NULL,
   "received_at" TEXT NOT NULL
) STRICT;
CREATE TABLE "instruments" (
   "id" INTEGER PRIMARY KEY,
   "broker" TEXT NOT NULL,
   "key" TEXT NOT NULL,
   "symbol" TEXT NOT NULL,
   "instrument_type" TEXT NOT NULL,
   "underlying" TEXT NOT NULL,
   "underlying_key" TEXT,
   "multiplier" TEXT NOT NULL,
   "currency" TEXT NOT NULL,
   "option_type" TEXT,
   "strike" TEXT,
   "expiration" TEXT,
   "expires_at" TEXT,
   "streamer_symbol" TEXT,
   "is_adjusted" INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "instruments" VALUES(1,'tastytrade','equity:AAPL','AAPL','equity','AAPL',NULL,'1','USD',NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "instruments" VALUES(2,'tastytrade','cryptocurrency:BTC/USD','BTC/USD','cryptocurrency','BTC/USD',NULL,'1','USD',NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE "orders" (
   "id" INTEGER PRIMARY KEY,
   "account_id" INTEGER NOT NULL REFERENCES "accounts"("id"),
   "key" TEXT NOT NULL,
   "status" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "time_in_force" TEXT,
   "underlying" TEXT,
   "limit_price" TEXT,
   "stop_price" TEXT,
   "currency" TEXT NOT NULL,
   "legs" TEXT NOT NULL,
   "placed_at" TEXT,
   "updated_at" TEXT,
   "seen_at" TEXT NOT NULL,
   "gone_at" TEXT
) STRICT;
CREATE TABLE "position_events" (
   "id" INTEGER PRIMARY KEY,
   "position_id" INTEGER NOT NULL REFERENCES "positions"("id"),
   "run_id" INTEGER NOT NULL,
   "at" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "quantity_before" TEXT NOT NULL,
   "quantity_after" TEXT NOT NULL,
   "average_open_price" TEXT,
   "mark" TEXT,
   "realized_pnl" TEXT,
   "realized_source" TEXT
) STRICT;
INSERT INTO "position_events" VALUES(1,1,1,'2026-03-10T15:30:00.000000+00:00','opened','0','100','54.50','52.79',NULL,NULL);
INSERT INTO "position_events" VALUES(2,2,1,'2026-03-10T15:30:00.000000+00:00','opened','0','0.00012345','64000',NULL,NULL,NULL);
CREATE TABLE "position_snapshots" (
   "id" INTEGER PRIMARY KEY,
   "position_id" INTEGER NOT NULL REFERENCES "positions"("id"),
   "taken_at" TEXT NOT NULL,
   "quantity" TEXT NOT NULL,
   "mark" TEXT,
   "underlying_price" TEXT,
   "open_pnl" TEXT,
   "delta" REAL,
   "gamma" REAL,
   "theta" REAL,
   "vega" REAL,
   "iv" REAL,
   "source" TEXT,
   "received_at" TEXT
) STRICT;
INSERT INTO "position_snapshots" VALUES(1,1,'2026-03-10T15:30:00.000000+00:00','100','52.79','52.79','-171.00',NULL,NULL,NULL,NULL,NULL,'broker','2026-03-10T15:30:00.000000+00:00');
INSERT INTO "position_snapshots" VALUES(2,2,'2026-03-10T15:30:00.000000+00:00','0.00012345',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE "positions" (
   "id" INTEGER PRIMARY KEY,
   "account_id" INTEGER NOT NULL REFERENCES "accounts"("id"),
   "instrument_id" INTEGER NOT NULL REFERENCES "instruments"("id"),
   "status" TEXT NOT NULL,
   "quantity" TEXT NOT NULL,
   "average_open_price" TEXT,
   "previous_close" TEXT,
   "realized_pnl" TEXT,
   "realized_source" TEXT,
   "realized_since_open" TEXT,
   "realized_since_open_on" TEXT,
   "realized_day_gain" TEXT,
   "realized_day_gain_on" TEXT,
   "opened_at" TEXT NOT NULL,
   "closed_at" TEXT,
   "last_synced_at" TEXT NOT NULL,
   "orphaned_since" TEXT,
   "closing_mark" TEXT,
   "closing_mark_source" TEXT,
   "entry_at" TEXT,
   "entry_underlying_price" TEXT,
   "entry_delta" REAL,
   "entry_gamma" REAL,
   "entry_theta" REAL,
   "entry_vega" REAL,
   "entry_rho" REAL,
   "entry_iv" REAL,
   "entry_greeks_as_of" TEXT,
   "entry_greeks_source" TEXT
, "day_base" TEXT) STRICT;
INSERT INTO "positions" VALUES(1,1,1,'open','100','54.50',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-03-10T15:30:00.000000+00:00',NULL,'2026-03-10T15:30:00.000000+00:00',NULL,NULL,NULL,'2026-03-10T15:30:00.000000+00:00','52.79',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "positions" VALUES(2,1,2,'open','0.00012345','64000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-03-10T15:30:00.000000+00:00',NULL,'2026-03-10T15:30:00.000000+00:00',NULL,NULL,NULL,'2026-03-10T15:30:00.000000+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE "properties" (
   "key" TEXT PRIMARY KEY,
   "value" TEXT NOT NULL
) STRICT;
CREATE TABLE "quarantined_rows" (
   "id" INTEGER PRIMARY KEY,
   "run_id" INTEGER NOT NULL REFERENCES "sync_runs"("id"),
   "symbol" TEXT,
   "reason" TEXT NOT NULL,
   "raw" TEXT NOT NULL
) STRICT;
CREATE TABLE "quotes" (
   "instrument_id" INTEGER PRIMARY KEY REFERENCES "instruments"("id"),
   "mark" TEXT,
   "mark_source" TEXT,
   "bid" TEXT,
   "ask" TEXT,
   "last" TEXT,
   "previous_close" TEXT,
   "source" TEXT NOT NULL,
   "received_at" TEXT NOT NULL
, "is_halted" INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "quotes" VALUES(1,'52.79','broker',NULL,NULL,NULL,NULL,'broker','2026-03-10T15:30:00.000000+00:00',0);
CREATE TABLE "reference_rates" (
   "currency" TEXT PRIMARY KEY,
   "per_euro" TEXT NOT NULL,
   "on" TEXT NOT NULL
) STRICT;
CREATE TABLE "sync_lease" (
   "id" INTEGER PRIMARY KEY,
   "pid" INTEGER NOT NULL,
   "host" TEXT NOT NULL,
   "since" TEXT NOT NULL
) STRICT;
CREATE TABLE "sync_requests" (
   "id" INTEGER PRIMARY KEY,
   "connection_id" INTEGER NOT NULL REFERENCES "connections"("id"),
   "requested_at" TEXT NOT NULL,
   "cycle" INTEGER,
   "finished_at" TEXT
) STRICT;
CREATE TABLE "sync_runs" (
   "id" INTEGER PRIMARY KEY,
   "cycle" INTEGER NOT NULL,
   "connection_id" INTEGER NOT NULL REFERENCES "connections"("id"),
   "account_id" INTEGER REFERENCES "accounts"("id"),
   "trigger" TEXT NOT NULL,
   "sync_type" TEXT NOT NULL,
   "status" TEXT NOT NULL,
   "started_at" TEXT NOT NULL,
   "completed_at" TEXT,
   "positions_added" INTEGER DEFAULT 0,
   "positions_updated" INTEGER DEFAULT 0,
   "positions_closed" INTEGER DEFAULT 0,
   "positions_unchanged" INTEGER DEFAULT 0,
   "quarantined" INTEGER DEFAULT 0,
   "error_kind" TEXT,
   "error_message" TEXT,
   "hint" TEXT
, "transactions_added" INTEGER NOT NULL DEFAULT 0, "orders_synced" INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "sync_runs" VALUES(1,1,1,1,'scheduled','positions','success','2026-03-10T15:30:00.000000+00:00','2026-03-10T15:30:00.000000+00:00',2,0,0,0,0,NULL,NULL,NULL,0,0);
CREATE TABLE "trading_sessions" (
   "market" TEXT,
   "on" TEXT,
   "opens_at" TEXT NOT NULL,
   "closes_at" TEXT NOT NULL,
   "is_early_close" INTEGER NOT NULL,
   PRIMARY KEY ("market", "on")
) STRICT;
CREATE TABLE "transactions" (
   "id" INTEGER PRIMARY KEY,
   "account_id" INTEGER NOT NULL REFERENCES "accounts"("id"),
   "key" TEXT NOT NULL,
   "at" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "description" TEXT NOT NULL,
   "symbol" TEXT,
   "underlying" TEXT,
   "quantity" TEXT,
   "price" TEXT,
   "fees" TEXT,
   "amount" TEXT,
   "currency" TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX "idx_connections_name"
    ON "connections" ("name");
CREATE UNIQUE INDEX "idx_accounts_broker_number"
    ON "accounts" ("broker", "number");
CREATE UNIQUE INDEX "idx_instruments_broker_key"
    ON "instruments" ("broker", "key");
CREATE UNIQUE INDEX one_open_position ON positions (account_id, instrument_id) WHERE status = 'open';
CREATE INDEX "idx_positions_last_synced_at"
    ON "positions" ("last_synced_at");
CREATE INDEX "idx_positions_account_id_status_closed_at"
    ON "positions" ("account_id", "status", "closed_at");
CREATE INDEX "idx_position_events_position_id"
    ON "position_events" ("position_id");
CREATE INDEX "idx_position_snapshots_position_id_taken_at"
    ON "position_snapshots" ("position_id", "taken_at");
CREATE INDEX "idx_position_snapshots_taken_at"
    ON "position_snapshots" ("taken_at");
CREATE INDEX "idx_account_snapshots_account_id_taken_at"
    ON "account_snapshots" ("account_id", "taken_at");
CREATE INDEX "idx_account_snapshots_taken_at"
    ON "account_snapshots" ("taken_at");
CREATE INDEX "idx_sync_runs_started_at"
    ON "sync_runs" ("started_at");
CREATE INDEX "idx_sync_runs_cycle"
    ON "sync_runs" ("cycle");
CREATE INDEX "idx_quarantined_rows_run_id"
    ON "quarantined_rows" ("run_id");
CREATE VIEW "broker_positions" AS 
        SELECT i.symbol AS symbol,
               a.number AS account_number,
               CAST(p.quantity AS REAL) AS quantity,
               CAST(p.average_open_price AS REAL) AS average_price,
               CAST(q.mark AS REAL) AS current_price,
               (CAST(q.mark AS REAL) - CAST(p.average_open_price AS REAL))
                   * CAST(p.quantity AS REAL) * CAST(i.multiplier AS REAL) AS unrealized_pnl,
               CASE i.instrument_type
                   WHEN 'equity' THEN 'stock'
                   WHEN 'equity_option' THEN 'option'
                   WHEN 'future' THEN 'future'
                   WHEN 'future_option' THEN 'future_option'
                   WHEN 'cryptocurrency' THEN 'crypto'
                   ELSE 'other'
               END AS position_type,
               p.last_synced_at AS last_updated,
               a.broker AS data_source
          FROM positions p
          JOIN accounts a ON a.id = p.account_id
          JOIN instruments i ON i.id = p.instrument_id
          LEFT JOIN quotes q ON q.instrument_id = p.instrument_id
         WHERE p.status = 'open';
CREATE UNIQUE INDEX "idx_transactions_account_id_key"
    ON "transactions" ("account_id", "key");
CREATE INDEX "idx_transactions_account_id_at"
    ON "transactions" ("account_id", "at");
CREATE UNIQUE INDEX "idx_orders_account_id_key"
    ON "orders" ("account_id", "key");
CREATE INDEX running_runs ON sync_runs (connection_id) WHERE status = 'running';
COMMIT;
PRAGMA user_version = 3;
