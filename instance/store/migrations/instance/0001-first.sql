-- The tables of one home. instance/prisma/schema.prisma says what each is for.
-- Run as a member of the NOLOGIN role that owns everything; the instance's own role has only DML, by the group role
-- named in the setting hamlet.grantee (no TRUNCATE, which would go round the trigger that counts residents).

CREATE TABLE identity (
  one boolean DEFAULT true PRIMARY KEY CHECK (one),
  domain text NOT NULL,
  prefix text NOT NULL,
  ordinal integer NOT NULL
);

CREATE TABLE home (
  one boolean DEFAULT true PRIMARY KEY CHECK (one),
  cap integer NOT NULL,
  residents integer NOT NULL DEFAULT 0,
  high_water integer NOT NULL DEFAULT 0,
  directory_incarnation integer NOT NULL DEFAULT 0,
  directory_revision bigint NOT NULL DEFAULT 0
);

CREATE TABLE boots (
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  uri text NOT NULL UNIQUE,
  handle text NOT NULL,
  domain text,
  display_name text NOT NULL DEFAULT '',
  bio_html text NOT NULL DEFAULT '',
  url text NOT NULL,
  inbox text NOT NULL,
  shared_inbox text,
  followers_uri text,
  avatar_url text,
  locked boolean NOT NULL DEFAULT false,
  bot boolean NOT NULL DEFAULT false,
  actor_json text,
  fetched_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE members (
  id bigint PRIMARY KEY,
  handle text NOT NULL UNIQUE,
  state text NOT NULL,
  epoch integer NOT NULL DEFAULT 1,
  role text NOT NULL DEFAULT 'member',
  password_hash text NOT NULL,
  bio_text text NOT NULL DEFAULT '',
  locked boolean NOT NULL DEFAULT false,
  signup_token text UNIQUE,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz
);

CREATE TABLE member_keys (
  member_id bigint NOT NULL,
  position integer NOT NULL,
  algorithm text NOT NULL,
  private_jwk jsonb NOT NULL,
  public_jwk jsonb NOT NULL,
  PRIMARY KEY (member_id, position)
);

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  member_id bigint NOT NULL,
  csrf text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  user_agent text NOT NULL DEFAULT ''
);

CREATE TABLE media (
  member_id bigint NOT NULL,
  sha256 text NOT NULL,
  content_type text NOT NULL,
  bytes bytea NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (member_id, sha256)
);

CREATE TABLE posts (
  id bigint PRIMARY KEY,
  uri text NOT NULL UNIQUE,
  url text NOT NULL,
  account_id bigint NOT NULL,
  visibility text NOT NULL,
  instance integer,
  content_html text NOT NULL,
  content_text text,
  summary text NOT NULL DEFAULT '',
  sensitive boolean NOT NULL DEFAULT false,
  language text,
  in_reply_to_uri text,
  in_reply_to_id bigint,
  in_reply_to_account_id bigint,
  object_json text,
  published_at timestamptz NOT NULL,
  edited_at timestamptz,
  received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mentions (
  post_id bigint NOT NULL,
  account_id bigint NOT NULL,
  PRIMARY KEY (post_id, account_id)
);

CREATE TABLE follows (
  follower_id bigint NOT NULL,
  followee_id bigint NOT NULL,
  state text NOT NULL,
  activity_uri text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (follower_id, followee_id)
);

CREATE TABLE likes (
  account_id bigint NOT NULL,
  post_id bigint NOT NULL,
  activity_uri text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, post_id)
);

CREATE TABLE boosts (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  post_id bigint NOT NULL,
  visibility text NOT NULL,
  activity_uri text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, post_id)
);

CREATE TABLE notifications (
  id bigint PRIMARY KEY,
  member_id bigint NOT NULL,
  kind text NOT NULL,
  account_id bigint,
  post_id bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at timestamptz,
  UNIQUE NULLS NOT DISTINCT (member_id, kind, account_id, post_id)
);

