// People: a profile, a list, a search.
import type { ComponentChildren } from 'preact'
import type { PersonView, ProfileView } from '../../members/lookup.ts'
import type { TimelinePage } from '../../timelines/page.ts'
import { Avatar, Empty, isCurrent, Message, More, Sanitised, Secrets } from '../components/bits.tsx'
import { Picture, Scene } from '../components/icons.tsx'
import { Feed } from '../components/post.tsx'
import { acct, profilePath } from '../http/links.ts'
import type { Me, Shell } from '../http/shell.ts'

type FollowProps = { me: Me; person: PersonView; back: string; small?: boolean }

export const FollowButton = ({ me, person, back, small = false }: FollowProps) => {
  if (person.id === me.id) return null
  const follows = person.following !== 'none'
  const label =
    person.following === 'accepted'
      ? 'Unfollow'
      : person.following === 'pending'
        ? 'Take back request'
        : 'Follow'
  return (
    <form method="post" action={`/people/${person.id}/${follows ? 'unfollow' : 'follow'}`}>
      <Secrets me={me} back={back} />
      <button class={`button${follows ? ' quiet' : ''}${small ? ' small' : ''}`} type="submit">
        {label}
        <span class="hidden"> {person.displayName}</span>
      </button>
    </form>
  )
}

export const Person = ({
  shell,
  person,
  children,
}: {
  shell: Shell
  person: PersonView
  children?: ComponentChildren
}) => (
  <li class="person">
    <Avatar origin={shell.origin} account={person} />
    <a class="who" href={profilePath(person)}>
      <strong dir="auto">{person.displayName}</strong>
      <span class="soft">{acct(person)}</span>
    </a>
    {children ?? (shell.me && <FollowButton me={shell.me} person={person} back={shell.path} small />)}
  </li>
)

type ProfileProps = {
  shell: Shell
  profile: ProfileView
  timeline: TimelinePage
  replies: boolean
  path: string
}

export const Profile = ({ shell, profile, timeline, replies, path }: ProfileProps) => {
  const { account } = profile
  return (
    <>
      <section class="card profile" aria-labelledby="name">
        <div class="band">
          <Scene />
        </div>
        <div class="face">
          <Avatar origin={shell.origin} account={account} size="big" />
          <div class="row">
            <ProfileActions shell={shell} profile={profile} path={path} />
          </div>
        </div>
        <h1 id="name" dir="auto">
          {account.displayName}
        </h1>
        <p class="soft">
          {acct(account)}
          {account.domain === null && `@${shell.domain}`} {profile.bot && <span class="tag">Bot</span>}{' '}
          {profile.followsMe && <span class="tag">Follows you</span>}{' '}
          {profile.locked && <span class="tag">Approves followers</span>}
        </p>
        {profile.asksMe && shell.me && (
          <Message kind="wait">
            {account.displayName} would like to follow you. <a href="/notifications">Answer</a>
          </Message>
        )}
        {profile.bioHtml && <Sanitised html={profile.bioHtml} />}
        {profile.counts ? (
          <ul class="numbers">
            <li>
              <strong>{profile.counts.posts}</strong> {profile.counts.posts === 1 ? 'post' : 'posts'}
            </li>
            <li>
              <a href={`/@${account.handle}/following`}>
                <strong>{profile.counts.following}</strong> following
              </a>
            </li>
            <li>
              <a href={`/@${account.handle}/followers`}>
                <strong>{profile.counts.followers}</strong>{' '}
                {profile.counts.followers === 1 ? 'follower' : 'followers'}
              </a>
            </li>
          </ul>
        ) : (
          <p class="soft small">
            Lives {account.domain === null ? 'at another instance of this community' : `at ${account.domain}`}
            ; only what reached this home is shown. <a href={account.url}>See the whole profile</a>
          </p>
        )}
      </section>
      <ul class="tabs">
        <li>
          <a href={path} aria-current={replies ? undefined : 'page'}>
            Posts
          </a>
        </li>
        <li>
          <a href={`${path}?replies=1`} aria-current={replies ? 'page' : undefined}>
            Answers
          </a>
        </li>
      </ul>
      {timeline.entries.length > 0 ? (
        <Feed shell={shell} entries={timeline.entries} />
      ) : (
        <Empty icon={replies ? 'reply' : 'pen'} title={replies ? 'No answers' : 'No posts'}>
          <p>{shell.me?.id === account.id ? 'Yours would be here.' : 'At least none that you can see.'}</p>
        </Empty>
      )}
      <More href={timeline.next && `${path}?${replies ? 'replies=1&' : ''}before=${timeline.next}`} />
    </>
  )
}

