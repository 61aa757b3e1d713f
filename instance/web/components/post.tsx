// A post, with what can be done with it.
import type { Entry, PostView } from '../../timelines/views.ts'
import { acct, postPath, profilePath } from '../http/links.ts'
import type { Me, Shell } from '../http/shell.ts'
import { AUDIENCES } from './audiences.ts'
import { Avatar, Sanitised, Secrets, Time } from './bits.tsx'
import { type IconName, Picture } from './icons.tsx'

type Props = {
  shell: Shell
  entry: Entry
  /** The post that the page is about. */
  focus?: boolean
}

export const Post = ({ shell, entry, focus = false }: Props) => {
  const { post, boostedBy } = entry
  const audience = AUDIENCES[post.visibility]
  const name = `post-${entry.id}`
  return (
    <article class={`card post${focus ? ' focus' : ''}`} id={name} aria-labelledby={`${name}-who`}>
      {boostedBy && (
        <p class="why">
          <Picture name="boost" />
          <span>
            <a href={profilePath(boostedBy)}>{boostedBy.displayName}</a> boosted
          </span>
        </p>
      )}
      {post.reply && !focus && entry.depth === 0 && <AnswerTo post={post} />}
      <header>
        <Avatar origin={shell.origin} account={post.author} />
        <div class="who">
          <a href={profilePath(post.author)} id={`${name}-who`}>
            <strong dir="auto">{post.author.displayName}</strong>
            <span class="soft">{acct(post.author)}</span>
          </a>
        </div>
        <div class="when">
          <span title={audience.label}>
            <Picture name={audience.icon} />
            <span class="hidden">{audience.label}</span>
          </span>
          <a href={postPath(post)}>
            <Time at={post.publishedAt} now={shell.now} />
          </a>
        </div>
      </header>
      {post.summary ? (
        <details class="warning">
          <summary>
            <strong>Content warning:</strong> <span dir="auto">{post.summary}</span>
          </summary>
          <Sanitised html={post.html} />
        </details>
      ) : (
        <Sanitised html={post.html} />
      )}
      {post.editedAt && (
        <p class="soft small">
          Edited <Time at={post.editedAt} now={shell.now} />
        </p>
      )}
      <Acts shell={shell} post={post} name={name} />
    </article>
  )
}

const AnswerTo = ({ post }: { post: PostView }) => {
  const to = post.reply?.author
  const words = to
    ? to.id === post.author.id
      ? 'continues a thread'
      : `answers ${to.displayName}`
    : 'answers a post'
  return (
    <p class="why">
      <Picture name="reply" />
      {post.reply?.id && to ? (
        <a href={postPath({ id: post.reply.id, author: to })}>{words}</a>
      ) : (
        <span>{words}</span>
      )}
    </p>
  )
}

const Acts = ({ shell, post, name }: { shell: Shell; post: PostView; name: string }) => {
  const { me } = shell
  const boostable = post.visibility === 'public' || post.visibility === 'unlisted'
  const back = `${shell.path.split('#', 1)[0]}#${name}`
  return (
    <div class="acts">
      {me ? (
        <>
          <a class="act" href={`/posts/${post.id}/reply`}>
            <Picture name="reply" />
            <span class="hidden">Reply </span>
            <span>{post.replies || ''}</span>
          </a>
          {boostable ? (
            <Toggle me={me} post={post} verb="boost" on={post.boosted} count={post.boosts} back={back} />
          ) : (
            <span class="act" title="Not meant for everybody, so it cannot be boosted">
              <Picture name="lock" />
              <span class="hidden">Cannot be boosted</span>
            </span>
          )}
          <Toggle me={me} post={post} verb="like" on={post.liked} count={post.likes} back={back} />
          <Menu me={me} post={post} back={back} />
        </>
      ) : (
        <>
          <Shown icon="reply" count={post.replies} text="replies" />
          <Shown icon="boost" count={post.boosts} text="boosts" />
          <Shown icon="like" count={post.likes} text="likes" />
          {shell.neighbour ? (
            <a class="act" href={`/search?q=${encodeURIComponent(post.uri)}`}>
              Open at your home
            </a>
          ) : (
            <span />
          )}
        </>
      )}
    </div>
  )
}

const Shown = ({ icon, count, text }: { icon: IconName; count: number; text: string }) => (
  <span class="act">
    <Picture name={icon} />
    <span>
      {count || ''}
      <span class="hidden">
        {count === 0 ? 'No' : ''} {text}
      </span>
    </span>
  </span>
)

type ToggleProps = {
  me: Me
  post: PostView
  verb: 'like' | 'boost'
  on: boolean
  count: number
  back: string
}

const Toggle = ({ me, post, verb, on, count, back }: ToggleProps) => (
  <form
    method="post"
    action={`/posts/${post.id}/${on ? `un${verb}` : verb}`}
    data-toggle={`${verb} un${verb}`}
  >
    <Secrets me={me} back={back} />
    <button class={`act ${verb}`} type="submit" aria-pressed={on ? 'true' : 'false'}>
      <Picture name={verb} />
      <span class="hidden">{verb === 'like' ? 'Like' : 'Boost'} </span>
      <span data-number>{count || ''}</span>
    </button>
  </form>
)

const Menu = ({ me, post, back }: { me: Me; post: PostView; back: string }) => (
  <details class="more">
    <summary class="act" aria-label="More">
      <Picture name="more" />
    </summary>
    <div class="menu">
      <p>
        <a href={post.url} {...(!post.author.resident && { rel: 'noopener noreferrer', target: '_blank' })}>
          {post.author.domain === null ? 'Address of this post' : `See it at ${post.author.domain}`}
        </a>
      </p>
      {post.mine && (
        <p>
          <a href={`/posts/${post.id}/edit`}>Edit this post</a>
        </p>
      )}
      {post.mine && (
        <form method="post" action={`/posts/${post.id}/delete`}>
          <Secrets me={me} back={back} />
          <p>Deleting takes it back everywhere it was sent to.</p>
          <button class="button danger small wide" type="submit">
            Delete this post
          </button>
        </form>
      )}
    </div>
  </details>
)

export const Feed = ({ shell, entries }: { shell: Shell; entries: readonly Entry[] }) => (
  <ol class="feed">
    {entries.map((entry) => (
      <li key={entry.id}>
        <Post shell={shell} entry={entry} />
      </li>
    ))}
  </ol>
)
