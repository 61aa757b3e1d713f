-- What else the target puts in its place before the switch, so that little is left for the switch itself.
-- The people whom the member's rows name, where nobody here knew them; giving the move up takes them away again.
CREATE TABLE carried.placed_accounts (
  move bigint NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (move, id)
);

-- Followers from other servers.
CREATE TABLE carried.placed_follows (
  move bigint NOT NULL,
  follower_id bigint NOT NULL,
  PRIMARY KEY (move, follower_id)
);

-- What comes from its author is looked for among what was placed.
CREATE INDEX ON carried.placed (id);

-- Deliveries are numbered anew at every home, and found by what they deliver and where.
CREATE INDEX ON carried.deliveries (move, outbox_id);
-- Forgetting somebody looks for what members were told of them.
CREATE INDEX ON notifications (account_id);

DO $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carried.placed_accounts, carried.placed_follows TO %I',
    current_setting('hamlet.grantee'));
END
$$;
