// A picture is sent through the door of another instance while its member moves: what can be sent only once is not sent
// to a home that would send it away.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Move } from '../../instance/directory/moves/move.ts'
import { must } from '../postgres/lives.ts'
import { type Mover, moverThrough } from '../postgres/moves.ts'
import { closeVisitors, type Page, type Visitor, visitor } from '../visitor/visitor.ts'
import { type LiveCommunity, startCommunity } from '../world/community.ts'

let community: LiveCommunity
let mover: Mover
let ana: Visitor
beforeAll(async () => {
  // Everything comes in at instance 2.
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 5, front: 2 })
  mover = moverThrough(community.databases, (...call) => community.running(1).instance.siblings.call(...call))
  ana = visitor(community.site)
  const fields = { handle: 'ana', password: 'correct horse battery' }
  await ana.submit(await ana.get('/sign-up'), '/sign-up', fields)
})
afterAll(async () => {
  await closeVisitors()
  await mover?.close()
  await community?.close()
})

const member = async () => {
  const [row] = await community.admin<{ id: string; home: number }>('SELECT id, home FROM members')
  if (!row) throw new Error('nobody is there')
  return row
}
async function beginTo(target: number): Promise<Move> {
  const { id, home } = await member()
  if (home === target) throw new Error('she lives there already')
  return must(await mover.begin(id, target))
}

/** Sends a picture that the community has not seen, by the form that is open; how it was answered. */
async function send(shade: number, opened?: Page) {
  const image = sharp({
    create: { width: 64, height: 64, channels: 3, background: { r: 50 * shade, g: 9, b: 9 } },
  })
  const picture = new Blob([new Uint8Array(await image.png().toBuffer())])
  const page = opened ?? (await ana.get('/settings/profile'))
  return (await ana.submit(page, '/settings/profile', { display_name: `Ana ${shade}`, picture })).status
}
const pictures = async () => {
  const { id, home } = await member()
  const { db } = community.running(home).instance
  return (await db.selectFrom('media').select('sha256').where('member_id', '=', id).execute()).length
}

test('while she is frozen it waits, and is kept at her new home, once', async () => {
  expect([(await member()).home, await send(1), await pictures()]).toEqual([1, 200, 1])
  const move = await beginTo(2)
  await mover.driveTo(move.id, 'frozen')
  const sent = send(2)
  // The door at which it came in has asked her home.
  await expect.poll(() => community.running(2).instance.siblings.load().running).toBeGreaterThan(0)
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
  expect([await sent, await pictures()]).toEqual([200, 2])
})

test('when she was switched it goes where she lives, though no door was told', async () => {
  expect(await mover.drive((await beginTo(1)).id)).toEqual({ is: 'done' })
  const page = await ana.get('/settings/profile')
  const move = await beginTo(2)
  await mover.driveTo(move.id, 'switched')
  expect([await send(3, page), await pictures()]).toEqual([200, 3])
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
})

test('frozen for longer than a moment she is asked to send it again', async () => {
  const back = await beginTo(1)
  expect(await mover.drive(back.id)).toEqual({ is: 'done' })
  const move = await beginTo(2)
  await mover.driveTo(move.id, 'frozen')
  expect([await send(4), await pictures()]).toEqual([503, 3])
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
  expect([await send(4), await pictures()]).toEqual([200, 4])
})
