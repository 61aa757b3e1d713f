// Timelines, threads and tags.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { withPost } from '../../federation/resolve/by-id.ts'
import { aliasOf } from '../../move/aliases.ts'
import { plainText } from '../../posts/text/sanitise.ts'
import { foldTag } from '../../posts/text/tags.ts'
import { isRefusal, refuse } from '../../refusal.ts'
import { cursor, type TimelinePage } from '../../timelines/page.ts'
import { readThread } from '../../timelines/thread.ts'
import { hereTimeline, homeTimeline, tagTimeline } from '../../timelines/timelines.ts'
import { Compose } from '../components/compose.tsx'
import { sendFailure, sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { idOf, readForm, text } from '../http/forms/forms.ts'
import { type Shell, viewerOf } from '../http/shell.ts'
import { HomeEmpty, QuietHere, ThreadPage, TimelineView } from './pages.tsx'

export function registerReading(app: FastifyInstance, web: Web): void {
  const { instance } = web
  const asked = (request: FastifyRequest) => {
    const query = readForm({ before: text }, request.query)
    return cursor(query.before)
  }

  app.get('/home', async (request, reply) => {
    const shell = await web.shell(request)
    const viewer = viewerOf(shell)
    if (!shell.me || !viewer) return sendRefusal(reply, shell, refuse('log-in-first'))
    const before = asked(request)
    const timeline = await homeTimeline(instance.db, viewer, before)
    return sendPage(
      reply,
      shell,
      { title: 'Home' },
      <TimelineView
        shell={shell}
        title="Home"
        text="What the people say whom you follow."
        path="/home"
        timeline={timeline}
        continued={before !== undefined}
        compose={<Compose shell={shell} me={shell.me} onceKey={randomUUID()} back="/home" />}
        empty={<HomeEmpty />}
      />,
    )
  })

  app.get('/local', async (request, reply) => {
    const shell = await web.shell(request)
    const before = asked(request)
    const timeline = await hereTimeline(instance.db, viewerOf(shell), before)
    const text = shell.several
      ? `What is said at your instance of ${shell.title}, number ${shell.ordinal}.`
      : `What is said at ${shell.title}.`
    return sendPage(
      reply,
      shell,
      { title: 'Here', shared: true },
      <TimelineView
        shell={shell}
        title="Here"
        text={text}
        path="/local"
        timeline={timeline}
        continued={before !== undefined}
        empty={<QuietHere shell={shell} />}
      />,
    )
  })

  app.get('/tags/:tag', async (request, reply) => {
    const shell = await web.shell(request)
    const viewer = viewerOf(shell)
    // What other servers' people say is shown to members only, here as elsewhere.
    if (!viewer) return sendRefusal(reply, shell, refuse('log-in-first'))
    const { tag } = readForm({ tag: text }, request.params)
    const before = asked(request)
    const folded = foldTag(tag)
    const timeline: TimelinePage = folded
      ? await tagTimeline(instance.db, viewer, folded, before)
      : { entries: [], next: undefined }
    return sendPage(
      reply,
      shell,
      { title: `#${tag}`, robots: 'noindex' },
      <TimelineView
        shell={shell}
        title={`#${tag}`}
        text="Public posts with this tag that are known here."
        path={`/tags/${encodeURIComponent(tag)}`}
        timeline={timeline}
        continued={before !== undefined}
        empty={<QuietHere shell={shell} />}
      />,
    )
  })

  const thread = async (reply: FastifyReply, shell: Shell, postId: string, handle: string | undefined) => {
    const viewer = viewerOf(shell)
    const read = async (id: string) => {
      const thread = await readThread(instance.db, viewer, id)
      if (thread) return thread
      const alias = await aliasOf(instance.db, viewer?.id, id)
      return (alias ? await readThread(instance.db, viewer, alias) : undefined) ?? refuse('not-found')
    }
    const found = await (shell.me ? withPost(instance, postId, read) : read(postId))
    if (isRefusal(found)) {
      return found.code === 'not-found'
        ? missing(reply, shell, postId, handle)
        : sendRefusal(reply, shell, found)
    }
    const { author } = found.post.post
    if (handle !== undefined && (author.handle !== handle || author.domain !== null)) {
      return missing(reply, shell, postId, handle)
    }
    const { post } = found.post
    if (handle === undefined && author.resident) return reply.redirect(`/@${author.handle}/${post.id}`)
    const said = plainText(post.summary || post.html, 160)
    return sendPage(
      reply,
      shell,
      {
        title: `${author.displayName}: ${plainText(post.summary || post.html, 60)}`,
        description: said,
        shared: true,
        ...(author.resident && { canonical: post.url }),
        ...(author.resident && post.visibility !== 'instance' && { alternate: post.uri }),
        ...(post.visibility !== 'public' && { robots: 'noindex' as const }),
      },
      <ThreadPage shell={shell} thread={found} />,
    )
  }

  /** A deleted post is gone for ever, and says so; one that cannot be seen looks as if it had never been. */
  const missing = async (reply: FastifyReply, shell: Shell, postId: string, handle: string | undefined) => {
    const uri = `${shell.origin}/users/${handle}/posts/${postId}`
    const tombstone =
      handle === undefined
        ? undefined
        : await instance.db.selectFrom('tombstones').select('uri').where('uri', '=', uri).executeTakeFirst()
    return tombstone
      ? sendFailure(reply, shell, 410, 'This post was deleted by its author.')
      : sendFailure(
          reply,
          shell,
          404,
          shell.me
            ? 'There is no such post, or it is not meant for you.'
            : 'There is no such post, or you must log in to see it.',
        )
  }

  app.get('/posts/:id', async (request, reply) => {
    const shell = await web.shell(request)
    const { id } = readForm({ id: text }, request.params)
    return thread(reply, shell, idOf(id), undefined)
  })
  app.get('/@:handle/:id', async (request, reply) => {
    const shell = await web.shell(request)
    const { handle, id } = readForm({ handle: text, id: text }, request.params)
    return thread(reply, shell, idOf(id), handle.toLowerCase())
  })
}
