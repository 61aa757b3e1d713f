// The frame of every page.
import type { ComponentChildren } from 'preact'
import { homeName, type Shell } from '../http/shell.ts'
import { isCurrent, Message } from './bits.tsx'
import { type IconName, Mark, Picture } from './icons.tsx'

export type Head = {
  readonly title: string
  readonly description?: string
  /** The ActivityPub document that this page shows. */
  readonly alternate?: string
  readonly canonical?: string
  readonly image?: string
  readonly robots?: 'noindex'
  /** Seconds until the page asks again. */
  readonly refresh?: number
  /** A page without navigation and side column: front, log-in, failures. */
  readonly bare?: boolean
  /** Shown above the frame, over the whole width. */
  readonly banner?: ComponentChildren
}

type Props = { shell: Shell; head: Head; children: ComponentChildren }

export const Document = ({ shell, head, children }: Props) => {
  const title = head.title === shell.title ? shell.title : `${head.title} · ${shell.title}`
  const bare = head.bare || !(shell.me || shell.neighbour)
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f7f1e7" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#191613" />
        {head.refresh !== undefined && <meta http-equiv="refresh" content={String(head.refresh)} />}
        {head.robots && <meta name="robots" content={head.robots} />}
        {head.description && <meta name="description" content={head.description} />}
        <meta property="og:title" content={head.title} />
        <meta property="og:site_name" content={shell.title} />
        {head.description && <meta property="og:description" content={head.description} />}
        {head.image && <meta property="og:image" content={head.image} />}
        <link rel="icon" type="image/svg+xml" href={shell.assets.icon.path} />
        <link rel="stylesheet" href={shell.assets.style.path} integrity={shell.assets.style.integrity} />
        {head.canonical && <link rel="canonical" href={head.canonical} />}
        {head.alternate && <link rel="alternate" type="application/activity+json" href={head.alternate} />}
        <script type="module" src={shell.assets.script.path} integrity={shell.assets.script.integrity} />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Top shell={shell} />
        {head.banner}
        <div class={bare ? 'frame bare' : 'frame'}>
          {!bare && <Navigation shell={shell} />}
          <main id="main" tabIndex={-1}>
            {typeof shell.me?.movingTo === 'number' && (
              <Message kind="wait">
                You are about to move to {homeName(shell, shell.me.movingTo)}. Nothing else changes.
              </Message>
            )}
            {children}
          </main>
          {!bare && <Side shell={shell} />}
        </div>
        {bare && <Foot shell={shell} />}
      </body>
    </html>
  )
}

const Top = ({ shell }: { shell: Shell }) => (
  <header class="top">
    <a class="brand" href={shell.me || shell.neighbour ? '/home' : '/'}>
      <Mark />
      <span>{shell.title}</span>
    </a>
    <div class="links">
      {shell.me || shell.neighbour ? (
        <a class="act" href="/search" aria-label="Search">
          <Picture name="search" />
        </a>
      ) : (
        <>
          <a class="button quiet small" href="/log-in">
            Log in
          </a>
          {shell.registration !== 'Closed' && (
            <a class="button small" href="/sign-up">
              Sign up
            </a>
          )}
        </>
      )}
    </div>
  </header>
)

type Item = { href: string; icon: IconName; text: string; unread?: number; className?: string }

const Navigation = ({ shell }: { shell: Shell }) => {
  const { me } = shell
  const self = me ?? shell.neighbour
  const items: Item[] = [
    { href: '/home', icon: 'home', text: 'Home' },
    { href: '/local', icon: 'here', text: 'Here' },
    { href: '/compose', icon: 'pen', text: 'Write', className: 'write' },
    { href: '/notifications', icon: 'bell', text: 'News', unread: me?.unread ?? 0 },
    ...(self ? [{ href: `/@${self.handle}`, icon: 'person' as const, text: 'You' }] : []),
    { href: '/search', icon: 'search', text: 'Search', className: 'wide' },
    { href: '/invite', icon: 'gift', text: 'Invite', className: 'wide' },
    { href: '/settings/profile', icon: 'gear', text: 'Settings', className: 'wide' },
  ]
  return (
    <nav class="nav" aria-label="Main">
      <ul>
        {items.map((item) => (
          <li key={item.href} class={item.className}>
            <a href={item.href} aria-current={isCurrent(shell, item.href)}>
              <Picture name={item.icon} />
              <span>{item.text}</span>
              {item.unread ? (
                <span class="badge">
                  {item.unread > 99 ? '99+' : item.unread}
                  <span class="hidden"> unread</span>
                </span>
              ) : null}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

const Side = ({ shell }: { shell: Shell }) => (
  <aside class="side" aria-label="About this community">
    <section class="card">
      <h2>{shell.title}</h2>
      {shell.description && <p>{shell.description}</p>}
      <p class="soft small">
        {shell.domain}
        {shell.several && ` · instance ${shell.ordinal}`}
      </p>
    </section>
    <Foot shell={shell} />
  </aside>
)

const Foot = ({ shell }: { shell: Shell }) => (
  <footer class="foot">
    <ul>
      <li>
        <a href="/about">About {shell.title}</a>
      </li>
      {shell.me && (
        <li>
          <a href="/settings/profile">Settings</a>
        </li>
      )}
      <li>Made with Hamlet, part of the fediverse</li>
    </ul>
  </footer>
)
