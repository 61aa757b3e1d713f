// After a schedule everybody is up again, and everything goes on until nothing is left to do.
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { lookForBoot, misreported, rebuild, verify } from '../world/restored.ts'
import { oneHome, type Play } from './play.ts'
import { arrive } from './strangers.ts'
import { applyAll, deliverAll, handOverAll } from './workers.ts'

const ROUNDS = 12
const RUNNING_MS = 25_000

export async function settle(state: Play): Promise<void> {
  const { world, model } = state
  world.directoryDown = false
  await allStarted(state)
  await ended(state)
  // Who was told to begin again, and could not.
  await allStarted(state)
  if (world.driver.life.dead) await world.restart(world.driver)
  for (const [index, sent] of state.story.entries()) {
    for (let tries = 0; !state.told.has(index) && tries < 10; tries++) {
      if (await arrive(world, sent, 1 + ((index + tries) % world.pods.length))) state.told.add(index)
    }
    // A directory that went back answers 503 until it is whole.
    if (!state.told.has(index) && !state.restores.includes('directory'))
      model.violations.push(`I14: ${String(sent.activity.id)} is taken by no instance, and all are up`)
  }
  const failures: string[] = []
  const verified = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    failures.length = 0
    const attempt = async (what: string, fn: () => Promise<unknown>) => {
      try {
        await fn()
      } catch (error) {
        failures.push(
          `${what}: ${error instanceof Error ? `${error.message} ${error.stack?.split('\n')[1]?.trim()}` : String(error)}`,
        )
      }
    }
    if (state.restores.length > 0) await attempt('heal', () => heal(state, verified))
    const moving = await openMoves(world.drive.directory)
    for (const open of moving) {
      await attempt(`move ${open.step}`, async () => {
        const driven = await drive(world.drive, open.id)
        state.log.push(`settle: ${JSON.stringify(driven)}`)
        if (driven.is === 'later') throw new Error(driven.code)
      })
    }
    for (const pod of world.pods) {
      if (round === 0 || moving.length > 0) await attempt('refresh', () => pod.instance.homes.refresh())
      await attempt('tend', () => tendMoves(pod.instance))
      // Whoever was on the way may have been lost with a database.
      await attempt('repair', async () => {
        if (!(await repairHome(pod.instance))) throw new Error(`instance ${pod.ordinal} lacks somebody`)
      })
      await attempt('spool', () => handOverAll(world, pod))
    }
    for (const pod of world.pods) await attempt('intake', () => applyAll(pod))
    for (const pod of world.pods) await attempt('deliver', () => deliverAll(world, pod))
    if (failures.length === 0 && (await nothingLeft(state))) return
  }
  model.violations.push(`I8: it never settles: ${[...failures, await left(state)].join('; ')}`)
}

/**
 * What homes and the operator do all the time, as far as it matters to a database that was put back. `verified`: by which
 * incarnation of the directory each home has looked who lives there; it looks again only when its boot row is gone.
 */
async function heal(state: Play, verified: Map<number, number>): Promise<void> {
  const { world } = state
  for (const { instance } of world.pods) {
    await instance.homes.refresh()
    await tendMoves(instance, { frozenMs: 0 })
  }
  await oneHome(state)
  await rebuild(world)
  for (const pod of world.pods) {
    await pod.instance.homes.refresh()
    const { incarnation } = pod.instance.homes
    if (verified.get(pod.ordinal) !== incarnation && (await verify(pod)))
      verified.set(pod.ordinal, incarnation)
    await lookForBoot(pod)
  }
  if ((await openMoves(world.drive.directory)).length === 0)
    state.model.violations.push(...(await misreported(world)))
  for (const pod of world.pods) {
    if (!(await repairHome(pod.instance))) throw new Error(`instance ${pod.ordinal} lacks somebody`)
  }
  await oneHome(state)
  if (world.pods.some(({ instance }) => instance.homes.regressed))
    throw new Error('the directory is older than one that was seen')
}

/** As a kubelet does it: again and again, while a database that is being put back lets nobody in. */
async function allStarted({ world, running }: Play): Promise<void> {
  for (const { process } of world.pods) {
    while (process.life.dead) {
      const others = [...running]
      try {
        await world.restart(process)
      } catch (error) {
        if (others.length === 0) throw error
        await Promise.race(others)
      }
    }
  }
}

/** Waits for whatever was begun and held up. */
async function ended({ running, model }: Play): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<'over'>((resolve) => {
    timer = setTimeout(() => resolve('over'), RUNNING_MS)
  })
  const result = await Promise.race([Promise.all(running), over])
  clearTimeout(timer)
  if (result === 'over') model.violations.push('something that was begun never ends')
}

async function left({ world }: Play): Promise<string> {
  const counts = await Promise.all(
    world.pods.map(async ({ ordinal, admin }) => {
      const { rows } = await admin.query<{ left: string }>(
        `SELECT concat_ws(', ', (SELECT 'intake ' || string_agg(body ->> 'id', ' ') FROM intake), (SELECT 'spool ' || string_agg(format('to %s: %s', ordinal, activity_uri), ' ') FROM spool),
           (SELECT 'deliveries ' || string_agg(inbox, ' ') FROM deliveries),
           (SELECT string_agg(format('%s of move %s: %s, attempt %s', side, id, state, attempt), ', ') FROM moves
             WHERE state NOT IN ('demoted', 'active', 'undone'))) AS left`,
      )
      return rows[0]?.left ? `instance ${ordinal} has ${rows[0].left}` : ''
    }),
  )
  const open = await openMoves(world.drive.directory)
  return [...counts, ...open.map(({ id, step, attempt }) => `move ${id} is ${step}, attempt ${attempt}`)]
    .filter((text) => text !== '')
    .join('; ')
}

const nothingLeft = async (state: Play) => (await left(state)) === ''
