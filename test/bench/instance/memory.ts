import { request } from 'undici'
import { runAt } from '../../postgres/databases.ts'
import type { Bench } from '../figure.ts'
import { bench as prepare } from './process.ts'

/** A resident with posts, so that pages and documents have something to show. */
const SEED = `
  INSERT INTO accounts (id, uri, handle, url, inbox, actor_json)
    SELECT n, 'https://bench/users/u' || n, 'u' || n, 'https://bench/@u' || n, 'https://bench/users/u' || n || '/inbox', '{"type":"Person"}'
    FROM generate_series(1, 50) n;
  INSERT INTO members (id, handle, state, password_hash) SELECT n, 'u' || n, 'active', '' FROM generate_series(1, 50) n;
  INSERT INTO posts (id, uri, url, account_id, visibility, content_html, content_text, object_json, published_at)
    SELECT 1000 + n, 'https://bench/users/u' || (n % 50 + 1) || '/posts/' || (1000 + n), 'https://bench/@u/' || n, n % 50 + 1, 'public',
      '<p>A post of some length, as people write them, number ' || n || '</p>', 'text',
      json_build_object('type', 'Note', 'id', 'https://bench/users/u' || (n % 50 + 1) || '/posts/' || (1000 + n),
        'attributedTo', 'https://bench/users/u' || (n % 50 + 1), 'published', now(), 'content', '<p>A post</p>',
        'to', json_build_array('https://www.w3.org/ns/activitystreams#Public'), 'cc', json_build_array())::text, now()
    FROM generate_series(1, 1000) n;`

const SEED_DIRECTORY = `
  INSERT INTO members (id, handle, home, state) SELECT n, 'u' || n, 1, 'active' FROM generate_series(1, 50) n;
  UPDATE meta SET revision = revision + 1;`

export const bench: Bench = {
  what: 'Resident memory of an instance, idle and after 1,000 mixed requests.',
  async run(say) {
    const place = await prepare()
    try {
      await runAt(place.adminUrl, SEED)
      await runAt(place.adminUrl.replace(/_1$/, '_directory'), SEED_DIRECTORY)
      const one = await place.start()
      await new Promise((wake) => setTimeout(wake, 5_000))
      const idle = await one.memory()
      say(`idle ${Math.round(idle)} MB`)
      const ask = async (path: string, accept: string) => {
        const answer = await request(`http://127.0.0.1:${one.port}${path}`, {
          headers: { accept, host: one.domain, 'x-forwarded-proto': 'https' },
        })
        await answer.body.dump()
        return answer.statusCode
      }
      const statuses = new Map<number, number>()
      for (let n = 0; n < 1000; n++) {
        const user = `u${(n % 50) + 1}`
        const activity = 'application/activity+json'
        const mixed: [string, string][] = [
          [`/users/${user}`, activity],
          [`/@${user}`, 'text/html'],
          ['/', 'text/html'],
          [`/.well-known/webfinger?resource=acct:${user}@${one.domain}`, 'application/jrd+json'],
          [`/users/${user}/outbox?page=true`, activity],
        ]
        const [path, accept] = mixed[n % mixed.length] ?? ['/', 'text/html']
        const status = await ask(path, accept)
        if (status !== 200 && !statuses.has(status)) say(`${path}: ${status}`)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      const after = await one.memory()
      const seen = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
      say(`after 1,000 requests ${Math.round(after)} MB (${seen})`)
      await one.stop()
      return [
        {
          what: 'idle',
          value: idle,
          unit: 'MB',
          aim: '≤ 130 MB',
          how: 'VmRSS 5 s after ready, 50 members, 1,000 posts',
        },
        {
          what: 'after 1,000 mixed requests',
          value: after,
          unit: 'MB',
          aim: '≤ 170 MB',
          how: `actors, profiles, front page, WebFinger, outboxes, one at a time: ${seen}`,
        },
      ]
    } finally {
      await place.stop()
    }
  },
}
