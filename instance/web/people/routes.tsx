// Profiles, lists of people, search, following.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { resolveAccount } from '../../federation/resolve/account.ts'
import { withAccount } from '../../federation/resolve/by-id.ts'
import { resolvePost } from '../../federation/resolve/post.ts'
import { follow, unfollow } from '../../members/follow.ts'
import { type PersonView, readPeople, readProfile, searchPeople } from '../../members/lookup.ts'
import { answerRequest } from '../../members/requests.ts'
import { plainText } from '../../posts/text/sanitise.ts'
import { isRefusal, refusalText, refuse } from '../../refusal.ts'
import { cursor } from '../../timelines/page.ts'
import { profileTimeline } from '../../timelines/timelines.ts'
import { sendFailure, sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, idOf, neighbourForm, readForm, text } from '../http/forms/forms.ts'
import { backPath } from '../http/links.ts'
import { type Shell, viewerOf } from '../http/shell.ts'
import { PeopleList, Profile, Search } from './pages.tsx'

type Which = Parameters<typeof readProfile>[2]

export function registerPeople(app: FastifyInstance, web: Web): void {
  const { instance } = web

  const profilePage = async (request: FastifyRequest, reply: FastifyReply, shell: Shell, which: Which) => {
    const viewer = viewerOf(shell)
    const read = () => readProfile(instance.db, viewer, which)
    const profile =
      'id' in which && shell.me
        ? await withAccount(instance, which.id, async () => (await read()) ?? refuse('not-found'))
        : await read()
    if (isRefusal(profile) && profile.code !== 'not-found') return sendRefusal(reply, shell, profile)
    if (!profile || isRefusal(profile)) return nobody(reply, shell, which)
    const { account } = profile
    if ('id' in which && account.resident) return reply.redirect(`/@${account.handle}`)
    // What other servers said is shown to members, not republished to everybody.
    if (!account.resident && !shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    const query = readForm({ before: text, replies: text }, request.query)
    const replies = query.replies === '1'
    const timeline = await profileTimeline(instance.db, viewer, account.id, {
      before: cursor(query.before),
      replies,
    })
    const path = account.resident ? `/@${account.handle}` : `/people/${account.id}`
    return sendPage(
      reply,
      shell,
      {
        title: `${account.displayName} (@${account.handle}@${account.domain ?? shell.domain})`,
        description: plainText(profile.bioHtml, 160),
        shared: true,
        ...(account.resident && { alternate: profile.uri, canonical: account.url }),
        ...(account.avatarUrl !== null && { image: account.avatarUrl }),
      },
      <Profile shell={shell} profile={profile} timeline={timeline} replies={replies} path={path} />,
    )
  }

  /** 410 only for who was deleted, as the directory knows. 404 would be wrong for a member who is homed elsewhere. */
  const nobody = async (reply: FastifyReply, shell: Shell, which: Which) => {
    const home = 'resident' in which ? instance.homes.byHandle(which.resident) : instance.homes.byId(which.id)
    if (home?.state === 'deleted') return sendFailure(reply, shell, 410, 'This person has left for good.')
    // On the move, from here or to here: their home shows them.
    if (home?.state === 'active')
      return 'id' in which
        ? reply.redirect(`/@${home.handle}`)
        : sendRefusal(reply, shell, refuse('unavailable'))
    return sendFailure(reply, shell, 404, 'There is nobody of that name here.')
  }

  app.get('/@:handle', async (request, reply) => {
    const shell = await web.shell(request)
    const { handle } = readForm({ handle: text }, request.params)
    const [name = '', domain] = handle.toLowerCase().split('@')
    if (domain === undefined || domain === instance.config.domain) {
      return profilePage(request, reply, shell, { resident: name })
    }
    if (!shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    const account = await resolveAccount(instance, `@${name}@${domain}`)
    if (isRefusal(account)) return sendRefusal(reply, shell, account)
    return profilePage(request, reply, shell, { id: account.id })
  })

  app.get('/people/:id', async (request, reply) => {
    const shell = await web.shell(request)
    const { id } = readForm({ id: text }, request.params)
    return profilePage(request, reply, shell, { id: idOf(id) })
  })

  for (const side of ['followers', 'following'] as const) {
    app.get(`/@:handle/${side}`, async (request, reply) => {
      const shell = await web.shell(request)
      const { handle } = readForm({ handle: text }, request.params)
      const which = { resident: handle.toLowerCase() }
      const profile = await readProfile(instance.db, viewerOf(shell), which)
      if (!profile) return nobody(reply, shell, which)
      const after = cursor(readForm({ after: text }, request.query).after)
      const { people, next } = await readPeople(instance.db, viewerOf(shell), profile.account.id, side, after)
      const title = `${side === 'followers' ? 'Followers of' : 'Followed by'} ${profile.account.displayName}`
      return sendPage(
        reply,
        shell,
        { title, robots: 'noindex' },
        <PeopleList shell={shell} title={title} of={profile} side={side} people={people} next={next} />,
      )
    })
  }

  app.get('/search', async (request, reply) => {
    const shell = await web.shell(request)
    if (!shell.me) return sendRefusal(reply, shell, refuse('log-in-first'))
    const q = readForm({ q: text }, request.query).q.trim().slice(0, 500)
    const found = await search(shell, q)
    if ('path' in found) return reply.redirect(found.path)
    return sendPage(
      reply,
      shell,
      { title: 'Search' },
      <Search shell={shell} q={q} people={found.people} wrong={found.wrong} />,
    )
  })

  type Found = { path: string } | { people: PersonView[]; wrong?: string }

  /** An address is followed to a page; words find people who are known here. */
  const search = async (shell: Shell, q: string): Promise<Found> => {
    if (/^https:\/\//i.test(q)) {
      const post = await resolvePost(instance, q)
      if (!isRefusal(post)) return { path: `/posts/${post.id}` }
      const account = await resolveAccount(instance, q)
      if (!isRefusal(account)) return { path: `/people/${account.id}` }
      return { people: [], wrong: `Nothing was found at ${q}. ${refusalText(account)}` }
    }
    if (/^#[^\s#]+$/.test(q)) return { path: `/tags/${encodeURIComponent(q.slice(1))}` }
    if (/^@?[\w.-]+@[^@\s]+$/.test(q)) {
      const account = await resolveAccount(instance, q.startsWith('@') ? q : `@${q}`)
      if (!isRefusal(account)) return { path: `/people/${account.id}` }
      const wrong =
        account.code === 'not-found'
          ? `There is nobody called ${q}. Check the spelling.`
          : `The server of ${q} does not answer right now. Try again later.`
      return { people: [], wrong }
    }
    // A member of this community may live at another of its instances.
    const home = instance.homes.byHandle(q.replace(/^@/, ''))
    if (home?.state === 'active') await resolveAccount(instance, `@${home.handle}`)
    return { people: q === '' ? [] : await searchPeople(instance.db, viewerOf(shell), q) }
  }

  const FORM = { csrf: text, back: text, handle: text }
  app.post('/people/follow', async (request, reply) => {
    const form = readForm(FORM, request.body)
    const member = neighbourForm(request, form.csrf, instance.config.origin)
    if (isRefusal(member)) return sendRefusal(reply, await web.shell(request), member)
    const account = await resolveAccount(instance, form.handle)
    const result = isRefusal(account) ? account : await follow(instance, member, account.id)
    if (isRefusal(result)) return sendRefusal(reply, await web.shell(request), result)
    const fallback = isRefusal(account) ? '/home' : `/people/${account.id}`
    return reply.redirect(backPath(form.back, fallback), 303)
  })

  const verbs = {
    follow,
    unfollow,
    accept: (...[deps, me, id]: Parameters<typeof follow>) => answerRequest(deps, me, id, 'accept'),
    reject: (...[deps, me, id]: Parameters<typeof follow>) => answerRequest(deps, me, id, 'reject'),
  }
  for (const [name, verb] of Object.entries(verbs)) {
    app.post(`/people/:id/${name}`, async (request, reply) => {
      const id = idOf(readForm({ id: text }, request.params).id)
      const form = readForm(FORM, request.body)
      const member = formMember(request, form.csrf)
      const result = isRefusal(member)
        ? member
        : await withAccount<unknown>(instance, id, () => verb(instance, member, id))
      if (isRefusal(result)) return sendRefusal(reply, await web.shell(request), result)
      return reply.redirect(backPath(form.back, `/people/${id}`), 303)
    })
  }
}
