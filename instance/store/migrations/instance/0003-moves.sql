-- Moving members between homes. instance/prisma/schema.prisma says what moves and post_aliases are for.

CREATE TABLE moves (
  id bigint PRIMARY KEY,
  side text NOT NULL,
  member_id bigint NOT NULL,
  other integer NOT NULL,
  epoch integer NOT NULL,
  attempt integer NOT NULL,
  state text NOT NULL,
  was text,
  run uuid,
  progress jsonb,
  added_account boolean NOT NULL DEFAULT false,
  frozen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE post_aliases (
  member_id bigint NOT NULL,
  old_id bigint NOT NULL,
  post_id bigint NOT NULL,
  PRIMARY KEY (member_id, old_id)
);

CREATE INDEX ON moves (member_id);
CREATE INDEX moves_from_here ON moves (id) WHERE side = 'source' AND state IN ('logging', 'quiet', 'frozen');

ALTER TABLE moves ADD CHECK (side IN ('source', 'target'));
ALTER TABLE moves ADD CHECK (CASE side
  WHEN 'source' THEN state IN ('logging', 'quiet', 'frozen', 'demoted', 'undone')
  ELSE state IN ('staging', 'copied', 'sealed', 'active', 'undone') END);
ALTER TABLE post_aliases ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE post_aliases ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;

-- A twin of every table whose rows travel. At the target it holds the staged copy, where nothing that looks for posts
-- or people finds it; at the source, after the move, the kept one.
CREATE SCHEMA carried;

-- What changed at the source while a member is copied: keys only, of everybody's rows, for whose they are is asked when
-- they are read. `xid` tells whether a snapshot has seen the change; times and numbers miss what commits late.
CREATE TABLE carried.changes (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  in_table text NOT NULL,
  key text[] NOT NULL
);

-- The member's own posts that the target has put into its posts before the switch, as it may have any neighbour's: ten
-- thousand of them at the switch itself would keep the member waiting. Giving the move up takes them away again.
CREATE TABLE carried.placed (
  move bigint NOT NULL,
  id bigint NOT NULL,
  -- It was here as a neighbour's, and got only what a home keeps besides.
  filled boolean NOT NULL,
  PRIMARY KEY (move, id)
);

DO $$
DECLARE
  twin record;
  new_key text;
  old_key text;
BEGIN
  FOR twin IN SELECT * FROM (VALUES
    ('accounts', '{id}'::text[]), ('members', '{id}'), ('member_keys', '{member_id,position}'),
    ('sessions', '{token_hash}'), ('media', '{member_id,sha256}'), ('posts', '{id}'),
    ('post_tags', '{post_id,tag}'), ('mentions', '{post_id,account_id}'), ('follows', '{follower_id,followee_id}'), ('likes', '{account_id,post_id}'),
    ('boosts', '{id}'), ('notifications', '{id}'), ('tombstones', '{uri}'), ('outbox', '{id}'), ('deliveries', '{id}'),
    ('kv', '{key}'), ('post_aliases', '{member_id,old_id}')) AS twins (name, key)
  LOOP
    EXECUTE format('CREATE TABLE carried.%I (move bigint NOT NULL, LIKE public.%I, PRIMARY KEY (move, %s))',
      twin.name, twin.name, (SELECT string_agg(quote_ident(k), ', ') FROM unnest(twin.key) AS k));
    SELECT string_agg(format('NEW.%I::text', k), ', '), string_agg(format('OLD.%I::text', k), ', ')
      INTO new_key, old_key FROM unnest(twin.key) AS k;
    EXECUTE format($f$
      CREATE FUNCTION carried.note_%1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN
        IF EXISTS (SELECT FROM public.moves WHERE side = 'source' AND state IN ('logging', 'quiet', 'frozen')) THEN
          IF TG_OP <> 'INSERT' THEN
            INSERT INTO carried.changes (in_table, key) VALUES (%2$L, ARRAY[%4$s]);
          END IF;
          IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND ARRAY[%3$s] <> ARRAY[%4$s]) THEN
            INSERT INTO carried.changes (in_table, key) VALUES (%2$L, ARRAY[%3$s]);
          END IF;
        END IF;
        RETURN NULL;
      END
      $body$;
      CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON public.%1$I
        FOR EACH ROW EXECUTE FUNCTION carried.note_%1$s();
    $f$, twin.name, twin.name, new_key, old_key);
  END LOOP;
END
$$;

DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.moves, public.post_aliases TO %I', grp);
  EXECUTE format('GRANT USAGE ON SCHEMA carried TO %I', grp);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA carried TO %I', grp);
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA carried TO %I', grp);
END
$$;
