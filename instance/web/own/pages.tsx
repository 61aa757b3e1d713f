// What a member sees of their own: news, settings, invitations.

import { PROFILE_LIMITS } from '../../members/profile.ts'
import type { NotificationView } from '../../notifications/list.ts'
import type { NotificationKind } from '../../notifications/notify.ts'
import {
  Avatar,
  Empty,
  Field,
  Message,
  More,
  NewPasswordField,
  Sanitised,
  Secrets,
  Time,
} from '../components/bits.tsx'
import { type IconName, Picture } from '../components/icons.tsx'
import { acct, postPath, profilePath } from '../http/links.ts'
import type { Me, Shell } from '../http/shell.ts'

const KINDS: Readonly<Record<NotificationKind, { icon: IconName; text: string }>> = {
  mention: { icon: 'reply', text: 'wrote to you' },
  follow: { icon: 'person', text: 'follows you' },
  follow_request: { icon: 'lock', text: 'would like to follow you' },
  like: { icon: 'like', text: 'likes your post' },
  boost: { icon: 'boost', text: 'boosted your post' },
  notice: { icon: 'bell', text: 'Your community tells you something' },
}

const Note = ({ shell, me, note }: { shell: Shell; me: Me; note: NotificationView }) => {
  const { icon, text } = KINDS[note.kind]
  return (
    <li class={`card note ${note.kind}${note.unread ? ' unread' : ''}`}>
      <Picture name={icon} />
      {note.account && <Avatar origin={shell.origin} account={note.account} />}
      <div class="grow">
        <div class="said">
          <p>
            {note.unread && <span class="hidden">New: </span>}
            {note.account && (
              <a href={profilePath(note.account)} title={acct(note.account)}>
                <strong dir="auto">{note.account.displayName}</strong>
              </a>
            )}{' '}
            {note.post ? <a href={postPath(note.post)}>{text}</a> : text}
          </p>
          <span class="soft small">
            <Time at={note.at} now={shell.now} />
          </span>
        </div>
        {note.post && <Sanitised html={note.post.html} />}
        {note.kind === 'follow_request' && note.account && (
          <div class="row">
            {(['accept', 'reject'] as const).map((answer) => (
              <form key={answer} method="post" action={`/people/${note.account?.id}/${answer}`}>
                <Secrets me={me} back="/notifications" />
                <button class={`button small${answer === 'reject' ? ' quiet' : ''}`} type="submit">
                  {answer === 'accept' ? 'Let them' : 'No'}
                </button>
              </form>
            ))}
          </div>
        )}
      </div>
    </li>
  )
}

type NewsProps = {
  shell: Shell
  me: Me
  notifications: readonly NotificationView[]
  next: string | undefined
}

export const News = ({ shell, me, notifications, next }: NewsProps) => {
  const [first] = notifications
  return (
    <>
      <div class="head">
        <h1>News</h1>
        {me.unread > 0 && first && (
          <form method="post" action="/notifications/read">
            <Secrets me={me} back="/notifications" />
            <input type="hidden" name="up_to" value={first.id} />
            <button class="link" type="submit">
              Mark all as read
            </button>
          </form>
        )}
      </div>
      {notifications.length > 0 ? (
        <ol class="feed">
          {notifications.map((note) => (
            <Note key={note.id} shell={shell} me={me} note={note} />
          ))}
        </ol>
      ) : (
        <Empty icon="bell" title="No news yet">
          <p>When somebody follows you, writes to you, or likes what you wrote, you read it here.</p>
        </Empty>
      )}
      <More href={next && `/notifications?before=${next}`} />
    </>
  )
}

type SettingsProps = {
  shell: Shell
  me: Me
  profile: { displayName: string; bio: string; locked: boolean }
  wrong?: { readonly field?: string | undefined; readonly text: string } | undefined
  saved: boolean
}

