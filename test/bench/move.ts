import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { parse } from 'node-html-parser'
import { pino } from 'pino'
import { request } from 'undici'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import { isRefusal } from '../../instance/refusal.ts'
import { type DirectoryTables, type InstanceDatabase, openDatabase } from '../../instance/store/database.ts'
import { drive } from '../../operator/rebalance/drive/drive.ts'
import { startPostgres } from '../postgres/server/server.ts'
import { visitor } from '../visitor/visitor.ts'
import { startCommunity } from '../world/community.ts'
import { type Bench, percentile } from './figure.ts'

/** There and back. */
const MOVES = Number(process.env.MOVES ?? 20)
const POSTS = 10_000
const FOLLOWERS = 1_000
const PICTURES = 500
/** Of strangers, spread over some of the posts. */
const LIKES = Number(process.env.LIKES ?? 0)
const PICTURE_BYTES = 60_000

export const bench: Bench = {
  what: `A member with ${POSTS} posts, ${FOLLOWERS} followers and ${PICTURES} pictures${LIKES > 0 ? `, whose posts have ${LIKES} likes,` : ''} moves there and back, writing all the time.`,
  async run(say) {
    const server = await startPostgres({ settings: { fsync: 'on', shared_buffers: '256MB' } })
    const community = await startCommunity({ postgresPort: server.port }, { homes: 2, cap: 10 })
    const directory = openDatabase<DirectoryTables>(community.databases.adminUrls.directory, {
      name: 'operator',
    })
    let stop = false
    try {
      const ana = visitor(community.site)
      await ana.submit(await ana.get('/sign-up'), '/sign-up', {
        handle: 'ana',
        password: 'correct horse battery',
      })
      const [member] = await community.admin<{ id: string; home: number }>('SELECT id, home FROM members')
      if (!member) throw new Error('nobody signed up')
      const homeOf = (ordinal: number) => {
        const db = community.databases.homes.get(ordinal)?.db
        if (!db) throw new Error('no home')
        return db
      }
      await fill(homeOf(member.home), member.id, community.domain)
      say('filled')
      const headers = { host: community.domain, origin: `https://${community.domain}` }
      const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
      const entry = await request(`${community.url(1)}/log-in`, {
        method: 'POST',
        headers: form,
        body: new URLSearchParams({ handle: 'ana', password: 'correct horse battery' }).toString(),
      })
      await entry.body.dump()
      const [cookie = ''] = [entry.headers['set-cookie'] ?? []]
        .flat()
        .map((line) => line.split(';', 1)[0] ?? '')
      const compose = await request(`${community.url(1)}/compose`, { headers: { ...headers, cookie } })
      const page = parse(await compose.body.text())
      const csrf = page.querySelector('input[name=csrf]')?.getAttribute('value') ?? ''

      const writes: { from: number; to: number }[] = []
      const longest = (all: typeof writes) => Math.max(...all.map(({ from, to }) => to - from))
      const statuses = new Map<number, number>()
      const written: string[] = []
      const found = new Set<string | null>()
      /** Takes what was written from her home of now, so that each move is of a member with as many posts. */
      const collect = async () => {
        const { home } = await directory.selectFrom('members').select('home').executeTakeFirstOrThrow()
        const { rows } = await sql<{ content_text: string | null }>`
          DELETE FROM posts WHERE account_id = ${member.id}::bigint AND content_text ~ '^w[12]-[0-9]+-'
          RETURNING content_text`.execute(homeOf(home))
        for (const { content_text } of rows) found.add(content_text)
      }
      const write = async (door: number) => {
        for (let n = 0; !stop; n++) {
          const text = `w${door}-${n}-${randomBytes(4).toString('hex')}`
          const began = performance.now()
          for (;;) {
            const answer = await request(`${community.url(door)}/posts`, {
              method: 'POST',
              headers: { ...form, cookie },
              body: new URLSearchParams({ csrf, text, visibility: 'public', once: text }).toString(),
            })
            await answer.body.dump()
            statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
            if (answer.statusCode < 400) break
          }
          writes.push({ from: began, to: performance.now() })
          written.push(text)
          // A quick writer, not a flood.
          await new Promise((wake) => setTimeout(wake, 20))
        }
      }
      const writers = [1, 2].map(write)
      await new Promise((wake) => setTimeout(wake, 3_000))
      const ordinary = percentile(
        writes.map(({ from, to }) => to - from),
        0.5,
      )
      const pauses: number[] = []
      const slowest: number[] = []
      const whole: number[] = []
      const frozen: number[] = []
      const steps = new Map<string, number[]>()
      const caller = community.running(1).instance.siblings
      for (let n = 0; n < MOVES; n++) {
        const home = await directory.selectFrom('members').select('home').executeTakeFirstOrThrow()
        const begun = await changeDirectory(directory, (tx) =>
          beginMove(tx, { memberId: member.id, target: 3 - home.home }),
        )
        if (isRefusal(begun)) throw new Error(begun.code)
        writes.length = 0
        const began = performance.now()
        let froze = 0
        let thawed = 0
        let at = began
        const times: string[] = []
        const driven = await drive(
          {
            directory,
            call: (ordinal, path, options) => {
              if (path.endsWith('/freeze')) froze = performance.now()
              return caller.call(ordinal, path, options)
            },
            log: pino({ level: 'silent' }),
            reached: ({ step }) => {
              const now = performance.now()
              const since = step === 'frozen' ? froze : at
              times.push(`${step} ${Math.round(now - since)}`)
              steps.set(step, [...(steps.get(step) ?? []), now - since])
              at = now
              if (step === 'activated') thawed = now
            },
          },
          begun.id,
        )
        if (driven.is !== 'done') throw new Error(JSON.stringify(driven))
        whole.push(performance.now() - began)
        // The writes that waited are through.
        await new Promise((wake) => setTimeout(wake, 200))
        // As if other servers had taken it all: the next move is of the same member, not of one whom nobody answers.
        await homeOf(3 - home.home)
          .deleteFrom('outbox')
          .where('member_id', '=', member.id)
          .execute()
        await collect()
        frozen.push(thawed - froze)
        pauses.push(longest(writes.filter(({ from, to }) => to >= froze && from <= thawed)))
        slowest.push(longest(writes))
        say(`${Math.round(pauses.at(-1) ?? 0)} ms (${times.join(', ')})`)
      }
      stop = true
      await Promise.all(writers)
      await collect()
      const lost = written.filter((text) => !found.has(text)).length
      const how = `${MOVES} moves, two writers through two doors, fsync on, instances and PostgreSQL on the same cores; ${written.length} posts written meanwhile, ${lost} lost; after each move what was to be sent is taken as sent, and what was written is taken away; answers: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}`
      const share = (step: string) => `${step} ${Math.round(percentile(steps.get(step) ?? [], 0.5))} ms`
      return [
        {
          what: 'longest write that met the freeze, p50',
          value: percentile(pauses, 0.5),
          unit: 'ms',
          aim: '≤ 250 ms',
          how,
        },
        {
          what: 'longest write that met the freeze, p99',
          value: percentile(pauses, 0.99),
          unit: 'ms',
          aim: '≤ 1 s',
          how: 'the same writes',
        },
        {
          what: 'from freezing to active, p50',
          value: percentile(frozen, 0.5),
          unit: 'ms',
          how: `medians until ${['frozen', 'verified', 'switched', 'activated'].map(share).join(', ')}`,
        },
        {
          what: 'against an ordinary write, same run',
          value: percentile(pauses, 0.5) / ordinary,
          unit: '×',
          how: `one that no move is near takes ${Math.round(ordinary)} ms (p50 of three seconds)`,
        },
        {
          what: 'longest write at any time of a move, p50',
          value: percentile(slowest, 0.5),
          unit: 'ms',
          how: 'copying and comparing take the cores from those who write',
        },
        {
          what: 'whole move, p50',
          value: percentile(whole, 0.5) / 1000,
          unit: 's',
          how: `the copy of ${(PICTURES * PICTURE_BYTES) / 1e6} MB of pictures is the largest part`,
        },
      ]
    } finally {
      stop = true
      await directory.destroy()
      await community.close()
      await server.stop()
    }
  },
}

