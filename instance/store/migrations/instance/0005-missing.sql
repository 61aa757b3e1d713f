-- How many members the directory homes here whom this database lacks: told to the operator, and brought back.
ALTER TABLE home ADD COLUMN missing integer NOT NULL DEFAULT 0;

DO $$
BEGIN
  EXECUTE format('GRANT UPDATE (missing) ON home TO %I', current_setting('hamlet.grantee'));
END
$$;
