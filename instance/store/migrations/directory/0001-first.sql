-- A community's directory. instance/prisma/directory.prisma says what each table is for.
-- Run as a member of the NOLOGIN role that owns everything; the community's instances share one role with only DML,
-- by the group role named in the setting hamlet.grantee.

CREATE TABLE meta (
  one boolean DEFAULT true PRIMARY KEY CHECK (one),
  domain text NOT NULL,
  prefix text NOT NULL,
  incarnation integer NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT 1,
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settings (
  one boolean DEFAULT true PRIMARY KEY CHECK (one),
  title text NOT NULL,
  description text NOT NULL DEFAULT '',
  registration text NOT NULL,
  per_instance integer NOT NULL,
  sign_ups_per_hour integer NOT NULL,
  log_ins_per_hour integer NOT NULL,
  posts_per_hour integer NOT NULL,
  max_instances integer NOT NULL
);

CREATE TABLE instances (
  ordinal integer PRIMARY KEY,
  cap integer NOT NULL,
  taken integer NOT NULL DEFAULT 0,
  state text NOT NULL,
  address text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE members (
  id bigint PRIMARY KEY,
  handle text NOT NULL UNIQUE,
  home integer NOT NULL,
  epoch integer NOT NULL DEFAULT 1,
  state text NOT NULL,
  role text NOT NULL DEFAULT 'member',
  seated boolean NOT NULL DEFAULT true,
  signup_token text UNIQUE,
  invite_hash bytea,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz
);

CREATE TABLE waiting (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  handle text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  display_name text NOT NULL DEFAULT '',
  role text NOT NULL DEFAULT 'member',
  invite_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE invites (
  hash bytea PRIMARY KEY,
  role text NOT NULL DEFAULT 'member',
  created_by bigint,
  uses_left integer NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE password_resets (
  hash bytea PRIMARY KEY,
  member_id bigint NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE actor_keys (
  position integer PRIMARY KEY,
  algorithm text NOT NULL,
  private_jwk jsonb NOT NULL,
  public_jwk jsonb NOT NULL
);

CREATE TABLE rate_limits (
  bucket text PRIMARY KEY,
  count integer NOT NULL,
  ends_at timestamptz NOT NULL
);

CREATE INDEX ON members (home, state);

-- Ids of members are made here: as an instance's ids, with ordinal 0, which no instance has.
CREATE SEQUENCE id_sequence AS integer MINVALUE 0 MAXVALUE 1023 CYCLE CACHE 1;

CREATE FUNCTION next_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint << 21) | nextval('id_sequence')
$$;

ALTER TABLE members ADD FOREIGN KEY (home) REFERENCES instances (ordinal);
ALTER TABLE members ADD CHECK (state IN ('pending', 'active', 'deleted'));
ALTER TABLE members ADD CHECK (role IN ('member', 'moderator', 'organiser'));
ALTER TABLE members ADD CHECK (seated OR state = 'deleted');
ALTER TABLE instances ADD CHECK (state IN ('Opening', 'Active', 'Draining', 'Retired'));
ALTER TABLE instances ADD CHECK (cap BETWEEN 0 AND 300);
ALTER TABLE instances ADD CHECK (ordinal BETWEEN 1 AND 1023);
ALTER TABLE instances ADD CHECK (taken >= 0);
ALTER TABLE settings ADD CHECK (registration IN ('Open', 'Invite', 'Closed'));
ALTER TABLE settings ADD CHECK (per_instance BETWEEN 1 AND 300);

-- Seats are counted by the database. Only taking one is held against the cap, so that a lowered cap evicts nobody.
CREATE FUNCTION count_seats() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.seated
     AND (TG_OP = 'DELETE' OR NOT NEW.seated OR NEW.home <> OLD.home) THEN
    UPDATE public.instances SET taken = taken - 1 WHERE ordinal = OLD.home;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.seated
     AND (TG_OP = 'INSERT' OR NOT OLD.seated OR NEW.home <> OLD.home) THEN
    UPDATE public.instances SET taken = taken + 1 WHERE ordinal = NEW.home AND taken < cap;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'instance % is full', NEW.home USING ERRCODE = 'check_violation', CONSTRAINT = 'cap_of_instance';
    END IF;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_seats AFTER INSERT OR UPDATE OR DELETE ON members
  FOR EACH ROW EXECUTE FUNCTION count_seats();

-- Instances never change what the operator decides: caps, states and addresses of instances, and the settings.
DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', grp);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', grp);
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON instances, settings, actor_keys FROM %I', grp);
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON meta FROM %I', grp);
  EXECUTE format('GRANT UPDATE (revision) ON meta TO %I', grp);
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', grp);
END
$$;
REVOKE ALL ON FUNCTION count_seats() FROM PUBLIC;
