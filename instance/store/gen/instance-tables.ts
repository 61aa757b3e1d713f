import type { ColumnType } from "kysely";
export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;
export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export type accounts = {
    id: string;
    uri: string;
    /**
     * Case-folded user name.
     */
    handle: string;
    /**
     * null: our own community.
     */
    domain: string | null;
    display_name: Generated<string>;
    /**
     * Sanitised.
     */
    bio_html: Generated<string>;
    url: string;
    inbox: string;
    shared_inbox: string | null;
    followers_uri: string | null;
    avatar_url: string | null;
    locked: Generated<boolean>;
    bot: Generated<boolean>;
    /**
     * The stored ActivityPub actor document of a resident, served as it is.
     */
    actor_json: string | null;
    /**
     * When the cache of a remote person was last fetched; null for our own community.
     */
    fetched_at: Timestamp | null;
    created_at: Generated<Timestamp>;
    updated_at: Generated<Timestamp>;
};
export type boosts = {
    id: string;
    account_id: string;
    post_id: string;
    visibility: string;
    activity_uri: string;
    created_at: Generated<Timestamp>;
};
export type boots = {
    id: string;
    started_at: Generated<Timestamp>;
};
export type deliveries = {
    id: Generated<string>;
    outbox_id: string;
    member_id: string;
    ordering_key: string;
    inbox: string;
    host: string;
    attempts: Generated<number>;
    next_at: Generated<Timestamp>;
    leased_until: Timestamp | null;
    lease: string | null;
    last_error: string | null;
    dead_at: Timestamp | null;
};
export type follows = {
    follower_id: string;
    followee_id: string;
    /**
     * pending | accepted
     */
    state: string;
    activity_uri: string | null;
    created_at: Generated<Timestamp>;
};
export type home = {
    one: Generated<boolean>;
    cap: number;
    residents: Generated<number>;
    high_water: Generated<number>;
    directory_incarnation: Generated<number>;
    directory_revision: Generated<string>;
    /**
     * Members whom the directory homes here and whom this database lacks, since it was restored to an older copy.
     */
    missing: Generated<number>;
    /**
     * Stands for just these members.
     */
    missing_code: Generated<string>;
};
export type hosts = {
    host: string;
    /**
     * draft-cavage-http-signatures-12 | rfc9421
     */
    signature_form: string | null;
    failures: Generated<number>;
    open_until: Timestamp | null;
};
export type identity = {
    one: Generated<boolean>;
    domain: string;
    prefix: string;
    ordinal: number;
};
export type intake = {
    id: Generated<string>;
    activity_uri: string;
    actor_uri: string;
    /**
     * A handle for a personal inbox, null for the shared one.
     */
    recipient: string | null;
    body: unknown;
    /**
     * An ordinal when a sibling handed it over, null when this pod verified it.
     */
    from_sibling: number | null;
    /**
     * The sender's spool number: a hand-over that is repeated is stored once.
     */
    sibling_seq: string | null;
    attempts: Generated<number>;
    next_at: Generated<Timestamp>;
    leased_until: Timestamp | null;
    lease: string | null;
    last_error: string | null;
    dead_at: Timestamp | null;
    received_at: Generated<Timestamp>;
};
export type kv = {
    key: string;
    value: unknown;
    expires_at: Timestamp;
};
export type likes = {
    account_id: string;
    post_id: string;
    activity_uri: string;
    created_at: Generated<Timestamp>;
};
export type media = {
    member_id: string;
    sha256: string;
    content_type: string;
    bytes: Buffer;
    width: number;
    height: number;
    created_at: Generated<Timestamp>;
};
export type member_keys = {
    member_id: string;
    position: number;
    algorithm: string;
    private_jwk: unknown;
    public_jwk: unknown;
};
export type members = {
    id: string;
    handle: string;
    /**
     * pending (sign-up not yet committed) | active | suspended | frozen | staged | leaving
     */
    state: string;
    epoch: Generated<number>;
    /**
     * member | moderator | organiser
     */
    role: Generated<string>;
    password_hash: string;
    /**
     * As typed by the member.
     */
    bio_text: Generated<string>;
    locked: Generated<boolean>;
    signup_token: string | null;
    expires_at: Timestamp | null;
    created_at: Generated<Timestamp>;
    last_seen_at: Timestamp | null;
};
export type mentions = {
    post_id: string;
    account_id: string;
};
export type moves = {
    /**
     * The directory's.
     */
    id: string;
    /**
     * source | target
     */
    side: string;
    member_id: string;
    /**
     * The other home's ordinal.
     */
    other: number;
    /**
     * The member's epoch when the move began.
     */
    epoch: number;
    /**
     * The highest seen.
     */
    attempt: number;
    /**
     * source: logging | quiet | frozen | demoted; target: staging | copied | sealed | active; either: undone
     */
    state: string;
    /**
     * The member's state before they were frozen.
     */
    was: string | null;
    /**
     * target: the copying that may write; one that was overtaken by another may not.
     */
    run: string | null;
    /**
     * target: how far the copy is.
     */
    progress: unknown | null;
    /**
     * target: the member's account row is here only because of the move.
     */
    added_account: Generated<boolean>;
    /**
     * target: up to which number of the intake is what the source had taken in for the member; null before that is known.
     */
    late: string | null;
    /**
     * source: the target has seen all of a frozen member, and may have become their home.
     */
    shown: Generated<boolean>;
    frozen_at: Timestamp | null;
    created_at: Generated<Timestamp>;
    changed_at: Generated<Timestamp>;
};
export type notifications = {
    id: string;
    member_id: string;
    /**
     * mention | follow | follow_request | like | boost | notice
     */
    kind: string;
    account_id: string | null;
    post_id: string | null;
    created_at: Generated<Timestamp>;
    read_at: Timestamp | null;
};
export type outbox = {
    id: string;
    member_id: string;
    activity_uri: string;
    /**
     * Activities with the same key go in the order of their ids.
     */
    ordering_key: string;
    activity: unknown;
    /**
     * Normalised and proof-signed once, when first sent.
     */
    signed: string | null;
    created_at: Generated<Timestamp>;
};
export type post_aliases = {
    member_id: string;
    old_id: string;
    post_id: string;
};
export type post_tags = {
    post_id: string;
    tag: string;
};
export type posts = {
    id: string;
    uri: string;
    url: string;
    account_id: string;
    /**
     * public | unlisted | followers | direct | instance
     */
    visibility: string;
    /**
     * The ordinal where an "only my instance" post was written.
     */
    instance: number | null;
    /**
     * Sanitised; served as it is.
     */
    content_html: string;
    /**
     * As typed by a resident.
     */
    content_text: string | null;
    summary: Generated<string>;
    sensitive: Generated<boolean>;
    language: string | null;
    in_reply_to_uri: string | null;
    in_reply_to_id: string | null;
    in_reply_to_account_id: string | null;
    /**
     * The stored ActivityPub Note of a resident, served as it is.
     */
    object_json: string | null;
    published_at: Timestamp;
    edited_at: Timestamp | null;
    received_at: Generated<Timestamp>;
};
export type sessions = {
    token_hash: Buffer;
    member_id: string;
    csrf: string;
    created_at: Generated<Timestamp>;
    last_used_at: Generated<Timestamp>;
    expires_at: Timestamp;
    user_agent: Generated<string>;
};
export type spool = {
    seq: Generated<string>;
    ordinal: number;
    activity_uri: string;
    actor_uri: string;
    recipient: string | null;
    body: unknown;
    created_at: Generated<Timestamp>;
};
export type tombstones = {
    uri: string;
    actor_uri: string;
    /**
     * Set when it was a resident's, or a block of a resident: it travels with them.
     */
    member_id: string | null;
    created_at: Generated<Timestamp>;
};
export type DB = {
    accounts: accounts;
    boosts: boosts;
    boots: boots;
    deliveries: deliveries;
    follows: follows;
    home: home;
    hosts: hosts;
    identity: identity;
    intake: intake;
    kv: kv;
    likes: likes;
    media: media;
    member_keys: member_keys;
    members: members;
    mentions: mentions;
    moves: moves;
    notifications: notifications;
    outbox: outbox;
    post_aliases: post_aliases;
    post_tags: post_tags;
    posts: posts;
    sessions: sessions;
    spool: spool;
    tombstones: tombstones;
};
