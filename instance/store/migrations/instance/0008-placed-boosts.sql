-- Boosts by people of other servers that the target puts in their place before the switch. Others may be there already, for
-- residents who follow whoever boosted; giving the move up leaves those.
CREATE TABLE carried.placed_boosts (
  move bigint NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (move, id)
);

DO $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carried.placed_boosts TO %I',
    current_setting('hamlet.grantee'));
END
$$;
