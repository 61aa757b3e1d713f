// What belongs to a member: the one list that copying, comparing, switching over and keeping all go by.
// A test walks the schema and fails on a table, or on a column that names people or posts, that is not spoken of here.
import { type RawBuilder, sql } from 'kysely'
import { isOfMember } from '../../store/kv.ts'

/** Where rows are read: at home, or staged (or kept) for a move. Gives a relation by a table's name. */
export type Place = (table: string) => RawBuilder<unknown>

export const HOME: Place = (table) => sql`public.${sql.id(table)}`
export const twins =
  (move: string): Place =>
  (table) =>
    sql`(SELECT * FROM carried.${sql.id(table)} WHERE move = ${move}::bigint)`

export type CarriedTable = {
  readonly table: string
  /** The primary key, with the types of its columns. */
  readonly key: Readonly<Record<string, string>>
  /** Whether a row, under the table's own name, is the member's. */
  readonly mine: (member: string, place: Place) => RawBuilder<boolean>
  /** Columns that name accounts and posts: what they name travels with the row. */
  readonly accounts?: readonly string[]
  readonly posts?: readonly string[]
  /** Rows a page; fewer where rows are big. */
  readonly page?: number
  /** A column too big to be turned into text for comparing; its own hash is checked on arrival and stands for it. */
  readonly hashed?: { readonly column: string; readonly by: string }
}

const is = (table: string, column: string) => (member: string) =>
  sql<boolean>`${sql.ref(`${table}.${column}`)} = ${member}::bigint`

const onOwnPost = (table: string) => (member: string, place: Place) =>
  sql`${sql.ref(`${table}.post_id`)} IN (SELECT own.id FROM ${place('posts')} AS own WHERE own.account_id = ${member}::bigint)`

const byOrOnOwn = (table: string) => (member: string, place: Place) =>
  sql<boolean>`(${is(table, 'account_id')(member)} OR ${onOwnPost(table)(member, place)})`

/** In an order in which they can be inserted. */
export const CARRIED: readonly CarriedTable[] = [
  { table: 'accounts', key: { id: 'bigint' }, mine: is('accounts', 'id') },
  { table: 'members', key: { id: 'bigint' }, mine: is('members', 'id') },
  {
    table: 'member_keys',
    key: { member_id: 'bigint', position: 'integer' },
    mine: is('member_keys', 'member_id'),
  },
  { table: 'sessions', key: { token_hash: 'bytea' }, mine: is('sessions', 'member_id') },
  {
    table: 'media',
    key: { member_id: 'bigint', sha256: 'text' },
    mine: is('media', 'member_id'),
    page: 20,
    hashed: { column: 'bytes', by: 'sha256' },
  },
  {
    table: 'posts',
    key: { id: 'bigint' },
    mine: is('posts', 'account_id'),
    accounts: ['account_id', 'in_reply_to_account_id'],
    posts: ['in_reply_to_id'],
  },
  {
    table: 'post_tags',
    key: { post_id: 'bigint', tag: 'text' },
    mine: (member, place) => sql<boolean>`${onOwnPost('post_tags')(member, place)}`,
    posts: ['post_id'],
  },
  {
    table: 'mentions',
    key: { post_id: 'bigint', account_id: 'bigint' },
    mine: (member, place) => sql<boolean>`${onOwnPost('mentions')(member, place)}`,
    accounts: ['account_id'],
    posts: ['post_id'],
  },
  {
    table: 'follows',
    key: { follower_id: 'bigint', followee_id: 'bigint' },
    mine: (member) => sql<boolean>`${member}::bigint IN (follows.follower_id, follows.followee_id)`,
    accounts: ['follower_id', 'followee_id'],
  },
  {
    table: 'likes',
    key: { account_id: 'bigint', post_id: 'bigint' },
    mine: byOrOnOwn('likes'),
    accounts: ['account_id'],
    posts: ['post_id'],
  },
  {
    table: 'boosts',
    key: { id: 'bigint' },
    mine: byOrOnOwn('boosts'),
    accounts: ['account_id'],
    posts: ['post_id'],
  },
  {
    table: 'notifications',
    key: { id: 'bigint' },
    mine: is('notifications', 'member_id'),
    accounts: ['account_id'],
    posts: ['post_id'],
  },
  { table: 'tombstones', key: { uri: 'text' }, mine: is('tombstones', 'member_id') },
  { table: 'outbox', key: { id: 'bigint' }, mine: is('outbox', 'member_id') },
  { table: 'deliveries', key: { id: 'bigint' }, mine: is('deliveries', 'member_id') },
  {
    table: 'kv',
    key: { key: 'text' },
    mine: isOfMember,
  },
  {
    table: 'post_aliases',
    key: { member_id: 'bigint', old_id: 'bigint' },
    mine: is('post_aliases', 'member_id'),
    posts: ['post_id'],
  },
]

