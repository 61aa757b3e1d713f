// Deleting a Community keeps everything under Retain, and leaves nothing under Delete.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { held } from '../cluster/install/community.ts'
import { closeVisitors, visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet, member, PASSWORD, post } from './hamlet.ts'

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
})
afterAll(async () => {
  await h?.remove('brook')
  await closeVisitors()
})

const KINDS = 'community,instance,deployment,service,ingress,secret,networkpolicy,configmap,pod'

/** Everything in the namespaces that bears the community's label or name. */
async function traces(): Promise<string[]> {
  const named = await h.kubectl(['get', KINDS, '--output', 'name'])
  const claims = await h.kubectl(['get', 'configmap', '--namespace', 'hamlet', '--output', 'json'])
  const found = named.split('\n').filter((line) => /\/brook(-|$)/.test(line))
  if (claims.includes('brook.localhost')) found.push('claim of brook.localhost')
  return found
}

/** The databases of the bundled PostgreSQL, each a folder. Roles go in the same step, which the crash tests look at. */
async function databases(): Promise<string[]> {
  const list = ['exec', '--namespace', 'hamlet', 'hamlet-postgres-0', '--', 'ls', '/data/pgdata/base']
  return (await h.kubectl(list)).split('\n').filter((name) => /^[0-9]+$/.test(name))
}

test('under Retain the members are there again when the Community is', async () => {
  await h.apply('brook')
  await h.ready('brook')
  const uma = await member(h.site('brook'), 'uma')
  await post(uma, 'Water under the bridge')

  // In the foreground: it is gone once all that it owned is.
  await h.kubectl(['delete', 'community', 'brook', '--cascade=foreground', '--timeout', '120s'])
  await until('the pods to end', 60, async () => {
    const pods = await h.kubectl([
      'get',
      'pods',
      '--selector',
      'hamlet.coop/community=brook',
      '--output',
      'name',
    ])
    return pods === ''
  })
  await h.apply('brook')
  await h.ready('brook')
  const again = visitor(h.site('brook'))
  const home = await again.submit(await again.get('/log-in'), '/log-in', {
    handle: 'uma',
    password: PASSWORD,
  })
  expect(home.path).toBe('/home')
  expect((await again.get('/@uma')).html.text).toContain('Water under the bridge')
})

test('Delete asks for the domain as confirmation, and then leaves no trace', async () => {
  await h.apply('brook', { deletionPolicy: 'Delete' })
  await h.kubectl(['wait', 'community', 'brook', held, '--timeout', '60s'])
  const before = await databases()
  await h.kubectl(['delete', 'community', 'brook', '--wait=false'])
  const waiting = await until('the deletion to be held', 60, async () => {
    const text = JSON.stringify((await h.read('brook'))?.status?.conditions ?? [])
    return text.includes('confirm-delete') ? text : undefined
  })
  expect(waiting).toContain('brook.localhost')
  await h.kubectl(['annotate', 'community', 'brook', 'hamlet.coop/confirm-delete=brook.localhost'])
  await until('every trace to go', 120, async () => (await traces()).length === 0)
  // A directory and the one instance.
  expect(before.length - (await databases()).length).toBe(2)
  // The name and the domain are free again, for an empty community.
  await h.apply('brook')
  await h.ready('brook')
  expect((await visitor(h.site('brook')).get('/@uma')).status).toBe(404)
})