export const ProfileSettings = ({ shell, me, profile, wrong, saved }: SettingsProps) => {
  const of = (field: string) => (wrong?.field === field ? wrong.text : undefined)
  return (
    <>
      <div class="head">
        <h1>Settings</h1>
      </div>
      {saved && <Message>Saved. The people who follow you will see it soon.</Message>}
      {wrong && !wrong.field && <Message kind="wrong">{wrong.text}</Message>}
      <form class="card" method="post" action="/settings/profile" encType="multipart/form-data">
        <Secrets me={me} />
        <h2>Your profile</h2>
        <p class="soft small">
          {acct(me.account)}@{shell.domain}
        </p>
        <Field
          name="picture"
          label="Picture"
          hint="JPEG, PNG, WebP, GIF or AVIF, up to 8 MB. It is cut to a square, and where it was taken is removed."
          wrong={of('picture')}
        >
          {(ids) => (
            <div class="row">
              <span id="picture-now">
                <Avatar origin={shell.origin} account={me.account} size="big" />
              </span>
              <input
                {...ids}
                type="file"
                name="picture"
                accept="image/jpeg,image/png,image/webp,image/gif,image/avif"
                data-preview="picture-now"
              />
            </div>
          )}
        </Field>
        {me.account.avatarUrl !== null && (
          <label class="choice field">
            <input type="checkbox" name="remove_picture" value="yes" />
            <span>Remove the picture</span>
          </label>
        )}
        <Field name="display_name" label="What people call you" wrong={of('display_name')}>
          {(ids) => (
            <input
              {...ids}
              type="text"
              name="display_name"
              maxLength={PROFILE_LIMITS.displayName}
              autocomplete="name"
              dir="auto"
              value={profile.displayName}
            />
          )}
        </Field>
        <Field
          name="bio"
          label="About you"
          hint={`Up to ${PROFILE_LIMITS.bio} characters. Links, @names and #tags work.`}
          wrong={of('bio')}
        >
          {(ids) => (
            <textarea {...ids} name="bio" rows={4} dir="auto">
              {profile.bio}
            </textarea>
          )}
        </Field>
        <label class="choice field">
          <input type="checkbox" name="locked" value="yes" checked={profile.locked} />
          <span>
            Approve followers
            <small>Whoever wants to follow you asks first.</small>
          </span>
        </label>
        <button class="button" type="submit">
          Save
        </button>
      </form>
      <PasswordSettings me={me} wrong={of('password')} />
      {me.role === 'organiser' && (
        <section class="card">
          <h2>For organisers</h2>
          <p class="soft">A member who forgot their password gets in by a link that works once, for a day.</p>
          <form method="post" action="/settings/reset-link">
            <Secrets me={me} />
            <Field name="handle" label="Name of the member" wrong={of('handle')}>
              {(ids) => (
                <input {...ids} type="text" name="handle" required autocapitalize="none" spellcheck={false} />
              )}
            </Field>
            <button class="button quiet" type="submit">
              Make a link
            </button>
          </form>
        </section>
      )}
      <section class="card">
        <h2>Leave for now</h2>
        <form method="post" action="/log-out">
          <Secrets me={me} />
          <button class="button quiet" type="submit">
            <Picture name="leave" />
            Log out
          </button>
        </form>
      </section>
    </>
  )
}

const PasswordSettings = ({ me, wrong }: { me: Me; wrong: string | undefined }) => (
  <section class="card">
    <h2>Password</h2>
    <form method="post" action="/settings/password">
      <Secrets me={me} />
      <input type="hidden" name="username" autocomplete="username" value={me.handle} />
      <Field name="current" label="Current password" wrong={wrong}>
        {(ids) => <input {...ids} type="password" name="current" required autocomplete="current-password" />}
      </Field>
      <NewPasswordField label="New password" more=" Ends your other sessions." />
      <button class="button quiet" type="submit">
        Change it
      </button>
    </form>
  </section>
)

/** A link that was just made; it is shown once and kept nowhere. */
export const MadeLink = ({ title, text, link }: { title: string; text: string; link: string }) => (
  <>
    <div class="head">
      <h1>{title}</h1>
    </div>
    <section class="card">
      <p>{text}</p>
      <label class="hidden" for="link">
        Link
      </label>
      <div class="copy">
        <input type="text" id="link" readOnly value={link} />
      </div>
      <p class="soft small">Copy it now: it is not shown again.</p>
    </section>
  </>
)

export const Invite = ({ shell, me, wrong }: { shell: Shell; me: Me; wrong?: string | undefined }) => (
  <>
    <div class="head">
      <h1>Invite a friend</h1>
      <p class="soft">
        Whoever comes by your link gets a home near yours, as long as there is room at your instance.
      </p>
    </div>
    {wrong && <Message kind="wrong">{wrong}</Message>}
    {shell.registration === 'Closed' ? (
      <Empty icon="gift" title="No invitations right now">
        <p>{shell.title} takes no new members at the moment.</p>
      </Empty>
    ) : (
      <form class="card" method="post" action="/invite">
        <Secrets me={me} />
        <Field name="uses" label="For how many people" hint="The link ends after two weeks.">
          {(ids) => (
            <select {...ids} name="uses">
              <option value="1">One</option>
              <option value="5">Up to 5</option>
              <option value="25">Up to 25</option>
            </select>
          )}
        </Field>
        <button class="button" type="submit">
          Make a link
        </button>
      </form>
    )}
  </>
)
