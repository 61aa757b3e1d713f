// The community's front door: who they are, and what they say to everybody.

import type { TimelinePage } from '../../timelines/page.ts'
import type { AccountView } from '../../timelines/views.ts'
import { Avatar, Empty } from '../components/bits.tsx'
import { Scene } from '../components/icons.tsx'
import { Feed } from '../components/post.tsx'
import { profilePath } from '../http/links.ts'
import type { Shell } from '../http/shell.ts'

export const Banner = ({ shell }: { shell: Shell }) => (
  <section class="hero" aria-labelledby="community">
    <div class="words">
      <h1 id="community">{shell.title}</h1>
      <p class="lead">
        {shell.description ||
          `A small social network of our own, at ${shell.domain}, open to friends everywhere.`}
      </p>
      <JoinLinks shell={shell} />
    </div>
    <Scene />
  </section>
)

const JoinLinks = ({ shell }: { shell: Shell }) => (
  <div class="row">
    {shell.me && (
      <a class="button" href="/home">
        To your home
      </a>
    )}
    {!shell.me && shell.registration === 'Open' && (
      <a class="button" href="/sign-up">
        Move in
      </a>
    )}
    {!shell.me && (
      <a class={shell.registration === 'Open' ? 'button quiet' : 'button'} href="/log-in">
        Log in
      </a>
    )}
    {shell.registration === 'Invite' && (
      <span class="soft">New members come by invitation: ask somebody who lives here.</span>
    )}
    {shell.registration === 'Closed' && <span class="soft">We take no new members right now.</span>}
  </div>
)

type Props = {
  shell: Shell
  members: number
  residents: readonly AccountView[]
  timeline: TimelinePage
}

export const Front = ({ shell, members, residents, timeline }: Props) => (
  <div class="front">
    <aside class="stack" aria-label="The people">
      <section class="card">
        <h2>Who lives here</h2>
        <div class="figures">
          <p>
            <strong>{members}</strong> {members === 1 ? 'member' : 'members'}
          </p>
        </div>
        {residents.length > 0 && (
          <ul class="faces">
            {residents.map((account) => (
              <li key={account.id}>
                <a href={profilePath(account)} title={account.displayName}>
                  <Avatar origin={shell.origin} account={account} />
                  <span class="hidden">{account.displayName}</span>
                </a>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section class="card">
        <h2>At home in the fediverse</h2>
        <p class="soft">
          People here have names like <strong>@you@{shell.domain}</strong>. They can follow, and be followed
          by, anybody on Mastodon and other ActivityPub servers.
        </p>
      </section>
    </aside>
    <section aria-labelledby="lately">
      <div class="head">
        <h2 id="lately">Said in public lately</h2>
      </div>
      {timeline.entries.length > 0 ? (
        <Feed shell={shell} entries={timeline.entries} />
      ) : (
        <Empty icon="here" title="It is still quiet here">
          <p>Nobody has said anything in public yet.</p>
        </Empty>
      )}
    </section>
  </div>
)
