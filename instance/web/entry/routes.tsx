// Everything before somebody is logged in.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { foldAddress } from '../../accounts/credentials/handle.ts'
import { knownCookie, rememberBrowser } from '../../accounts/known-browser.ts'
import { logIn, logOut } from '../../accounts/log-in.ts'
import { checkPasswordReset, resetPassword } from '../../accounts/password-reset.ts'
import { clearSessionCookie, SESSION_COOKIE, setSessionCookie } from '../../accounts/session.ts'
import { newSignUpToken, signUp } from '../../accounts/sign-up/sign-up.ts'
import { checkInvite } from '../../directory/seats/invites.ts'
import { readResidents } from '../../members/lookup.ts'
import { isRefusal, type Refusal, refusalText } from '../../refusal.ts'
import { hereTimeline } from '../../timelines/timelines.ts'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { formMember, readForm, strangerForm, text } from '../http/forms/forms.ts'
import { backPath } from '../http/links.ts'
import type { Shell } from '../http/shell.ts'
import { Banner, Front } from './front.tsx'
import { LogIn, NewPassword, NotNow, SignUp } from './pages.tsx'
import { registerWaiting, sendToWait } from './waiting.tsx'

const FACES = 18
/** What brought somebody to the page that logs them in. */
const DONE: ReadonlyMap<string, string> = new Map([
  ['password', 'Your new password is set. Log in with it.'],
  ['seat', 'There is a seat now. Log in with your password.'],
])

