-- Traders that the engine stopped. Apart from `traders`, where every change makes a new version, and a pause is none.
CREATE TABLE trader_pauses (
    trader_id uuid PRIMARY KEY REFERENCES traders (id) ON DELETE CASCADE,
    user_id   text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    version   integer NOT NULL CHECK (version >= 1),
    kind      text NOT NULL CHECK (kind IN ('strikes', 'killed', 'flood', 'breaker')),
    reason    text NOT NULL DEFAULT '',
    since     timestamptz NOT NULL
);
COMMENT ON TABLE trader_pauses IS 'Why a trader was stopped by the engine; removing the row resumes it';
COMMENT ON COLUMN trader_pauses.version IS 'A newer version of the trader runs in spite of it, unless the kind is breaker';

CREATE FUNCTION engine_pause_notify() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('engine_traders', coalesce(NEW.trader_id, OLD.trader_id)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON trader_pauses FOR EACH ROW EXECUTE FUNCTION engine_pause_notify();

CALL engine_protect('trader_pauses');
