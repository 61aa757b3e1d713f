import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { TIES, tiesAnswer } from '../../../instance/move/ties/calls.ts'
import { SiblingUnreachable } from '../../../instance/siblings/client.ts'
import { type LiveCommunity, startCommunity } from '../../../test/world/community.ts'
import { reachInstances } from './reach.ts'

let community: LiveCommunity
beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') })
})
afterAll(() => community?.close())

test('whole instances answer to their community’s key on the internal port, and to no other', async () => {
  const { internalPort, instance } = community.running(1)
  const rows = [{ ordinal: 1, address: `http://127.0.0.1:${internalPort}` }]
  const ask = async (key: string) => {
    const reached = reachInstances(rows, key)
    try {
      return await reached.call(1, TIES, { method: 'GET' })
    } finally {
      await reached.close()
    }
  }
  const key = await readFile(instance.config.internalKeyFile, 'utf8')
  const answer = await ask(key)
  expect([answer.status, tiesAnswer.parse(answer.body)]).toEqual([200, { ties: [] }])
  // The one before the rotation is sent no more.
  expect((await ask(`${key}an-older-key-of-this-community`)).status).toBe(200)
  await expect(ask('somebody-elses-key')).rejects.toThrow(SiblingUnreachable)
})
