-- Moves between homes. instance/prisma/directory.prisma says what the columns are for.

CREATE TABLE moves (
  id bigint PRIMARY KEY,
  member_id bigint NOT NULL,
  source integer NOT NULL,
  target integer NOT NULL,
  epoch integer NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  step text NOT NULL DEFAULT 'reserved',
  code text,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ON moves (member_id, source);
CREATE UNIQUE INDEX one_open_move ON moves (member_id) WHERE step NOT IN ('done', 'undone');

ALTER TABLE moves ADD FOREIGN KEY (member_id) REFERENCES members (id);
ALTER TABLE moves ADD FOREIGN KEY (source) REFERENCES instances (ordinal);
ALTER TABLE moves ADD FOREIGN KEY (target) REFERENCES instances (ordinal);
ALTER TABLE moves ADD CHECK (source <> target);
ALTER TABLE moves ADD CHECK (step IN ('reserved', 'subscribed', 'copied', 'quiesced', 'frozen', 'caught-up', 'verified',
                                      'switched', 'activated', 'done', 'undoing', 'undone'));

-- A member who is being moved holds two seats: their own, and one by the move, at the other instance. The switch swaps
-- the two, so it changes no count, and works also where a cap was lowered below what is taken.
CREATE FUNCTION seat_of_move(step text, source integer, target integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN step IN ('done', 'undone') THEN NULL
              WHEN step IN ('switched', 'activated') THEN source
              ELSE target END
$$;

CREATE FUNCTION count_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  held integer := CASE WHEN TG_OP <> 'INSERT' THEN public.seat_of_move(OLD.step, OLD.source, OLD.target) END;
  holds integer := CASE WHEN TG_OP <> 'DELETE' THEN public.seat_of_move(NEW.step, NEW.source, NEW.target) END;
BEGIN
  IF held IS NOT DISTINCT FROM holds THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' AND holds IS NOT NULL THEN
    -- The other half of the swap is the member's row, which was changed before in the same transaction.
    IF OLD.step = 'verified' AND NEW.step = 'switched' AND EXISTS (
      SELECT FROM public.members WHERE id = NEW.member_id AND home = NEW.target AND epoch = NEW.epoch + 1) THEN
      RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a move cannot go from % to %', OLD.step, NEW.step
      USING ERRCODE = 'check_violation', CONSTRAINT = 'steps_of_a_move';
  END IF;
  IF held IS NOT NULL THEN
    UPDATE public.instances SET taken = taken - 1 WHERE ordinal = held;
  END IF;
  IF holds IS NOT NULL THEN
    UPDATE public.instances SET taken = taken + 1 WHERE ordinal = holds AND taken < cap;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'instance % is full', holds USING ERRCODE = 'check_violation', CONSTRAINT = 'cap_of_instance';
    END IF;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_moves AFTER INSERT OR UPDATE OR DELETE ON moves
  FOR EACH ROW EXECUTE FUNCTION count_moves();

CREATE OR REPLACE FUNCTION count_seats() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.seated AND NEW.seated AND NEW.home <> OLD.home AND EXISTS (
    SELECT FROM public.moves
    WHERE member_id = NEW.id AND source = OLD.home AND target = NEW.home AND epoch = OLD.epoch AND step = 'verified') THEN
    RETURN NULL;
  END IF;
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

-- Moves are begun and walked by the operator. An instance may only give one up, when it has frozen somebody too long.
DO $$
BEGIN
  EXECUTE format('GRANT SELECT, UPDATE (step, code, changed_at) ON moves TO %I', current_setting('hamlet.grantee'));
END
$$;
REVOKE ALL ON FUNCTION count_moves() FROM PUBLIC;