export function registerEntry(app: FastifyInstance, web: Web): void {
  const { instance } = web

  app.get('/', async (request, reply) => {
    const shell = await web.shell(request)
    if (shell.me || shell.neighbour) {
      return reply.header('cache-control', 'private, no-store').redirect('/home')
    }
    return frontPage(reply, shell)
  })
  app.get('/about', async (request, reply) => frontPage(reply, await web.shell(request)))

  const frontPage = async (reply: FastifyReply, shell: Shell) => {
    const [residents, timeline] = await Promise.all([
      readResidents(instance.db, FACES),
      hereTimeline(instance.db, undefined),
    ])
    const { members } = instance.homes.totals()
    return sendPage(
      reply,
      shell,
      {
        title: shell.title,
        description: shell.description,
        canonical: `${shell.origin}/`,
        shared: true,
        bare: true,
        banner: <Banner shell={shell} />,
      },
      <Front shell={shell} members={members} residents={residents} timeline={timeline} />,
    )
  }

  const signUpPage = async (request: FastifyRequest, reply: FastifyReply, invite: string | undefined) => {
    const shell = await web.shell(request)
    const invited = invite ? await checkInvite(instance, invite) : undefined
    if (isRefusal(invited)) return sendRefusal(reply, shell, invited)
    const head = { title: 'Sign up', bare: true, robots: 'noindex' } as const
    const may = shell.registration === 'Open' || invited
    if (!may) {
      const closed = shell.registration === 'Closed'
      return sendPage(
        reply,
        shell,
        head,
        <NotNow
          shell={shell}
          title={closed ? 'No room right now' : 'By invitation'}
          text={
            closed
              ? `${shell.title} takes no new members at the moment.`
              : `Members of ${shell.title} invite new ones. Ask somebody who lives here for a link.`
          }
        />,
      )
    }
    return sendPage(
      reply,
      shell,
      head,
      <SignUp
        shell={shell}
        token={newSignUpToken()}
        invite={invite}
        inviter={invited?.inviter}
        organiser={invited?.role === 'organiser'}
      />,
    )
  }
  app.get('/sign-up', (request, reply) => {
    const { invite } = readForm({ invite: text }, request.query)
    return signUpPage(request, reply, invite || undefined)
  })
  app.get('/invitation/:token', (request, reply) =>
    signUpPage(request, reply, readForm({ token: text }, request.params).token),
  )

  app.post('/sign-up', async (request, reply) => {
    const form = readForm(
      { handle: text, password: text, display_name: text, invite: text, token: text },
      request.body,
    )
    const shell = await web.shell(request)
    const refusal = strangerForm(request)
    if (refusal) return sendRefusal(reply, shell, refusal)
    const result = await signUp(instance, {
      handle: form.handle,
      password: form.password,
      displayName: form.display_name,
      inviteToken: form.invite || undefined,
      address: request.ip,
      userAgent: request.headers['user-agent'],
      token: form.token || undefined,
    })
    if (isRefusal(result)) {
      return sendPage(
        reply,
        shell,
        { title: 'Sign up', refusal: result, bare: true, robots: 'noindex' },
        <SignUp
          shell={shell}
          token={form.token || newSignUpToken()}
          invite={form.invite || undefined}
          handle={form.handle}
          displayName={form.display_name}
          wrong={wrongField(result)}
        />,
      )
    }
    if ('waiting' in result) return sendToWait(reply, result.waiting.token)
    setSessionCookie(reply, result.session)
    rememberBrowser(reply, instance.secret, result.done.handle)
    return reply.redirect('/home', 303)
  })

  registerWaiting(app, web)

  const logInHead = { title: 'Log in', bare: true, robots: 'noindex' } as const
  app.get('/log-in', async (request, reply) => {
    const shell = await web.shell(request)
    const { next, done } = readForm({ next: text, done: text }, request.query)
    const path = backPath(next, '/home')
    if (shell.me) return reply.redirect(path)
    return sendPage(reply, shell, logInHead, <LogIn shell={shell} next={path} done={DONE.get(done)} />)
  })
  app.post('/log-in', async (request, reply) => {
    const form = readForm({ handle: text, password: text, next: text }, request.body)
    const next = backPath(form.next, '/home')
    const result =
      strangerForm(request) ??
      (await logIn(instance, {
        handle: form.handle,
        password: form.password,
        address: request.ip,
        userAgent: request.headers['user-agent'],
        known: knownCookie(request.cookies, foldAddress(form.handle, instance.config.domain)),
      }))
    if (!isRefusal(result)) {
      setSessionCookie(reply, result.session)
      rememberBrowser(reply, instance.secret, result.handle)
      return reply.redirect(next, 303)
    }
    const shell = await web.shell(request)
    return sendPage(
      reply,
      shell,
      { ...logInHead, refusal: result },
      <LogIn shell={shell} next={next} handle={form.handle} wrong={refusalText(result)} />,
    )
  })
  app.post('/log-out', async (request, reply) => {
    const member = formMember(request, readForm({ csrf: text }, request.body).csrf)
    const cookie = request.cookies[SESSION_COOKIE] ?? ''
    let result: true | Refusal
    if (!isRefusal(member)) result = await logOut(instance, member, cookie)
    else result = member.code === 'log-in-first' ? await logOut(instance, undefined, cookie) : member
    if (isRefusal(result)) return sendRefusal(reply, await web.shell(request), result)
    clearSessionCookie(reply)
    return reply.redirect('/', 303)
  })

  const resetHead = { title: 'A new password', bare: true, robots: 'noindex' } as const
  app.get('/reset/:token', async (request, reply) => {
    const shell = await web.shell(request)
    const { token } = readForm({ token: text }, request.params)
    const member = await checkPasswordReset(instance, token)
    if (isRefusal(member)) return sendRefusal(reply, shell, member)
    return sendPage(reply, shell, resetHead, <NewPassword token={token} handle={member.handle} />)
  })
  app.post('/reset/:token', async (request, reply) => {
    const { token } = readForm({ token: text }, request.params)
    const { password } = readForm({ password: text }, request.body)
    const member = strangerForm(request) ?? (await checkPasswordReset(instance, token))
    if (isRefusal(member)) return sendRefusal(reply, await web.shell(request), member)
    const done = await resetPassword(instance, { token, password, address: request.ip })
    if (!isRefusal(done)) return reply.redirect('/log-in?done=password', 303)
    return sendPage(
      reply,
      await web.shell(request),
      { ...resetHead, refusal: done },
      <NewPassword token={token} handle={member.handle} wrong={wrongField(done)} />,
    )
  })
}

/** A refusal beside the field that it is about. */
function wrongField(refusal: Refusal) {
  const said = refusalText(refusal)
  switch (refusal.code) {
    case 'bad-handle':
    case 'reserved-handle':
    case 'handle-taken':
      return { field: 'handle' as const, text: said }
    case 'short-password':
    case 'long-password':
    case 'password-is-handle':
      return { field: 'password' as const, text: said }
    case 'long-display-name':
      return { field: 'display_name' as const, text: said }
    default:
      return { text: said }
  }
}
