CREATE TABLE traders (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    enabled      boolean NOT NULL DEFAULT true,
    filter       jsonb NOT NULL CHECK (jsonb_typeof(filter) = 'object'),
    strategy     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(strategy) = 'object'),
    version      integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    cloud_config jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(cloud_config) = 'object'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE traders IS 'What users want asked of the market';
COMMENT ON COLUMN traders.filter IS '{code (up to 50 KB), refreshInterval, requiredTimeframes [interval], symbols? [name]}';
COMMENT ON COLUMN traders.strategy IS '{instructions (up to 10,000 characters), maxConcurrentAnalysis (1-8)}';
COMMENT ON COLUMN traders.version IS 'Plus one on each update, by trigger; a version has its own match state and signal ids';
CREATE INDEX traders_of_user ON traders (user_id, created_at, id);

CREATE FUNCTION engine_trader_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER version BEFORE UPDATE ON traders FOR EACH ROW EXECUTE FUNCTION engine_trader_version();

CREATE FUNCTION engine_trader_notify() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('engine_traders', coalesce(NEW.id, OLD.id)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON traders FOR EACH ROW EXECUTE FUNCTION engine_trader_notify();

CREATE TABLE signals (
    id             uuid PRIMARY KEY,
    user_id        text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    trader_id      uuid NOT NULL,
    trader         text NOT NULL DEFAULT '',
    trader_version integer NOT NULL CHECK (trader_version >= 1),
    symbol         text NOT NULL CHECK (char_length(symbol) BETWEEN 1 AND 40),
    interval       text NOT NULL CHECK (char_length(interval) BETWEEN 2 AND 4),
    bar_open_time  timestamptz NOT NULL,
    price          numeric NOT NULL CHECK (price >= 0 AND price < 'Infinity'),
    status         text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'watching', 'position_open', 'closed')),
    details        jsonb NOT NULL DEFAULT '{}',
    late           boolean NOT NULL DEFAULT false,
    exchange       text NOT NULL,
    detected_at    timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signals IS 'First matches of a symbol; kept when their trader is removed, so trader_id is no foreign key';
COMMENT ON COLUMN signals.id IS 'Derived from trader, version, symbol, interval and bar open time: written twice, stored once';
COMMENT ON COLUMN signals.trader IS 'Name of the trader when it matched';
COMMENT ON COLUMN signals.price IS 'Close of the last bar the filter saw';
COMMENT ON COLUMN signals.late IS 'Evaluated afterwards, because the engine was down, disconnected or behind';
COMMENT ON COLUMN signals.exchange IS 'Which exchange it was: sim, binance, or the host of the URL';
COMMENT ON COLUMN signals.detected_at IS 'When the engine found it, on the exchange''s clock';
CREATE INDEX signals_of_user ON signals (user_id, detected_at DESC, id DESC);
CREATE INDEX signals_as_stored ON signals (user_id, created_at, id);
CREATE INDEX signals_of_trader ON signals (trader_id, detected_at DESC);

CALL engine_protect('traders');
CALL engine_protect('signals');
