import type { Shell } from '../http/shell.ts'
import { Scene } from './icons.tsx'

type Props = { shell: Shell; status: number; title: string; text: string }

/** What went wrong, in words, with a way on. */
export const Failure = ({ shell, status, title, text }: Props) => (
  <div class="failure narrow">
    <Scene />
    <h1>{title}</h1>
    <p class="soft">{text}</p>
    <div class="row">
      {status === 503 || status === 429 ? (
        <a class="button" href={shell.path}>
          Try again
        </a>
      ) : status === 401 ? (
        <a class="button" href={`/log-in?next=${encodeURIComponent(shell.path)}`}>
          Log in
        </a>
      ) : null}
      <a class="button quiet" href={shell.me ? '/home' : '/'}>
        {shell.me ? 'Back home' : `To ${shell.title}`}
      </a>
    </div>
  </div>
)
