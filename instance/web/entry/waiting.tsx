// The page of somebody who signed up when every seat was taken. Its address may be seen by others, so it shows a place
// in the queue and no more: only the browser that signed up holds the cookie that is let in.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { rememberBrowser } from '../../accounts/known-browser.ts'
import { setSessionCookie } from '../../accounts/session.ts'
import { linkOfSignUp, signUpPlace, signUpProgress } from '../../accounts/sign-up/sign-up.ts'
import { isRefusal } from '../../refusal.ts'
import { sendPage, sendRefusal } from '../http/answer/respond.tsx'
import type { Web } from '../http/deps.ts'
import { readForm, text } from '../http/forms/forms.ts'
import type { Shell } from '../http/shell.ts'

const COOKIE = 'hamlet_waiting'
const LIFETIME_DAYS = 30
const LOOK_AGAIN_SECONDS = 3

const pathOf = (link: string) => `/sign-up/wait/${link}`
/** The path is that of one link, so that two people at one computer do not take each other's place. */
const cookieOptions = (link: string) =>
  ({ path: pathOf(link), httpOnly: true, secure: true, sameSite: 'lax' }) as const

/** Sends the browser that signed up to the page that waits, with what lets it in later. */
export function sendToWait(reply: FastifyReply, token: string): FastifyReply {
  const link = linkOfSignUp(token)
  reply.setCookie(COOKIE, token, { ...cookieOptions(link), maxAge: LIFETIME_DAYS * 86_400 })
  return reply.redirect(pathOf(link), 303)
}

export function registerWaiting(app: FastifyInstance, { instance, shell: shellOf }: Web): void {
  app.get('/sign-up/wait/:link', async (request, reply) => {
    const shell = await shellOf(request)
    const { link } = readForm({ link: text }, request.params)
    const token = request.cookies[COOKIE]
    const holder = token !== undefined && linkOfSignUp(token) === link
    const result = holder
      ? await signUpProgress(instance, token, request.headers['user-agent'])
      : await signUpPlace(instance, link)
    // A sign-up that was completed a while ago lets nobody in by itself any more.
    const late = isRefusal(result) && result.code === 'already-signed-up'
    if (isRefusal(result) && !late) return sendRefusal(reply, shell, result)
    if ('waiting' in result) {
      return sendPage(
        reply,
        shell,
        { title: 'Waiting for a seat', bare: true, refresh: LOOK_AGAIN_SECONDS, robots: 'noindex' },
        <Waiting shell={shell} holder={holder} {...result.waiting} />,
      )
    }
    reply.header('cache-control', 'private, no-store')
    if (holder) reply.clearCookie(COOKIE, cookieOptions(link))
    if (!('session' in result)) return reply.redirect('/log-in?done=seat', 303)
    setSessionCookie(reply, result.session)
    rememberBrowser(reply, instance.secret, result.done.handle)
    return reply.redirect('/home', 303)
  })
}

type WaitingProps = { shell: Shell; holder: boolean; place: number; of: number }

const Waiting = ({ shell, holder, place, of }: WaitingProps) => (
  <div class="narrow">
    <div class="card empty">
      <h1>{holder ? 'Your house is being built' : 'A house is being built'}</h1>
      <p class="soft">
        Every seat in {shell.title} was taken, so a new instance is starting.{' '}
        {holder ? 'Your name is kept for you.' : 'The name is kept for whoever chose it.'}
      </p>
      <div class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </div>
      <p role="status">
        <span class="hidden">Place in the queue: </span>
        <span class="place">{place}</span>
        <br />
        <span class="soft">{of > 1 ? `of ${of} people who wait` : 'next in line'}</span>
      </p>
      <p class="soft small">
        {holder
          ? 'This page looks again every few seconds and lets you in by itself. You may close it, and log in later with your password.'
          : 'This page looks again every few seconds. When there is a seat, it asks for the password.'}
      </p>
    </div>
  </div>
)
