-- What each home counts of its own for the community's totals, so that any pod can tell them with that home down.
CREATE TABLE figures (
  ordinal integer PRIMARY KEY,
  posts bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE grp text := current_setting('hamlet.grantee');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON figures TO %I', grp);
END
$$;
