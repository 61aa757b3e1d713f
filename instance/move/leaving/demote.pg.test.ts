import { expect, test } from 'vitest'
import { runAt } from '../../../test/postgres/databases.ts'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'

const homes = neighbourhood({ homes: 2, people: ['ana'] })

test('letting go of somebody with very much may take longer than a request may', async () => {
  // Nothing here takes as long: what is asked for is looked at instead.
  await runAt(
    homes.community.adminUrls.homes.get(1) ?? '',
    `CREATE FUNCTION takes_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('statement_timeout')::interval < '1 minute' THEN
        RAISE EXCEPTION 'canceling statement due to statement timeout';
      END IF;
      RETURN OLD;
    END $$;
    CREATE TRIGGER takes_long BEFORE DELETE ON members FOR EACH ROW EXECUTE FUNCTION takes_long()`,
  )
  expect(await homes.mover.move(homes.person('ana').id, 2)).toEqual({ is: 'done' })
})
