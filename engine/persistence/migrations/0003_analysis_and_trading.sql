CREATE TABLE analysis_history (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    trader_id   uuid NOT NULL,
    signal_id   uuid REFERENCES signals (id) ON DELETE CASCADE,
    symbol      text NOT NULL,
    interval    text NOT NULL,
    decision    text NOT NULL CHECK (decision IN ('enter_trade', 'bad_setup', 'wait', 'hold', 'exit', 'error')),
    confidence  numeric CHECK (confidence BETWEEN 0 AND 100),
    reasoning   text NOT NULL DEFAULT '',
    details     jsonb NOT NULL DEFAULT '{}',
    model       text NOT NULL DEFAULT '',
    duration_ms integer CHECK (duration_ms >= 0),
    cost_usd    numeric NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE analysis_history IS 'What the analysis of a signal said, one row an attempt';
CREATE INDEX analysis_of_user ON analysis_history (user_id, created_at DESC);
CREATE INDEX analysis_of_signal ON analysis_history (signal_id);

CREATE TABLE positions (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    trader_id   uuid NOT NULL,
    signal_id   uuid REFERENCES signals (id) ON DELETE SET NULL,
    exchange    text NOT NULL,
    symbol      text NOT NULL,
    side        text NOT NULL CHECK (side IN ('long', 'short')),
    status      text NOT NULL DEFAULT 'open' CHECK (status IN ('pending', 'open', 'closing', 'closed', 'failed')),
    quantity    numeric NOT NULL CHECK (quantity > 0),
    entry_price numeric CHECK (entry_price > 0),
    exit_price  numeric CHECK (exit_price > 0),
    stop_loss   numeric CHECK (stop_loss > 0),
    take_profit numeric CHECK (take_profit > 0),
    realized    numeric NOT NULL DEFAULT 0,
    details     jsonb NOT NULL DEFAULT '{}',
    opened_at   timestamptz,
    closed_at   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (closed_at IS NULL OR status IN ('closed', 'failed'))
);
COMMENT ON TABLE positions IS 'Positions that followed from signals';
COMMENT ON COLUMN positions.realized IS 'Profit or loss so far, in the quote asset, fees taken off';
CREATE INDEX positions_of_user ON positions (user_id, created_at DESC);
CREATE INDEX positions_open ON positions (user_id, symbol) WHERE status <> 'closed';
CREATE INDEX positions_of_signal ON positions (signal_id);
CREATE TRIGGER touch BEFORE UPDATE ON positions FOR EACH ROW EXECUTE FUNCTION engine_touch();

CREATE TABLE trades (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id         text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    position_id     uuid NOT NULL REFERENCES positions (id) ON DELETE CASCADE,
    exchange        text NOT NULL,
    symbol          text NOT NULL,
    client_order_id text NOT NULL,
    order_id        text NOT NULL DEFAULT '',
    side            text NOT NULL CHECK (side IN ('buy', 'sell')),
    status          text NOT NULL CHECK (status IN ('new', 'partly_filled', 'filled', 'canceled', 'rejected', 'expired')),
    quantity        numeric NOT NULL CHECK (quantity > 0),
    filled          numeric NOT NULL DEFAULT 0 CHECK (filled >= 0 AND filled <= quantity),
    price           numeric CHECK (price > 0),
    fee             numeric NOT NULL DEFAULT 0,
    fee_asset       text NOT NULL DEFAULT '',
    executed_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, exchange, client_order_id)
);
COMMENT ON TABLE trades IS 'Orders of a position and what became of them';
COMMENT ON COLUMN trades.client_order_id IS 'Chosen by us before sending, so that a retry can ask whether it arrived';
CREATE INDEX trades_of_user ON trades (user_id, created_at DESC);
CREATE INDEX trades_of_position ON trades (position_id);
CREATE TRIGGER touch BEFORE UPDATE ON trades FOR EACH ROW EXECUTE FUNCTION engine_touch();

CALL engine_protect('analysis_history');
CALL engine_protect('positions');
CALL engine_protect('trades');
