// From a Community to people in it; what kubectl tells; what is refused.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet, member, post, shows } from './hamlet.ts'

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('meadow')
  await h.ready('meadow')
})
afterAll(async () => {
  await h?.remove('meadow')
  await closeVisitors()
})

test('the organiser comes by the invitation, writes, and strangers read it', async () => {
  const link = await h.invitation('meadow')
  const ana = await member(h.site('meadow'), 'ana', link)
  const home = await post(ana, 'Hello from the meadow')
  expect(home.status).toBe(200)
  await shows(ana, '/home', 'Hello from the meadow')
  await shows(ana, '/local', 'Hello from the meadow')

  const anybody = visitor(h.site('meadow'))
  const profile = await anybody.get('/@ana')
  expect(profile.status).toBe(200)
  expect(profile.html.text).toContain('Hello from the meadow')
  const actor = await anybody.get('/users/ana', { accept: 'application/activity+json' })
  expect(JSON.parse(actor.body)).toMatchObject({ type: 'Person', id: 'https://meadow.localhost/users/ana' })
  const used = await anybody.get(link)
  expect(used.html.querySelector('form[action="/sign-up"]')).toBeNull()

  await until('the invitation to go once it was used', 30, async () => {
    const secret = await h.kubectl([
      'get',
      'secret',
      'meadow-invitation',
      '--ignore-not-found',
      '--output',
      'name',
    ])
    return secret === ''
  })
})

test('log out and in again, and a wrong password is told as such', async () => {
  const ben = await member(h.site('meadow'), 'ben')
  await ben.submit(await ben.get('/settings/profile'), '/log-out')
  const form = await ben.get('/log-in')
  const wrong = await ben.submit(form, '/log-in', { handle: 'ben', password: 'not this one at all' })
  expect(wrong.status).toBeGreaterThanOrEqual(400)
  const right = await ben.submit(form, '/log-in', { handle: 'ben', password: 'correct horse battery staple' })
  expect(right.path).toBe('/home')
})

test('kubectl tells the truth', async () => {
  const table = await h.kubectl(['get', 'communities,instances'])
  for (const word of [
    'DOMAIN',
    'MEMBERS',
    'FREE',
    'INSTANCES',
    'READY',
    'AGE',
    'meadow.localhost',
    'meadow-1',
  ]) {
    expect(table).toContain(word)
  }
  await h.kubectl(['wait', '--for=condition=Ready', 'community/meadow', '--timeout', '10s'])
  expect(await h.kubectl(['explain', 'community.spec.seats.perInstance'])).toMatch(/300/)
  const described = await h.kubectl(['describe', 'community', 'meadow'])
  expect(described).toContain('Conditions')
  const counted = await until('status to count the members', 40, async () => {
    const found = await h.read('meadow')
    return (found?.status?.members ?? 0) >= 2 ? found : undefined
  })
  expect(counted.status?.seats).toBe(300)
  expect(counted.status?.free).toBe(300 - (counted.status?.members ?? 0))
})

const refused: [string, string, object, RegExp][] = [
  ['a cap above 300', 'wrong', { seats: { perInstance: 301 } }, /perInstance.*300/s],
  ['a domain with a scheme', 'wrong', { domain: 'https://wrong.localhost' }, /domain/],
  ['a domain without a dot', 'wrong', { domain: 'wrong' }, /domain/],
  ['a name that ends like an instance', 'wrong-1', {}, /name/],
  ['External without a Secret', 'wrong', { database: { mode: 'External' } }, /secretName/],
]
test.each(refused)(
  '%s is refused by the API server, which names the field and the remedy',
  async (_what, name, spec, says) => {
    await expect(h.apply(name, spec)).rejects.toThrow(says)
  },
)

test('a changed domain is refused', async () => {
  await expect(h.apply('meadow', { domain: 'other.localhost' })).rejects.toThrow(/domain/)
})

test('a taken domain and an unknown Secret are told in condition and Event, and harm nobody', async () => {
  const condition = (name: string, type: string) =>
    until(`${name} to say ${type}`, 60, async () => {
      const found = (await h.read(name))?.status?.conditions?.find((one) => one.type === type)
      return found?.status === 'False' ? found : undefined
    })
  await h.apply('thief', { domain: 'meadow.localhost' })
  await h.apply('lost', { database: { mode: 'External', secretName: 'nowhere' } })
  try {
    const taken = await condition('thief', 'Ready')
    expect(taken.reason).toBe('DomainTaken')
    expect(taken.message).toContain('default/meadow')
    const unknown = await condition('lost', 'Ready')
    expect(unknown.message).toContain('nowhere')
    for (const name of ['thief', 'lost']) {
      await until(`an Event about ${name}`, 30, async () => {
        const events = await h.kubectl([
          'get',
          'events',
          '--field-selector',
          `involvedObject.name=${name}`,
          '--output',
          'name',
        ])
        return events !== ''
      })
    }
    await h.ready('meadow')
    expect((await visitor(h.site('meadow')).get('/')).status).toBe(200)
  } finally {
    await h.remove('thief')
    await h.remove('lost')
  }
  expect((await visitor(h.site('meadow')).get('/@ana')).status).toBe(200)
})