const ProfileActions = ({ shell, profile, path }: { shell: Shell; profile: ProfileView; path: string }) => {
  const { account } = profile
  if (shell.me?.id === account.id) {
    return (
      <>
        <a class="button quiet small" href="/settings/profile">
          <Picture name="gear" />
          Settings
        </a>
        <a class="button quiet small" href="/invite">
          Invite
        </a>
      </>
    )
  }
  if (shell.me)
    return <FollowButton me={shell.me} person={{ ...account, following: profile.following }} back={path} />
  const name = `@${account.handle}@${account.domain ?? shell.domain}`
  if (shell.neighbour) {
    // This home does not know them; the form goes to theirs, which asks where it came from.
    return (
      <form method="post" action="/people/follow">
        <input type="hidden" name="handle" value={name} />
        <button class="button" type="submit">
          Follow
        </button>
      </form>
    )
  }
  return (
    <a class="button" href={`/log-in?next=${encodeURIComponent(path)}`}>
      Follow
    </a>
  )
}

type ListProps = {
  shell: Shell
  title: string
  of: ProfileView
  side: 'followers' | 'following'
  people: readonly PersonView[]
  next: string | undefined
}

export const PeopleList = ({ shell, of, side, people, next }: ListProps) => {
  const path = `/@${of.account.handle}`
  return (
    <>
      <div class="head">
        <h1>
          <a href={path}>{of.account.displayName}</a>
        </h1>
      </div>
      <ul class="tabs">
        {(['following', 'followers'] as const).map((tab) => (
          <li key={tab}>
            <a href={`${path}/${tab}`} aria-current={isCurrent(shell, `${path}/${tab}`)}>
              {tab === 'following' ? 'Following' : 'Followers'}
            </a>
          </li>
        ))}
      </ul>
      {people.length > 0 ? (
        <ul class="card plain">
          {people.map((person) => (
            <Person key={person.id} shell={shell} person={person} />
          ))}
        </ul>
      ) : (
        <Empty icon="person" title={side === 'following' ? 'Follows nobody yet' : 'Nobody follows yet'} />
      )}
      <More href={next && `${path}/${side}?after=${next}`} />
    </>
  )
}

type SearchProps = { shell: Shell; q: string; people: readonly PersonView[]; wrong?: string | undefined }

export const Search = ({ shell, q, people, wrong }: SearchProps) => (
  <div class="stack">
    <div class="head">
      <h1>Search</h1>
    </div>
    <search>
      <form class="card" method="get" action="/search">
        <label for="q">
          <strong>Who are you looking for?</strong>
        </label>
        <p class="soft small">
          A name, a whole name of somebody elsewhere such as @ana@garden.example, or the address of a post.
        </p>
        <div class="row">
          <div class="grow">
            <input
              type="search"
              id="q"
              name="q"
              value={q}
              autocapitalize="none"
              spellcheck={false}
              required
            />
          </div>
          <button class="button" type="submit">
            Search
          </button>
        </div>
      </form>
    </search>
    {wrong && <Message kind="wrong">{wrong}</Message>}
    {people.length > 0 ? (
      <ul class="card plain">
        {people.map((person) => (
          <Person key={person.id} shell={shell} person={person} />
        ))}
      </ul>
    ) : (
      q !== '' &&
      !wrong && (
        <Empty icon="search" title="Nobody found">
          <p>People elsewhere are found by their whole name: @name@their.server</p>
        </Empty>
      )
    )}
  </div>
)
