-- Instances that are emptied and then go. instance/prisma/directory.prisma says what the columns are for.

ALTER TABLE instances ADD COLUMN drained_for text;
ALTER TABLE instances ADD COLUMN state_since timestamptz NOT NULL DEFAULT now();
ALTER TABLE instances ADD CHECK (drained_for IN ('Asked', 'Fewer'));
ALTER TABLE instances ADD CHECK (drained_for IS NULL OR state IN ('Draining', 'Retired'));
-- Whatever is asked, nobody has a seat where there is no home any more.
ALTER TABLE instances ADD CONSTRAINT retired_when_empty CHECK (state <> 'Retired' OR taken = 0);

CREATE FUNCTION instance_takes_members(instance integer) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM public.instances WHERE ordinal = instance AND state IN ('Draining', 'Retired')) THEN
    RAISE EXCEPTION 'instance % takes nobody in', instance
      USING ERRCODE = 'check_violation', CONSTRAINT = 'instance_takes_members';
  END IF;
END
$$;

-- Seats of sign-ups and of moves. What a home had already, and is registered anew after a restore, is no newcomer.
CREATE FUNCTION refuse_newcomers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.instance_takes_members(NEW.home);
  RETURN NEW;
END
$$;
CREATE FUNCTION refuse_arrivals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.instance_takes_members(NEW.target);
  RETURN NEW;
END
$$;

CREATE TRIGGER refuse_newcomers BEFORE INSERT ON members
  FOR EACH ROW WHEN (NEW.state = 'pending') EXECUTE FUNCTION refuse_newcomers();
CREATE TRIGGER refuse_arrivals BEFORE INSERT ON moves
  FOR EACH ROW EXECUTE FUNCTION refuse_arrivals();

REVOKE ALL ON FUNCTION instance_takes_members(integer), refuse_newcomers(), refuse_arrivals() FROM PUBLIC;
