// Small parts that many pages use.
import type { ComponentChildren } from 'preact'
import type { AccountView } from '../../timelines/views.ts'
import { mediaPath } from '../http/links.ts'
import type { Me, Shell } from '../http/shell.ts'
import { exactTime, shortTime } from '../http/times.ts'
import { type IconName, Picture } from './icons.tsx'

/** One or two letters for somebody without a picture; whole characters, whatever the script. */
export function initials(name: string): string {
  const words = name.split(/[\s_.-]+/).flatMap((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? [])
  return (words.length > 1 ? `${words[0]}${words.at(-1)}` : (words[0] ?? '?')).toUpperCase()
}

/** The same colour for the same person, everywhere. */
export const hue = (id: string): number => Number(BigInt(id) % 9973n) % 10

type AvatarProps = { origin: string; account: AccountView; size?: 'big' | 'tiny' }

/** Decoration beside a name, so it has no text of its own. */
export const Avatar = ({ origin, account, size }: AvatarProps) => {
  const className = `avatar${size ? ` ${size}` : ''}`
  return account.avatarUrl ? (
    <img
      class={className}
      src={mediaPath(origin, account.avatarUrl)}
      alt=""
      width={size === 'big' ? 88 : size === 'tiny' ? 30 : 44}
      height={size === 'big' ? 88 : size === 'tiny' ? 30 : 44}
      loading="lazy"
      decoding="async"
      referrerpolicy="no-referrer"
    />
  ) : (
    <span class={`${className} hue-${hue(account.id)}`} aria-hidden="true">
      {initials(account.displayName)}
    </span>
  )
}

export const Time = ({ at, now }: { at: Date; now: Date }) => (
  <time dateTime={at.toISOString()} title={exactTime(at)}>
    {shortTime(at, now)}
  </time>
)

/** The fields of every form of a member. `back`: where to go afterwards. */
export const Secrets = ({ me, back }: { me: Me; back?: string }) => (
  <>
    <input type="hidden" name="csrf" value={me.csrf} />
    {back !== undefined && <input type="hidden" name="back" value={back} />}
  </>
)

export const Message = ({ kind, children }: { kind?: 'wrong' | 'wait'; children: ComponentChildren }) => (
  <div class={`message ${kind ?? ''}`} role={kind === 'wrong' ? 'alert' : 'status'}>
    {children}
  </div>
)

/** HTML that was sanitised before it was stored: the only place where a page takes HTML as it is. */
export const Sanitised = ({ html, lang }: { html: string; lang?: string }) => (
  <div class="text" dir="auto" lang={lang} dangerouslySetInnerHTML={{ __html: html }} />
)

type FieldProps = {
  name: string
  label: string
  hint?: string
  wrong?: string | undefined
  children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: 'true' }) => ComponentChildren
}

/** A labelled field; its hint and what is wrong with it are read out with it. */
export const Field = ({ name, label, hint, wrong, children }: FieldProps) => {
  const described = [hint && `${name}-hint`, wrong && `${name}-wrong`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {children({
        id: name,
        ...(described && { 'aria-describedby': described }),
        ...(wrong && { 'aria-invalid': 'true' as const }),
      })}
      {wrong && (
        <p class="wrong" id={`${name}-wrong`}>
          {wrong}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

export const Empty = ({
  icon,
  title,
  children,
}: {
  icon: IconName
  title: string
  children?: ComponentChildren
}) => (
  <div class="card empty">
    <Picture name={icon} />
    <h2>{title}</h2>
    <div class="soft">{children}</div>
  </div>
)

export const More = ({ href }: { href: string | undefined }) =>
  href === undefined ? null : (
    <nav class="pager" aria-label="Pages">
      <a class="button quiet" href={href} rel="next">
        Show older
      </a>
    </nav>
  )

export const isCurrent = (shell: Shell, path: string): 'page' | undefined =>
  shell.path.split('?', 1)[0] === path ? 'page' : undefined

/** Where a new password is typed; what is asked of it stands in the hint, and is checked again on the server. */
export const NewPasswordField = ({
  label,
  more = '',
  wrong,
}: {
  label: string
  more?: string
  wrong?: string | undefined
}) => (
  <Field name="password" label={label} hint={`At least 10 characters.${more}`} wrong={wrong}>
    {(ids) => (
      <input {...ids} type="password" name="password" required minLength={10} autocomplete="new-password" />
    )}
  </Field>
)
