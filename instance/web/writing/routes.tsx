// Posts: writing, answering, deleting, liking and boosting. Changing one is a file of its own.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SignedIn } from '../../accounts/session.ts'
import { withPost } from '../../federation/resolve/by-id.ts'
import type { Instance } from '../../instance.ts'
import { replyVisibility, VISIBILITIES } from '../../posts/draft.ts'
import { boost, like, unboost, unlike } from '../../posts/react.ts'
import { deletePost } from '../../posts/remove.ts'
import { writePost } from '../../posts/write.ts'
import { isRefusal, type Refusal, refusalStatus, refusalText, refuse } from '../../refusal.ts'
import { readThread } from '../../timelines/thread.ts'
import { Compose, type Writing } from '../components/compose.tsx'
import { Post } from '../components/post.tsx'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, idOf, readForm, text, wantsJson } from '../http/forms/forms.ts'
import { backPath } from '../http/links.ts'
import { type Shell, viewerOf } from '../http/shell.ts'
import { registerEditing } from './editing.tsx'

type Verb = (instance: Instance, member: SignedIn, postId: string) => Promise<unknown | Refusal>

const POST_FORM = {
  csrf: text,
  back: text,
  once: z.string().max(100).catch(''),
  text,
  summary: text,
  reply_to: text,
  visibility: z.enum(VISIBILITIES).catch('public'),
}

type Filled = ReturnType<typeof readForm<typeof POST_FORM>>

export function registerWriting(app: FastifyInstance, web: Web): void {
  const { instance } = web

  const composePage = async (
    reply: FastifyReply,
    shell: Shell,
    form: { writing?: Writing; replyTo?: string; back: string; once?: string; refusal?: Refusal },
  ) => {
    if (!shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    const read = async (id: string) =>
      (await readThread(instance.db, viewerOf(shell), id)) ?? refuse('not-found')
    const parent = form.replyTo ? await withPost(instance, form.replyTo, read) : undefined
    if (isRefusal(parent)) return sendRefusal(reply, shell, parent)
    const visibility = parent && replyVisibility(parent.post.post.visibility)
    return sendPage(
      reply,
      shell,
      { title: parent ? 'Answer' : 'Write', refusal: form.refusal },
      <>
        <div class="head">
          <h1>{parent ? 'Answer' : 'Write'}</h1>
        </div>
        <div class="stack">
          {parent && <Post shell={shell} entry={parent.post} />}
          <Compose
            shell={shell}
            me={shell.me}
            onceKey={form.once || randomUUID()}
            writing={{ ...(visibility && { visibility }), ...form.writing }}
            replyTo={parent?.post.post}
            back={form.back}
            autofocus
          />
        </div>
      </>,
    )
  }

  app.get('/compose', async (request, reply) => {
    const query = readForm({ text }, request.query)
    return composePage(reply, await web.shell(request), { writing: { text: query.text }, back: '/home' })
  })

  app.get('/posts/:id/reply', async (request, reply) => {
    const { id } = readForm({ id: text }, request.params)
    return composePage(reply, await web.shell(request), { replyTo: idOf(id), back: `/posts/${idOf(id)}` })
  })

  const write = (
    member: SignedIn,
    { text, summary, visibility, once }: Filled,
    reply?: { replyTo: string },
  ) => writePost(instance, member, { text, summary, visibility, ...reply, ...(once && { onceKey: once }) })

  app.post('/posts', async (request, reply) => {
    const form = readForm(POST_FORM, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member)
      ? member
      : form.reply_to
        ? await withPost(instance, idOf(form.reply_to), (replyTo) => write(member, form, { replyTo }))
        : await write(member, form)
    if (!isRefusal(result)) return reply.redirect(backPath(form.back, '/home'), 303)
    const shell = await web.shell(request)
    if (!shell.me || result.code === 'not-found') return sendRefusal(reply, shell, result)
    // Nothing that was typed is lost.
    return composePage(reply, shell, {
      writing: {
        text: form.text,
        summary: form.summary,
        visibility: form.visibility,
        wrong: refusalText(result),
      },
      ...(form.reply_to && { replyTo: idOf(form.reply_to) }),
      back: backPath(form.back, '/home'),
      once: form.once,
      refusal: result,
    })
  })

  registerEditing(app, web)

  app.post('/posts/:id/delete', async (request, reply) => {
    const { id } = readForm({ id: text }, request.params)
    const form = readForm({ csrf: text, back: text }, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member) ? member : await deletePost(instance, member, idOf(id))
    if (isRefusal(result)) return sendRefusal(reply, await web.shell(request), result)
    const back = backPath(form.back, '/home').replace(/#.*$/, '')
    // The page of the post itself is gone now.
    return reply.redirect(back.includes(idOf(id)) ? '/home' : back, 303)
  })

  const verbs: Readonly<Record<string, { verb: Verb; shows: 'likes' | 'boosts' }>> = {
    like: { verb: like, shows: 'likes' },
    unlike: { verb: unlike, shows: 'likes' },
    boost: { verb: boost, shows: 'boosts' },
    unboost: { verb: unboost, shows: 'boosts' },
  }
  for (const [name, { verb, shows }] of Object.entries(verbs)) {
    app.post(`/posts/:id/${name}`, async (request, reply) => {
      const id = idOf(readForm({ id: text }, request.params).id)
      const form = readForm({ csrf: text, back: text }, request.body)
      const member = formMember(request, form.csrf)
      const result = isRefusal(member)
        ? member
        : await withPost(instance, id, (known) => verb(instance, member, known))
      if (isRefusal(result)) return declined(request, reply, result)
      if (!wantsJson(request)) return reply.redirect(backPath(form.back, `/posts/${id}`), 303)
      const { count } = await instance.db
        .selectFrom(shows)
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('post_id', '=', id)
        .executeTakeFirstOrThrow()
      return reply.send({ on: !name.startsWith('un'), count: Number(count) })
    })
  }

  const declined = async (request: FastifyRequest, reply: FastifyReply, refusal: Refusal) =>
    wantsJson(request)
      ? reply.code(refusalStatus(refusal)).send({ error: refusalText(refusal) })
      : sendRefusal(reply, await web.shell(request), refusal)
}
