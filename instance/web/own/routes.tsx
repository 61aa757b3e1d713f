// News, settings and invitations of the member who is logged in.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { changePassword } from '../../accounts/log-in.ts'
import { makePasswordReset } from '../../accounts/password-reset.ts'
import { SESSION_COOKIE } from '../../accounts/session.ts'
import { makeInvite } from '../../directory/seats/invites.ts'
import { preparePicture } from '../../media/picture.ts'
import { updateProfile } from '../../members/profile.ts'
import { markRead, readNotifications } from '../../notifications/list.ts'
import { isRefusal, type Refusal, refusalText, refuse } from '../../refusal.ts'
import { cursor } from '../../timelines/page.ts'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, idOf, readForm, text } from '../http/forms/forms.ts'
import { readUpload } from '../http/forms/upload.ts'
import { type Shell, viewerOf } from '../http/shell.ts'
import { registerHome } from './home.tsx'
import { registerMovesPage } from './moves.tsx'
import { News } from './news.tsx'
import { Invite, MadeLink, ProfileSettings } from './pages.tsx'

type Profile = { displayName: string; bio: string; locked: boolean }

export function registerOwn(app: FastifyInstance, web: Web): void {
  const { instance } = web

  app.get('/notifications', async (request, reply) => {
    const shell = await web.shell(request)
    const viewer = viewerOf(shell)
    if (!shell.me || !viewer) return sendRefusal(reply, shell, refuse('log-in-first'))
    const before = cursor(readForm({ before: text }, request.query).before)
    const { notifications, next } = await readNotifications(instance.db, viewer, before)
    return sendPage(
      reply,
      shell,
      { title: 'News' },
      <News
        shell={shell}
        me={shell.me}
        notifications={notifications}
        newest={before === undefined}
        next={next}
      />,
    )
  })
  app.post('/notifications/read', async (request, reply) => {
    const form = readForm({ csrf: text, up_to: text }, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member) ? member : await markRead(instance, member, idOf(form.up_to))
    if (isRefusal(result)) return sendRefusal(reply, await web.shell(request), result)
    return reply.redirect('/notifications', 303)
  })

  const settingsPage = async (
    reply: FastifyReply,
    shell: Shell,
    state: { typed?: Profile; refusal?: Refusal; linkFor?: string; saved?: boolean } = {},
  ) => {
    if (!shell.me) return sendRefusal(reply, shell, state.refusal ?? refuse('log-in-first'))
    const { refusal } = state
    const profile = state.typed ?? (await readOwn(shell.me.id, shell.me.account.displayName))
    return sendPage(
      reply,
      shell,
      { title: 'Settings', refusal },
      <ProfileSettings
        shell={shell}
        me={shell.me}
        profile={profile}
        linkFor={state.linkFor ?? ''}
        saved={state.saved ?? false}
        wrong={refusal && { field: FIELDS[refusal.code], text: refusalText(refusal) }}
      />,
    )
  }
  const readOwn = async (id: string, displayName: string): Promise<Profile> => {
    const row = await instance.db
      .selectFrom('members')
      .select(['bio_text', 'locked'])
      .where('id', '=', id)
      .executeTakeFirst()
    return { displayName, bio: row?.bio_text ?? '', locked: row?.locked ?? false }
  }

  app.get('/settings/profile', async (request, reply) => {
    const { saved } = readForm({ saved: text }, request.query)
    return settingsPage(reply, await web.shell(request), { saved: saved === 'yes' })
  })
  registerHome(app, web)
  registerMovesPage(app, web)
  app.get('/settings', (_request, reply) => reply.redirect('/settings/profile'))

  app.post('/settings/profile', async (request, reply) => {
    // Nobody's file is read: not one that is thrown away afterwards, either.
    if (!request.member) return sendRefusal(reply, await web.shell(request), refuse('log-in-first'))
    const upload = await readUpload(request, 'picture')
    if (isRefusal(upload)) {
      return settingsPage(reply, await web.shell(request), { refusal: upload })
    }
    const form = readForm(
      { csrf: text, display_name: text, bio: text, locked: text, remove_picture: text },
      upload.fields,
    )
    const member = formMember(request, form.csrf)
    if (isRefusal(member)) return sendRefusal(reply, await web.shell(request), member)
    const typed = { displayName: form.display_name, bio: form.bio, locked: form.locked === 'yes' }
    const picture = upload.file ? await preparePicture(upload.file) : undefined
    const result = isRefusal(picture)
      ? picture
      : await updateProfile(instance, member, {
          ...typed,
          picture: picture ?? (form.remove_picture === 'yes' ? 'remove' : undefined),
        })
    if (!isRefusal(result)) return reply.redirect('/settings/profile?saved=yes', 303)
    return settingsPage(reply, await web.shell(request), { typed, refusal: result })
  })

  app.post('/settings/password', async (request, reply) => {
    const form = readForm({ csrf: text, current: text, password: text }, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member)
      ? member
      : await changePassword(instance, member, {
          current: form.current,
          next: form.password,
          address: request.ip,
          cookie: request.cookies[SESSION_COOKIE] ?? '',
        })
    const shell = await web.shell(request)
    if (isRefusal(result)) return settingsPage(reply, shell, { refusal: result })
    return reply.redirect('/settings/profile?saved=yes', 303)
  })

  app.post('/settings/reset-link', async (request, reply) => {
    const form = readForm({ csrf: text, handle: text }, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member) ? member : await makePasswordReset(instance, member, form.handle)
    const shell = await web.shell(request)
    if (isRefusal(result)) return settingsPage(reply, shell, { refusal: result, linkFor: form.handle })
    return sendPage(
      reply,
      shell,
      { title: 'A link to a new password' },
      <MadeLink
        title="A link to a new password"
        text={`Give this link to @${form.handle.replace(/^@/, '')}, and to nobody else. It works once, for a day.`}
        link={`${shell.origin}/reset/${result.token}`}
      />,
    )
  })

  const invitePage = (reply: FastifyReply, shell: Shell, refusal?: Refusal) => {
    if (!shell.me) return sendRefusal(reply, shell, refusal ?? refuse('log-in-first'))
    return sendPage(
      reply,
      shell,
      { title: 'Invite a friend', refusal },
      <Invite shell={shell} me={shell.me} wrong={refusal && refusalText(refusal)} />,
    )
  }
  app.get('/invite', async (request, reply) => invitePage(reply, await web.shell(request)))
  app.post('/invite', async (request, reply) => {
    const form = readForm({ csrf: text, uses: z.coerce.number().int().catch(1) }, request.body)
    const member = formMember(request, form.csrf)
    const result = isRefusal(member) ? member : await makeInvite(instance, member, { uses: form.uses })
    const shell = await web.shell(request)
    if (isRefusal(result)) return invitePage(reply, shell, result)
    return sendPage(
      reply,
      shell,
      { title: 'Your invitation' },
      <MadeLink
        title="Your invitation"
        text="Send this link to the people you want here. It works for two weeks."
        link={`${shell.origin}/invitation/${result.token}`}
      />,
    )
  })
}

/** Which field of the settings a refusal is shown beside. */
const FIELDS: Readonly<Partial<Record<Refusal['code'], string>>> = {
  'long-display-name': 'display_name',
  'long-bio': 'bio',
  'picture-too-big': 'picture',
  'picture-unreadable': 'picture',
  'picture-too-many-pixels': 'picture',
  'wrong-password': 'current',
  'short-password': 'password',
  'long-password': 'password',
  'password-is-handle': 'password',
  'unknown-name': 'handle',
}
