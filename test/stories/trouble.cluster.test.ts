// What goes wrong in a cluster is told where an operator looks, with the remedy; it harms nobody else, and passes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet } from './hamlet.ts'

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('heath')
  await h.ready('heath')
})
afterAll(async () => {
  await h?.kubectl(['delete', 'resourcequota', 'no-more-pods', '--ignore-not-found'])
  await h?.remove('fen')
  await h?.remove('heath')
  await closeVisitors()
})

const page = async (name: string) => (await visitor(h.site(name)).get('/')).status

/** Waits until a condition of a Community has this reason. */
const told = (name: string, reason: string) =>
  until(`${name} to say ${reason}`, 90, async () =>
    (await h.read(name))?.status?.conditions?.find((one) => one.reason === reason),
  )

/** Waits until an Event about a Community or an Instance has this reason. */
const announced = (name: string, reason: string) =>
  until(`an Event ${reason} about ${name}`, 60, async () => {
    const fields = `involvedObject.name=${name},reason=${reason}`
    return (await h.kubectl(['get', 'events', '--field-selector', fields, '--output', 'name'])) !== ''
  })

test('a quota that lets no pod in is named, and once it is gone the community serves', async () => {
  await h.kubectl(['create', 'quota', 'no-more-pods', '--hard=pods=0'])
  await h.apply('fen')
  const { message } = await told('fen', 'QuotaExceeded')
  expect(message).toContain('no-more-pods')
  expect(message).toContain('spec.resources')
  await announced('fen', 'QuotaExceeded')
  expect(await page('heath')).toBe(200)
  // 404 would make other servers forget who lives there.
  await until('the ingress to know of it', 30, async () => (await page('fen')) === 503)

  await h.kubectl(['delete', 'resourcequota', 'no-more-pods'])
  await h.ready('fen')
  expect(await page('fen')).toBe(200)
})

test('an image that cannot be had is named, while the pods before it go on serving', async () => {
  const pods = () => h.kubectl(['get', 'pods', '--selector', 'hamlet.coop/community', '--output', 'yaml'])
  try {
    // Communities of other tests may be there, whose turn would come first.
    await h.install({ instanceImage: 'localhost/hamlet:never-made', 'rollouts.communities': 50 })
    const { message } = await told('heath', 'ImageUnavailable')
    expect(message).toContain('image')
    // Two at once, more than may begin when the setting is the usual one again: neither must wait for the other.
    await told('fen', 'ImageUnavailable')
    await announced('heath', 'ImageUnavailable')
    const conditions = (await h.read('heath'))?.status?.conditions
    expect(conditions?.find(({ type }) => type === 'Available')?.status).toBe('True')
    expect(await page('heath')).toBe(200)
  } finally {
    await h.install()
  }
  await h.ready('heath')
  expect(await page('heath')).toBe(200)
  await until('the pods that never ran to go', 60, async () => !(await pods()).includes('never-made'))
})
