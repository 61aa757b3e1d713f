import { randomBytes } from 'node:crypto'
import { changeDirectory } from '../../instance/directory/change.ts'
import { commitSeat, reserveSeat } from '../../instance/directory/seats/seats.ts'
import { makeCommunity } from '../postgres/databases.ts'
import { startPostgres } from '../postgres/server/server.ts'
import type { Bench } from './figure.ts'

const PEOPLE = 600
const AT_ONCE = 16

export const bench: Bench = {
  what: 'Seats granted and committed in the directory against the cap, hashing and keys apart, beside plain INSERTs.',
  async run(say) {
    const server = await startPostgres({ settings: { fsync: 'on' } })
    const community = await makeCommunity(server.port, { homes: 2, cap: 300 })
    const { directory } = community
    try {
      let next = 0
      const everybody = async (one: (n: number) => Promise<unknown>) => {
        next = 0
        const began = performance.now()
        await Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            for (let n = next++; n < PEOPLE; n = next++) await one(n)
          }),
        )
        return PEOPLE / ((performance.now() - began) / 1000)
      }
      const grant = await everybody(async (n) => {
        const tokenHash = randomBytes(32)
        const granted = await changeDirectory(directory, (tx) =>
          reserveSeat(tx, { handle: `p${n}`, tokenHash, passwordHash: '', displayName: '', follows: [] }),
        )
        if (!('seat' in granted)) throw new Error(JSON.stringify(granted))
        await changeDirectory(directory, (tx) => commitSeat(tx, { ...granted.seat, tokenHash }))
      })
      say(`${Math.round(grant)} seats a second`)
      const plain = await everybody((n) =>
        directory
          .insertInto('rate_limits')
          .values({ bucket: `b${n}`, count: 1, ends_at: new Date() })
          .execute(),
      )
      const full = await directory
        .selectFrom('instances')
        .select(['ordinal', 'taken', 'cap'])
        .orderBy('ordinal')
        .execute()
      return [
        {
          what: 'seats reserved and committed',
          value: grant,
          unit: '1/s',
          how: `${PEOPLE} people, ${AT_ONCE} at once over 4 connections, fsync on; ended as ${full.map((row) => `${row.taken}/${row.cap}`).join(' and ')}`,
        },
        {
          what: 'plain one-row INSERTs, same run, for one seat',
          value: plain / grant,
          unit: '×',
          how: 'a seat is two serial transactions; the largest cost is the wait for the commit to reach the disk',
        },
      ]
    } finally {
      await community.close()
      await server.stop()
    }
  },
}
