CREATE TABLE cloud_machines (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        text NOT NULL UNIQUE CHECK (char_length(user_id) BETWEEN 1 AND 100),
    machine_id     text NOT NULL,
    region         text NOT NULL DEFAULT '',
    cpus           integer NOT NULL CHECK (cpus BETWEEN 1 AND 8),
    memory_mb      integer CHECK (memory_mb > 0),
    status         text NOT NULL DEFAULT 'starting'
                   CHECK (status IN ('starting', 'running', 'degraded', 'resizing', 'stopping', 'stopped', 'error')),
    version        text NOT NULL DEFAULT '',
    started_at     timestamptz,
    last_heartbeat timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE cloud_machines IS 'The one machine of a user';
COMMENT ON COLUMN cloud_machines.last_heartbeat IS 'Written every 30 s while the engine runs';
CREATE TRIGGER touch BEFORE UPDATE ON cloud_machines FOR EACH ROW EXECUTE FUNCTION engine_touch();

CREATE TABLE cloud_metrics (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    machine_id      text NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    cpu_percent     real CHECK (cpu_percent >= 0),
    memory_mb       real CHECK (memory_mb >= 0),
    workers         integer CHECK (workers >= 0),
    traders         integer CHECK (traders >= 0),
    symbols         integer CHECK (symbols >= 0),
    cycle_p50_ms    real CHECK (cycle_p50_ms >= 0),
    cycle_p99_ms    real CHECK (cycle_p99_ms >= 0),
    signals         bigint CHECK (signals >= 0),
    spooled_signals bigint CHECK (spooled_signals >= 0),
    details         jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE cloud_metrics IS 'How a machine did, sampled; kept 90 days';
CREATE INDEX cloud_metrics_of_user ON cloud_metrics (user_id, recorded_at DESC);

CREATE TABLE cloud_costs (
    user_id    text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    machine_id text NOT NULL,
    hour       timestamptz NOT NULL CHECK (hour = date_trunc('hour', hour, 'UTC')),
    cpus       integer NOT NULL CHECK (cpus BETWEEN 1 AND 8),
    seconds    integer NOT NULL CHECK (seconds BETWEEN 0 AND 3600),
    cost_usd   numeric NOT NULL CHECK (cost_usd >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, machine_id, hour, cpus)
);
COMMENT ON TABLE cloud_costs IS 'Estimated cost by hour and size of a machine';

CREATE TABLE cloud_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 100),
    machine_id text NOT NULL,
    type       text NOT NULL CHECK (type IN (
                   'started', 'stopped', 'crashed', 'resized', 'reconnected', 'degraded', 'recovered',
                   'trader_paused', 'trader_refused', 'worker_lost', 'spool_full', 'database_away', 'exchange_away')),
    severity   text NOT NULL DEFAULT 'info' CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    reason     text NOT NULL DEFAULT '',
    details    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE cloud_events IS 'What happened to a machine and why; kept 90 days';
CREATE INDEX cloud_events_of_user ON cloud_events (user_id, created_at DESC);

CREATE FUNCTION engine_month_cost(month date DEFAULT current_date) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(cost_usd), 0) FROM cloud_costs
    WHERE user_id = (SELECT engine_user_id())
      AND hour >= date_trunc('month', month::timestamp) AT TIME ZONE 'UTC'
      AND hour < (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC'
$$;
COMMENT ON FUNCTION engine_month_cost(date) IS 'Estimated cost in USD of the user''s machine in the calendar month (UTC) of a day';

CREATE FUNCTION engine_machine_status() RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN status IN ('stopped', 'stopping', 'error') THEN status
        WHEN last_heartbeat IS NULL OR last_heartbeat < now() - interval '90 seconds' THEN 'lost'
        ELSE status END
    FROM cloud_machines WHERE user_id = (SELECT engine_user_id())
$$;
COMMENT ON FUNCTION engine_machine_status() IS 'State of the user''s machine; lost after three heartbeats that did not come, null without a machine';

CREATE FUNCTION engine_prune_cloud(keep interval DEFAULT interval '90 days') RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
    more bigint;
BEGIN
    DELETE FROM cloud_events WHERE user_id = (SELECT engine_user_id()) AND created_at < now() - keep;
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM cloud_metrics WHERE user_id = (SELECT engine_user_id()) AND recorded_at < now() - keep;
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN gone + more;
END
$$;
COMMENT ON FUNCTION engine_prune_cloud(interval) IS 'Removes the user''s events and metrics that are older than their retention; returns how many';

CALL engine_protect('cloud_machines');
CALL engine_protect('cloud_metrics');
CALL engine_protect('cloud_costs');
CALL engine_protect('cloud_events');
