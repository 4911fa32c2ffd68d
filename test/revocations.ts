import type postgres from 'postgres'

/** The ids of added revocations begin with this. */
export const ADDED = 'f111f111'

/**
 * Adds more revoked token sessions to PostgreSQL than a test could make over HTTP. They are copies of a session that the
 * service revoked, belong to no user, and are `everyMs` apart; the last one is revoked now.
 */
export async function addRevocations(sql: postgres.Sql, count: number, everyMs: number) {
  await sql`insert into sessions select copy.* from sessions model, generate_series(0, ${count - 1}) number,
    jsonb_populate_record(model, jsonb_build_object(
      'id', overlay(gen_random_uuid()::text placing ${ADDED} from 1), 'user_id', gen_random_uuid(),
      'revoked_at', now() - number * ${everyMs}::float8 * interval '1 ms')) copy
    where model.id = (select id from sessions where revoked_at is not null and kind = 'token' limit 1)`
}
