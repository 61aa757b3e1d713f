// Changing a post: the form of writing, with what was written in it.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { editPost, readOwnPost } from '../../posts/edit.ts'
import { isRefusal, type Refusal, refusalText, refuse } from '../../refusal.ts'
import { Compose, type Writing } from '../components/compose.tsx'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, idOf, readForm, text } from '../http/forms/forms.ts'
import { backPath } from '../http/links.ts'
import type { Shell } from '../http/shell.ts'

export function registerEditing(app: FastifyInstance, web: Web): void {
  const { instance } = web

  const editPage = async (
    reply: FastifyReply,
    shell: Shell,
    id: string,
    form: { writing?: Writing; back: string; refusal?: Refusal },
  ) => {
    if (!shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    const post = await readOwnPost(instance, shell.me.account, id)
    if (isRefusal(post)) return sendRefusal(reply, shell, post)
    return sendPage(
      reply,
      shell,
      { title: 'Edit', refusal: form.refusal },
      <>
        <div class="head">
          <h1>Edit</h1>
          <p class="soft">Everybody who got this post gets the new version, and sees that it was edited.</p>
        </div>
        <Compose
          shell={shell}
          me={shell.me}
          onceKey={randomUUID()}
          writing={{ text: post.text, summary: post.summary, ...form.writing, visibility: post.visibility }}
          editing={post.id}
          back={form.back}
          autofocus
        />
      </>,
    )
  }

  app.get('/posts/:id/edit', async (request, reply) => {
    const id = idOf(readForm({ id: text }, request.params).id)
    return editPage(reply, await web.shell(request), id, { back: `/posts/${id}` })
  })

  app.post('/posts/:id/edit', async (request, reply) => {
    const id = idOf(readForm({ id: text }, request.params).id)
    const form = readForm({ csrf: text, back: text, text, summary: text }, request.body)
    const back = backPath(form.back, `/posts/${id}`)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member)
      ? member
      : await editPost(instance, member, id, { text: form.text, summary: form.summary })
    if (!isRefusal(result)) return reply.redirect(back, 303)
    const shell = await web.shell(request)
    if (!shell.me || result.code === 'not-found') return sendRefusal(reply, shell, result)
    // Nothing that was typed is lost.
    const writing = { text: form.text, summary: form.summary, wrong: refusalText(result) }
    return editPage(reply, shell, id, { writing, back, refusal: result })
  })
}
