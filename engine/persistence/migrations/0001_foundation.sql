-- What all tables need: who asks, and the marks that rows carry.

CREATE FUNCTION engine_user_id() RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text;
BEGIN
    IF EXISTS (
        SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'auth' AND p.proname = 'uid' AND p.pronargs = 0
          AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
    ) THEN
        EXECUTE 'SELECT auth.uid()::text' INTO found;
    END IF;
    RETURN coalesce(found, nullif(current_setting('engine.user_id', true), ''));
END
$$;
COMMENT ON FUNCTION engine_user_id() IS
    'The user a session works for: auth.uid() where a platform provides it and someone is signed in, else the setting engine.user_id';

CREATE FUNCTION engine_touch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION engine_touch() IS 'Keeps updated_at';

-- Every table with a user_id gets the same policy by this procedure, so that none is forgotten or differs.
CREATE PROCEDURE engine_protect(relation regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format(
        'CREATE POLICY own_rows ON %s USING (user_id = (SELECT engine_user_id())) WITH CHECK (user_id = (SELECT engine_user_id()))',
        relation);
END
$$;
COMMENT ON PROCEDURE engine_protect(regclass) IS 'A user sees and writes only rows with its own user_id; binds the owner of the table too';
