-- What members wish about where they live, and what Rebalances were for. directory.prisma says what the columns are for.

CREATE TABLE wishes (
  member_id bigint PRIMARY KEY,
  pinned boolean NOT NULL DEFAULT false,
  wants_move boolean NOT NULL DEFAULT false,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE together (
  member_id bigint NOT NULL,
  with_id bigint NOT NULL,
  PRIMARY KEY (member_id, with_id)
);

CREATE TABLE rebalances (
  id text PRIMARY KEY,
  reason text NOT NULL,
  kept_before integer,
  kept_after integer
);

ALTER TABLE wishes ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE wishes ADD CHECK (NOT (pinned AND wants_move));
ALTER TABLE together ADD FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE together ADD FOREIGN KEY (with_id) REFERENCES members (id) ON DELETE CASCADE;
ALTER TABLE together ADD CHECK (member_id <> with_id);
ALTER TABLE rebalances ADD CHECK (kept_before BETWEEN 0 AND 100);
ALTER TABLE rebalances ADD CHECK (kept_after BETWEEN 0 AND 100);

-- Wishes are the members' own, written by their homes. What a Rebalance is for, the operator says.
DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON wishes, together TO %I', grp);
  EXECUTE format('GRANT SELECT ON rebalances TO %I', grp);
END
$$;