/** Why rows of a table may stay where they are. Each reason is held against the schema and against real rows. */
export type Staying =
  /** They are the home's own: nothing in the schema ties them to people or posts. */
  | 'home'
  /** They are work: none is left when it is done, and what concerns somebody who left was passed on to them. */
  | 'work'
  /** The directory's table of the same name has every one of them. */
  | 'directory'

/** Tables that stay. One that belongs to a member cannot be put here: the tests of the reasons fail. */
export const NOT_CARRIED: Readonly<Record<string, Staying>> = {
  // Which home this is; its counts and caps; its processes.
  identity: 'home',
  home: 'home',
  boots: 'home',
  // What this home knows of other servers; learnt again.
  hosts: 'home',
  // What came for this home, and what it owes its siblings; they take it although the author has moved.
  intake: 'work',
  spool: 'work',
  // Moves that this home takes part in.
  moves: 'directory',
}

const byName = new Map(CARRIED.map((one) => [one.table, one]))

export function carried(table: string): CarriedTable {
  const found = byName.get(table)
  if (!found) throw new Error(`${table} is not carried`)
  return found
}

/** The key's columns of a table, for ORDER BY and comparing. */
export const keyColumns = (one: CarriedTable): RawBuilder<unknown> =>
  sql.join(Object.keys(one.key).map((column) => sql.ref(`${one.table}.${column}`)))

/** A key as text, which any column's type can be read from again. */
export const keyText = (one: CarriedTable): RawBuilder<string[]> =>
  sql`ARRAY[${sql.join(Object.keys(one.key).map((column) => sql`${sql.ref(`${one.table}.${column}`)}::text`))}]`

/** What a column names: it decides how the row travels. */
export type Meaning =
  /** The member whose row it is. */
  | 'member'
  /** An account or a post, which must be there too. */
  | 'account'
  | 'post'
  /** The row's own name, the same at every home. */
  | 'name'
  /** A number of the database's own, given anew. */
  | 'own-number'
  /** Belongs to a row that is carried as well. */
  | 'with-its-row'
  /** An address, which needs no row. */
  | 'address'

export const COLUMNS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  accounts: { id: 'member', uri: 'name', handle: 'name', followers_uri: 'address' },
  members: { id: 'member', handle: 'name', password_hash: 'name' },
  member_keys: { member_id: 'member' },
  sessions: { token_hash: 'name', member_id: 'member' },
  media: { member_id: 'member' },
  posts: {
    id: 'name',
    uri: 'name',
    account_id: 'account',
    in_reply_to_uri: 'address',
    in_reply_to_id: 'post',
    in_reply_to_account_id: 'account',
  },
  post_tags: { post_id: 'post' },
  mentions: { post_id: 'post', account_id: 'account' },
  follows: { follower_id: 'account', followee_id: 'account', activity_uri: 'address' },
  likes: { account_id: 'account', post_id: 'post', activity_uri: 'address' },
  boosts: { id: 'name', account_id: 'account', post_id: 'post', activity_uri: 'address' },
  notifications: { id: 'name', member_id: 'member', account_id: 'account', post_id: 'post' },
  tombstones: { uri: 'name', actor_uri: 'address', member_id: 'member' },
  outbox: { id: 'name', member_id: 'member', activity_uri: 'name' },
  deliveries: { id: 'own-number', outbox_id: 'with-its-row', member_id: 'member' },
  kv: { key: 'name' },
  post_aliases: { member_id: 'member', old_id: 'name', post_id: 'post' },
}
