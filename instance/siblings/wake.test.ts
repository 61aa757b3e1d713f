import { once } from 'node:events'
import { createServer } from 'node:http'
import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { seatsAreLow, startWake } from './wake.ts'

const active = (cap: number, taken: number) => ({ state: 'Active' as const, cap, taken })

test('seats are low before they are gone, and only seats that can be given count', () => {
  expect(seatsAreLow({ instances: [active(300, 100)], waiting: 0, perInstance: 300 })).toBe(false)
  expect(seatsAreLow({ instances: [active(300, 151)], waiting: 0, perInstance: 300 })).toBe(true)
  expect(seatsAreLow({ instances: [active(3, 0)], waiting: 0, perInstance: 3 })).toBe(false)
  expect(seatsAreLow({ instances: [active(3, 2)], waiting: 0, perInstance: 3 })).toBe(true)
  const opening = { state: 'Opening' as const, cap: 300, taken: 0 }
  expect(seatsAreLow({ instances: [active(300, 300), opening], waiting: 0, perInstance: 300 })).toBe(true)
})

test('nobody waits without the operator being told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(300), fc.nat(300))),
      fc.integer({ min: 1, max: 300 }),
      (list, perInstance) =>
        seatsAreLow({ instances: list.map(([cap, taken]) => active(cap, taken)), waiting: 1, perInstance }),
    ),
  )
})

test('a crowd of sign-ups is one wake at once and one after, and a regression is one, each an empty POST', async () => {
  const operator = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(202).end(() => operator.emit('woken'))
      woken.push(`${request.method} ${request.url} ${Buffer.concat(chunks).length}`)
    })
  })
  const woken: string[] = []
  operator.listen(0, '127.0.0.1')
  await once(operator, 'listening')
  const address = operator.address()
  const port = typeof address === 'object' && address ? address.port : 0
  let taken = 0
  let regressed = false
  let changed: () => void = () => undefined
  const homes = {
    loaded: true,
    get regressed() {
      return regressed
    },
    instances: () => [{ ordinal: 1, address: '', ...active(10, taken) }],
    totals: () => ({ members: taken, waiting: 0 }),
    settings: () => ({
      title: '',
      description: '',
      registration: 'Open' as const,
      perInstance: 10,
      signUpsPerHour: 1,
      logInsPerHour: 1,
      postsPerHour: 1,
      maxInstances: 1,
    }),
    onChange: (listener: () => void) => {
      changed = listener
      return () => undefined
    },
  }
  const wakeUrl = `http://127.0.0.1:${port}/wake/default/garden`
  const wake = startWake({ homes, wakeUrl, log: pino({ level: 'silent' }) }, 30)
  for (; taken < 10; taken++) changed()
  await once(operator, 'woken')
  for (let more = 0; more < 10; more++) changed()
  await once(operator, 'woken')
  expect(woken).toEqual(['POST /wake/default/garden 0', 'POST /wake/default/garden 0'])
  // With seats enough it is told of a directory that is not to be believed, and of nothing else.
  taken = 0
  changed()
  regressed = true
  changed()
  await once(operator, 'woken')
  expect(woken).toHaveLength(3)
  wake.stop()
  operator.closeAllConnections()
  operator.close()
})