async function fill(db: InstanceDatabase, member: string, domain: string): Promise<void> {
  const me = sql`${member}::bigint`
  await sql`INSERT INTO accounts (id, uri, handle, domain, url, inbox, shared_inbox, fetched_at)
    SELECT (1::bigint << 62) + n, 'https://other.example/users/f' || n, 'f' || n, 'other.example', 'https://other.example/@f' || n,
      'https://other.example/users/f' || n || '/inbox', 'https://other.example/inbox', now() FROM generate_series(1, ${FOLLOWERS}::int) n`.execute(
    db,
  )
  await sql`INSERT INTO follows (follower_id, followee_id, state, activity_uri)
    SELECT (1::bigint << 62) + n, ${me}, 'accepted', 'https://other.example/follow/' || n FROM generate_series(1, ${FOLLOWERS}::int) n`.execute(
    db,
  )
  for (let from = 0; from < POSTS; from += 2_000) {
    await sql`INSERT INTO posts (id, uri, url, account_id, visibility, content_html, content_text, object_json, published_at)
      SELECT id, ${`https://${domain}/users/ana/posts/`} || id, ${`https://${domain}/@ana/`} || id, ${me}, 'public',
        '<p>' || repeat('word ', 80) || id || '</p>', repeat('word ', 80) || id, jsonb_build_object('id', id, 'content', repeat('word ', 160))::text, now()
      FROM (SELECT (1700000000000 + n)::bigint << 21 AS id FROM generate_series(${from + 1}::int, ${from + 2_000}::int) n) AS made`.execute(
      db,
    )
  }
  // Each follower likes posts of their own choice.
  await sql`INSERT INTO likes (account_id, post_id, activity_uri)
    SELECT (1::bigint << 62) + 1 + n % ${FOLLOWERS}::int, (1700000000000 + 1 + n / ${FOLLOWERS}::int)::bigint << 21,
      'https://other.example/like/' || n FROM generate_series(0, ${LIKES}::int - 1) n`.execute(db)
  for (let n = 0; n < PICTURES; n++) {
    const bytes = randomBytes(PICTURE_BYTES)
    await sql`INSERT INTO media (member_id, sha256, content_type, bytes, width, height)
      VALUES (${me}, encode(sha256(${bytes}::bytea), 'hex'), 'image/webp', ${bytes}, 400, 400)`.execute(db)
  }
}
