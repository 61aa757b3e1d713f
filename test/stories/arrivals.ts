// What a community's inboxes took: the server that another one's activities arrive at, and its memory of them.
import { runAt } from '../postgres/databases.ts'

/** An activity as it was taken. */
export type Arrival = {
  readonly id: string
  readonly type: string
  readonly actor: string
  /** The URI of what it is about. */
  readonly object: string
  /** All of it but its id and its signatures. */
  readonly says: string
  /** The key of the signature that it carries. */
  readonly key: string
}

/**
 * From now on everything that a home's inbox keeps is written down, also once it was applied and is out of the intake.
 * `url` is its database's, as the superuser. The function returned reads it, oldest first.
 */
export async function rememberArrivals(url: string): Promise<() => Promise<Arrival[]>> {
  await runAt(
    url,
    `CREATE SCHEMA seen;
     CREATE TABLE seen.arrivals (seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL);
     CREATE FUNCTION seen.remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
       'BEGIN INSERT INTO seen.arrivals (body) VALUES (NEW.body); RETURN NULL; END';
     CREATE TRIGGER remember AFTER INSERT ON intake FOR EACH ROW EXECUTE FUNCTION seen.remember()`,
  )
  return () =>
    runAt<Arrival>(
      url,
      `SELECT body->>'id' AS id, body->>'type' AS type, body->>'actor' AS actor,
              coalesce(body#>>'{object,id}', body->>'object') AS object, (body - 'id' - 'proof' - 'signature')::text AS says,
              body#>>'{signature,creator}' AS key
       FROM seen.arrivals ORDER BY seq`,
    )
}
