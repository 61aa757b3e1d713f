// What an instance declines to do, as data: one table gives each its HTTP status and its words.

type Kind = { status: number; text: string }

/**
 * Every reason to decline, with its HTTP status and what a person is told. `{name}` is filled from the refusal's details.
 * 503 and 429 carry Retry-After. 421 is for the door, which tries the right home; where it knows no other, a person reads
 * its words under a 503.
 */
export const REFUSALS = {
  // Anything a member does.
  elsewhere: { status: 421, text: 'This account cannot be reached right now. Try again in a few seconds.' },
  frozen: { status: 503, text: 'This account is being moved. Try again in a few seconds.' },
  suspended: { status: 403, text: 'This account is suspended. Ask a moderator of your community.' },
  unsettled: { status: 503, text: 'This account is not ready yet. Try again in a few seconds.' },
  restored: {
    status: 503,
    text: 'The database was restored and is being checked. Try again in a few seconds.',
  },
  'not-found': { status: 404, text: 'There is nothing here.' },
  forbidden: { status: 403, text: 'You may not do that.' },
  'log-in-first': { status: 401, text: 'Log in first.' },
  'bad-origin': {
    status: 403,
    text: 'This form was not sent from this site. Open the page again and repeat it.',
  },
  'bad-csrf': {
    status: 403,
    text: 'This page was open for too long. Open it again and repeat what you did.',
  },
  'too-many': { status: 429, text: 'Too many tries from your address. Try again in {minutes} minutes.' },
  busy: { status: 503, text: 'Many people are coming in right now. Try again in a few seconds.' },
  unavailable: {
    status: 503,
    text: 'This part of the community cannot be reached right now. Try again shortly.',
  },
  // Coming in.
  'bad-handle': {
    status: 422,
    text: 'A name has 1 to 30 characters: the letters a to z, digits and underscores.',
  },
  'reserved-handle': { status: 422, text: 'This name is reserved. Choose another one.' },
  'handle-taken': { status: 409, text: 'Somebody has or had this name. Choose another one.' },
  'short-password': { status: 422, text: 'A password has at least 10 characters.' },
  'long-password': { status: 422, text: 'A password has at most 500 characters.' },
  'password-is-handle': { status: 422, text: 'The password must not be the name.' },
  'long-display-name': { status: 422, text: 'A display name has at most 60 characters.' },
  closed: { status: 403, text: 'This community takes no new members right now.' },
  'invite-only': {
    status: 403,
    text: 'You need an invitation to join this community. Ask a member for a link.',
  },
  'bad-invite': {
    status: 403,
    text: 'This invitation has expired or was used up. Ask for a new link.',
  },
  'already-signed-up': { status: 409, text: 'This sign-up is complete. Log in.' },
  'sign-up-expired': { status: 409, text: 'This sign-up took too long. Start again.' },
  'directory-unreachable': {
    status: 503,
    text: 'Nobody can join this minute: the list of members cannot be reached. Try again shortly.',
  },
  'directory-regressed': {
    status: 503,
    text: 'Nobody can join right now: the list of members was restored from an older copy and must be checked first.',
  },
  // Logging in.
  'wrong-log-in': { status: 401, text: 'The name or the password is wrong.' },
  'too-many-for-name': {
    status: 429,
    text: 'Too many wrong passwords for this name. Try again in {minutes} minutes, or in a browser where you have logged in before.',
  },
  'wrong-password': { status: 403, text: 'The current password is wrong.' },
  'bad-reset': { status: 403, text: 'This link has expired or was used. Ask an organiser for a new one.' },
  // Writing.
  'empty-post': { status: 422, text: 'There is nothing in this post yet. Write something first.' },
  'long-post': {
    status: 422,
    text: 'A post has at most {most} characters; this one has {count}. Shorten it, or write two.',
  },
  'long-summary': { status: 422, text: 'A content warning has at most {most} characters. Shorten it.' },
  'many-mentions': { status: 422, text: 'A post names at most {most} people. Name fewer of them.' },
  'nobody-named': {
    status: 422,
    text: 'A post to certain people must name at least one of them. Write @ and a name.',
  },
  'unknown-person': {
    status: 422,
    text: 'Nobody called {name} was found, so they would not get this post. Check the name.',
  },
  'reply-stays-here': {
    status: 422,
    text: 'The post that you answer is only for your instance. Your answer must be, too.',
  },
  'reply-stays-direct': {
    status: 422,
    text: 'The post that you answer is only for the people named in it. Your answer must be, too.',
  },
  'too-many-posts': {
    status: 429,
    text: 'You have posted and boosted {most} times within an hour. Try again in {minutes} minutes.',
  },
  'not-boostable': {
    status: 403,
    text: 'Only public and unlisted posts can be boosted: this one was not meant for everybody.',
  },
  // People.
  'follow-yourself': { status: 422, text: 'You cannot follow yourself.' },
  'long-bio': { status: 422, text: 'A bio has at most {most} characters; this one has {count}. Shorten it.' },
  'picture-too-big': {
    status: 413,
    text: 'This picture has more than 8 MB. Choose a smaller one.',
  },
  'picture-unreadable': {
    status: 422,
    text: 'This file could not be read as a picture. Choose a JPEG, PNG, WebP, GIF or AVIF file.',
  },
  'picture-too-many-pixels': {
    status: 422,
    text: 'This picture has more than 50 million pixels. Choose a smaller one.',
  },
  'unknown-name': { status: 422, text: 'Nobody called {name} lives in this community. Check the name.' },
  // Where a member would like to live.
  'together-many': {
    status: 422,
    text: 'You can name at most {most} people; here are {count}. Take some out.',
  },
  'together-elsewhere': {
    status: 422,
    text: '{name} is somewhere else. Name people of this community.',
  },
  'together-yourself': { status: 422, text: 'This is your own name. Name other people.' },
  'wishes-unreachable': {
    status: 503,
    text: 'Where people live can be neither read nor changed this minute. Try again shortly.',
  },
  // Moving between homes: told to the operator, and by it to organisers.
  'member-unknown': { status: 404, text: 'There is no such member.' },
  'member-pending': { status: 409, text: 'This member is still signing up.' },
  'member-deleted': { status: 409, text: 'This member has left.' },
  'already-moving': { status: 409, text: 'This member is being moved already.' },
  'wishes-changed': { status: 409, text: 'This member has said anew what they wish since this was planned.' },
  'target-is-home': { status: 409, text: 'This member lives there already.' },
  'target-unknown': { status: 404, text: 'There is no such instance.' },
  'target-opening': { status: 409, text: 'This instance is not open yet.' },
  'target-closing': { status: 409, text: 'This instance takes nobody any more.' },
  'target-full': { status: 409, text: 'Every seat of this instance is taken.' },
  'moves-per-hour': { status: 409, text: 'As many members as may be moved within an hour were moved.' },
  'move-unknown': { status: 404, text: 'There is no such move.' },
  'move-overtaken': { status: 409, text: 'This move was taken up or given up by somebody else.' },
  'move-not-so-far': { status: 409, text: 'This move is at another step.' },
  'versions-differ': {
    status: 409,
    text: 'The two instances have different versions. Moves go on when both are upgraded.',
  },
  'copies-differ': { status: 409, text: 'The copy is not the same as the original: {tables}.' },
  'no-copy': { status: 404, text: 'No other instance has kept a copy of this member.' },
  'still-busy': { status: 503, text: 'What this member has under way takes too long. Try again shortly.' },
} as const satisfies Record<string, Kind>

export type RefusalCode = keyof typeof REFUSALS

/** A declined request. `retryAfter` in seconds. */
export type Refusal = {
  readonly kind: 'refusal'
  readonly code: RefusalCode
  readonly retryAfter?: number
  /** For the text and the log; never a secret. */
  readonly details?: Readonly<Record<string, string | number>>
}

export function refuse(code: RefusalCode, extra: Omit<Refusal, 'kind' | 'code'> = {}): Refusal {
  const later = REFUSALS[code].status === 503 ? { retryAfter: 5 } : {}
  return { kind: 'refusal', code, ...later, ...extra }
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refusal'
}

export function refusalStatus(refusal: Refusal): number {
  return REFUSALS[refusal.code].status
}

/** The refusal in words for the person who asked. */
export function refusalText(refusal: Refusal): string {
  return REFUSALS[refusal.code].text.replace(/\{(\w+)\}/g, (_, name: string) =>
    String(refusal.details?.[name] ?? '?'),
  )
}