CREATE TABLE tombstones (
  uri text PRIMARY KEY,
  actor_uri text NOT NULL,
  member_id bigint,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE intake (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  activity_uri text NOT NULL,
  actor_uri text NOT NULL,
  recipient text,
  body jsonb NOT NULL,
  from_sibling integer,
  sibling_seq bigint,
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  lease uuid,
  last_error text,
  dead_at timestamptz,
  received_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (from_sibling, sibling_seq)
);

CREATE TABLE spool (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ordinal integer NOT NULL,
  activity_uri text NOT NULL,
  actor_uri text NOT NULL,
  recipient text,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE outbox (
  id bigint PRIMARY KEY,
  member_id bigint NOT NULL,
  activity_uri text NOT NULL UNIQUE,
  ordering_key text NOT NULL,
  activity jsonb NOT NULL,
  signed text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  outbox_id bigint NOT NULL,
  member_id bigint NOT NULL,
  ordering_key text NOT NULL,
  inbox text NOT NULL,
  host text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  lease uuid,
  last_error text,
  dead_at timestamptz,
  UNIQUE (outbox_id, inbox)
);

CREATE TABLE hosts (
  host text PRIMARY KEY,
  signature_form text,
  failures integer NOT NULL DEFAULT 0,
  open_until timestamptz
);

CREATE TABLE kv (
  key text PRIMARY KEY,
  value jsonb NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX ON accounts (handle, domain);
CREATE INDEX ON sessions (member_id);
CREATE INDEX ON posts (account_id, id DESC);
CREATE INDEX ON posts (in_reply_to_uri);
CREATE INDEX ON mentions (account_id, post_id DESC);
CREATE INDEX ON follows (followee_id, state);
CREATE INDEX ON follows (activity_uri);
CREATE INDEX ON likes (post_id);
CREATE INDEX ON likes (activity_uri);
CREATE INDEX ON boosts (post_id);
CREATE INDEX ON boosts (activity_uri);
CREATE INDEX ON notifications (member_id, id DESC);
CREATE INDEX ON tombstones (member_id);
CREATE INDEX ON intake (next_at);
CREATE INDEX ON spool (ordinal, seq);
CREATE INDEX ON outbox (member_id);
CREATE INDEX ON deliveries (next_at);
CREATE INDEX ON deliveries (ordering_key, inbox, outbox_id);
CREATE INDEX ON kv (expires_at);

-- Ids: 42 bits of milliseconds, 1 bit "remote", 10 bits of ordinal, 10 bits of a sequence.
-- The sequence is the database's, so two processes of one instance never make the same id.
CREATE SEQUENCE id_sequence AS integer MINVALUE 0 MAXVALUE 1023 CYCLE CACHE 1;

CREATE FUNCTION next_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint << 21)
       | ((SELECT ordinal FROM identity)::bigint << 10)
       | nextval('id_sequence')
$$;

ALTER TABLE posts ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE members ADD FOREIGN KEY (id) REFERENCES accounts (id);
ALTER TABLE member_keys ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE sessions ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE media ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE mentions ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;
ALTER TABLE mentions ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE follows ADD FOREIGN KEY (follower_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE follows ADD FOREIGN KEY (followee_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE likes ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE likes ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;
ALTER TABLE boosts ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE boosts ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;
ALTER TABLE notifications ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE notifications ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;
ALTER TABLE notifications ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE outbox ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE deliveries ADD FOREIGN KEY (outbox_id) REFERENCES outbox (id) ON DELETE CASCADE;

ALTER TABLE members ADD CHECK (state IN ('pending', 'active', 'suspended', 'frozen', 'staged', 'leaving'));
ALTER TABLE members ADD CHECK (role IN ('member', 'moderator', 'organiser'));
ALTER TABLE posts ADD CHECK (visibility IN ('public', 'unlisted', 'followers', 'direct', 'instance'));
ALTER TABLE posts ADD CHECK ((visibility = 'instance') = (instance IS NOT NULL));
ALTER TABLE follows ADD CHECK (state IN ('pending', 'accepted'));

-- The cap, enforced in the database: whatever inserts a resident, the counter moves, and the CHECK refuses one too many.
ALTER TABLE home ADD CONSTRAINT cap_of_this_instance CHECK (residents <= cap);
ALTER TABLE home ADD CHECK (cap BETWEEN 1 AND 300);
ALTER TABLE home ADD CHECK (residents >= 0);

CREATE FUNCTION count_residents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE public.home SET residents = residents + 1, high_water = greatest(high_water, residents + 1);
  ELSE
    UPDATE public.home SET residents = residents - 1;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_residents AFTER INSERT OR DELETE ON members
  FOR EACH ROW EXECUTE FUNCTION count_residents();

-- The instance's role reads the counters and notes which directory it saw; it can change neither cap nor count.
DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', grp);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', grp);
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON home, identity FROM %I', grp);
  EXECUTE format('GRANT UPDATE (directory_incarnation, directory_revision) ON home TO %I', grp);
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', grp);
END
$$;
REVOKE ALL ON FUNCTION count_residents() FROM PUBLIC;
