// What a member was told, newest first.
import type { NotificationView } from '../../notifications/list.ts'
import type { NotificationKind } from '../../notifications/notify.ts'
import { Avatar, Empty, More, Sanitised, Secrets, Time } from '../components/bits.tsx'
import { type IconName, Picture } from '../components/icons.tsx'
import { acct, postPath, profilePath } from '../http/links.ts'
import { homeName, type Me, type Shell } from '../http/shell.ts'

const KINDS = {
  mention: { icon: 'reply', text: 'wrote to you' },
  follow: { icon: 'person', text: 'follows you' },
  follow_request: { icon: 'lock', text: 'would like to follow you' },
  like: { icon: 'like', text: 'likes your post' },
  boost: { icon: 'boost', text: 'boosted your post' },
} as const satisfies Readonly<Partial<Record<NotificationKind, { icon: IconName; text: string }>>>

const Note = ({ shell, me, note }: { shell: Shell; me: Me; note: NotificationView }) => {
  const { icon, text } =
    note.kind === 'notice'
      ? // There is one at most, about the home that this page is of.
        { icon: 'here' as const, text: `You now live in ${homeName(shell)}. Nothing else changed.` }
      : KINDS[note.kind]
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
  /** Whether these are the newest: only then nothing unread is left out. */
  newest: boolean
  next: string | undefined
}

export const News = ({ shell, me, notifications, newest, next }: NewsProps) => {
  const [first] = notifications
  return (
    <>
      <div class="head">
        <h1>News</h1>
        {me.unread > 0 && newest && first && (
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
