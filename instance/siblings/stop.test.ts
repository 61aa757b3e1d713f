import { pino } from 'pino'
import { expect, test } from 'vitest'
import { makeLifecycle } from './lifecycle.ts'
import { stopGracefully } from './stop.ts'

const log = pino({ level: 'silent' })

test('requests end before the pools they use, and a part that fails or hangs holds nobody up', async () => {
  const lifecycle = makeLifecycle()
  const order: string[] = []
  const step = (name: string) => async () => {
    expect(lifecycle.stopping).toBe(true)
    order.push(name)
  }
  await stopGracefully(
    {
      lifecycle,
      servers: [{ close: step('server') }, { close: () => new Promise(() => undefined) }],
      workers: [{ stop: step('worker') }, { stop: () => Promise.reject(new Error('broken')) }],
      pools: [step('pool')],
      log,
    },
    { noticeMs: 0, finishMs: 20 },
  )
  expect(order).toEqual(['worker', 'server', 'pool'])
})
