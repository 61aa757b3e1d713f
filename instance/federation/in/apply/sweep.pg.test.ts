import { expect, test } from 'vitest'
import { neighbourhood } from '../../../../test/postgres/neighbourhood.ts'
import { startIntake } from './worker.ts'

const homes = neighbourhood({ homes: 1, domain: 'garden.example', people: ['ana'] })

test('marks of what strangers took back go after a month, also those that travel with a member; hers stay', async () => {
  const { db } = homes.at(1)
  const ana = homes.person('ana')
  const [own, strange] = ['https://garden.example/users/ana', 'https://far.example/users/bob']
  const [old, young] = [31, 29].map((days) => new Date(Date.now() - days * 86_400_000))
  const marks = [
    { uri: 'hers', actor_uri: own, member_id: ana.id, created_at: old },
    { uri: 'a neighbour’s', actor_uri: 'https://garden.example/users/ben', member_id: null, created_at: old },
    { uri: 'his', actor_uri: strange, member_id: null, created_at: old },
    { uri: 'his block of her', actor_uri: strange, member_id: ana.id, created_at: old },
    { uri: 'his of late', actor_uri: strange, member_id: null, created_at: young },
    { uri: 'his block of late', actor_uri: strange, member_id: ana.id, created_at: young },
  ]
  await db.insertInto('tombstones').values(marks).execute()
  const worker = startIntake(homes.at(1), () => 0.5)
  try {
    await expect
      .poll(async () =>
        (await db.selectFrom('tombstones').select('uri').orderBy('uri').execute()).map(({ uri }) => uri),
      )
      .toEqual(['hers', 'his block of late', 'his of late'])
  } finally {
    await worker.stop()
  }
})
