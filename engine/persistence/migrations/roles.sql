-- Applied after the migrations, each time: grants may be lost when a dump moves to another cluster.
-- A user that may not make roles goes on without: row-level security is forced on the owner as well.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'engine_app') THEN
        BEGIN
            CREATE ROLE engine_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role engine_app cannot be made by %', current_user;
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- made meanwhile by a migration of another database of this cluster
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'engine_app') THEN
        RETURN;
    END IF;
    BEGIN
        -- Since Postgres 16 the maker of a role is its member without the right to become it.
        IF NOT pg_has_role('engine_app', CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
            EXECUTE format('GRANT engine_app TO %I', current_user);
        END IF;
    EXCEPTION
        WHEN OTHERS THEN
            RAISE NOTICE 'role engine_app cannot be granted to %: %', current_user, SQLERRM;
    END;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO engine_app', current_schema());
    GRANT SELECT, INSERT, UPDATE, DELETE ON
        traders, trader_pauses, signals, analysis_history, positions, trades,
        cloud_machines, cloud_metrics, cloud_costs, cloud_events TO engine_app;
END
$$;
