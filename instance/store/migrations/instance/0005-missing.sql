-- How many members the directory homes here whom this database lacks: told to the operator, and brought back.
-- The code stands for just these members, so that whoever gives them up gives up nobody else.
ALTER TABLE home ADD COLUMN missing integer NOT NULL DEFAULT 0;
ALTER TABLE home ADD COLUMN missing_code text NOT NULL DEFAULT '';

DO $$
BEGIN
  EXECUTE format('GRANT UPDATE (missing, missing_code) ON home TO %I', current_setting('hamlet.grantee'));
END
$$;
