import type { ColumnType } from "kysely";
export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;
export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export type actor_keys = {
    position: number;
    algorithm: string;
    private_jwk: unknown;
    public_jwk: unknown;
};
export type figures = {
    ordinal: number;
    /**
     * By its residents, whoever may read them.
     */
    posts: string;
    counted_at: Generated<Timestamp>;
};
export type instances = {
    ordinal: number;
    /**
     * Seats of this instance that may be taken at most; lowered here first, raised here last.
     */
    cap: number;
    /**
     * Kept by a trigger on members: pending, active, reserved and leaving seats.
     */
    taken: Generated<number>;
    /**
     * Opening (no seats given yet) | Active | Draining | Retired
     */
    state: string;
    /**
     * Base URL of the internal port.
     */
    address: string;
    created_at: Generated<Timestamp>;
    /**
     * Why it is or was emptied: Asked (spec.drain names it) | Fewer (fewer instances would do).
     */
    drained_for: string | null;
    /**
     * When the state last changed.
     */
    state_since: Generated<Timestamp>;
};
export type invites = {
    /**
     * SHA-256 of the link's secret.
     */
    hash: Buffer;
    /**
     * member | organiser
     */
    role: Generated<string>;
    /**
     * The member who made it; null for the operator's.
     */
    created_by: string | null;
    /**
     * Place the guest at the inviter's home if it has room.
     */
    uses_left: number;
    expires_at: Timestamp | null;
    created_at: Generated<Timestamp>;
};
export type members = {
    id: string;
    /**
     * Case-folded.
     */
    handle: string;
    home: number;
    epoch: Generated<number>;
    /**
     * pending | active | deleted
     */
    state: string;
    /**
     * member | moderator | organiser
     */
    role: Generated<string>;
    /**
     * A seat is held: everybody but the deleted.
     */
    seated: Generated<boolean>;
    signup_token: string | null;
    invite_hash: Buffer | null;
    expires_at: Timestamp | null;
    created_at: Generated<Timestamp>;
    activated_at: Timestamp | null;
};
export type meta = {
    one: Generated<boolean>;
    domain: string;
    prefix: string;
    incarnation: Generated<number>;
    revision: Generated<string>;
    /**
     * Keys the hashes that ids of remote posts and accounts come from.
     */
    secret: Buffer;
    created_at: Generated<Timestamp>;
};
export type moves = {
    id: string;
    member_id: string;
    source: number;
    target: number;
    /**
     * The member's when the move began.
     */
    epoch: number;
    /**
     * Raised by whoever takes the move up, so that a driver who wakes up late is refused everywhere.
     */
    attempt: Generated<number>;
    /**
     * reserved | subscribed | copied | quiesced | frozen | verified | switched | activated | done,
     * or undoing | undone. A seat is held at the target before the switch and at the source after it.
     */
    step: Generated<string>;
    /**
     * Why it was undone.
     */
    code: string | null;
    created_at: Generated<Timestamp>;
    changed_at: Generated<Timestamp>;
    /**
     * The uid of the Rebalance that it belongs to.
     */
    rebalance: string | null;
    /**
     * What kept it from going on at a step, and since when. It is over once the move is at another step.
     */
    trouble: unknown | null;
};
export type password_resets = {
    hash: Buffer;
    member_id: string;
    expires_at: Timestamp;
};
export type rate_limits = {
    bucket: string;
    count: number;
    ends_at: Timestamp;
};
export type rebalances = {
    /**
     * As in moves.
     */
    id: string;
    /**
     * Asked | Overflow | Headroom | Draining | Wishes | Unfinished
     */
    reason: string;
    /**
     * Percent of all friendship within homes, before and as planned.
     */
    kept_before: number | null;
    kept_after: number | null;
};
export type settings = {
    one: Generated<boolean>;
    title: string;
    description: Generated<string>;
    /**
     * Open | Invite | Closed
     */
    registration: string;
    /**
     * The cap that a new instance gets.
     */
    per_instance: number;
    sign_ups_per_hour: number;
    log_ins_per_hour: number;
    posts_per_hour: number;
    /**
     * Ordinals the operator was told to stop growing at.
     */
    max_instances: number;
    /**
     * Newcomers get no seat that members who have to move need: the operator moves them.
     */
    keep_seats: Generated<boolean>;
    /**
     * Of a plan that waits until somebody approves it: how many would move, if that is known, and why. Null: none waits.
     */
    proposed_moves: number | null;
    proposed_reason: string | null;
};
export type together = {
    member_id: string;
    with_id: string;
};
export type waiting = {
    id: Generated<string>;
    /**
     * The sign-up token that their page holds, hashed.
     */
    token_hash: Buffer;
    handle: string;
    password_hash: string;
    display_name: Generated<string>;
    role: Generated<string>;
    invite_hash: Buffer | null;
    created_at: Generated<Timestamp>;
};
export type wishes = {
    member_id: string;
    /**
     * To stay where they are.
     */
    pinned: Generated<boolean>;
    /**
     * To be moved nearer to the people they follow. Granted by any move that began after `changed_at`.
     */
    wants_move: Generated<boolean>;
    changed_at: Generated<Timestamp>;
};
export type DB = {
    actor_keys: actor_keys;
    figures: figures;
    instances: instances;
    invites: invites;
    members: members;
    meta: meta;
    moves: moves;
    password_resets: password_resets;
    rate_limits: rate_limits;
    rebalances: rebalances;
    settings: settings;
    together: together;
    waiting: waiting;
    wishes: wishes;
};
