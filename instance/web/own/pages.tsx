// What a member sees of their own: settings, invitations.

import { PROFILE_LIMITS } from '../../members/profile.ts'
import { Avatar, Empty, Field, Message, NewPasswordField, Secrets } from '../components/bits.tsx'
import { Picture } from '../components/icons.tsx'
import { acct } from '../http/links.ts'
import type { Me, Shell } from '../http/shell.ts'

type SettingsProps = {
  shell: Shell
  me: Me
  profile: { displayName: string; bio: string; locked: boolean }
  wrong?: { readonly field?: string | undefined; readonly text: string } | undefined
  /** The name that an organiser typed to make a link for. */
  linkFor: string
  saved: boolean
}

export const ProfileSettings = ({ shell, me, profile, wrong, linkFor, saved }: SettingsProps) => {
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
      <section class="card">
        <h2>Where you live</h2>
        <p class="soft">Which home you have, and whom you would like to live with.</p>
        <a class="button quiet" href="/settings/home">
          Look
        </a>
      </section>
      <PasswordSettings me={me} wrong={{ current: of('current'), next: of('password') }} />
      {me.role === 'organiser' && (
        <section class="card">
          <h2>For organisers</h2>
          <p class="soft">A member who forgot their password gets in by a link that works once, for a day.</p>
          <form method="post" action="/settings/reset-link">
            <Secrets me={me} />
            <Field name="handle" label="Name of the member" wrong={of('handle')}>
              {(ids) => (
                <input
                  {...ids}
                  type="text"
                  name="handle"
                  value={linkFor}
                  required
                  autocapitalize="none"
                  spellcheck={false}
                />
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

type WrongPassword = { readonly current: string | undefined; readonly next: string | undefined }

const PasswordSettings = ({ me, wrong }: { me: Me; wrong: WrongPassword }) => (
  <section class="card">
    <h2>Password</h2>
    <form method="post" action="/settings/password">
      <Secrets me={me} />
      <input type="hidden" name="username" autocomplete="username" value={me.handle} />
      <Field name="current" label="Current password" wrong={wrong.current}>
        {(ids) => <input {...ids} type="password" name="current" required autocomplete="current-password" />}
      </Field>
      <NewPasswordField label="New password" more=" Ends your other sessions." wrong={wrong.next} />
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
