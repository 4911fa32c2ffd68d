import type postgres from 'postgres'

/** Every id of a revocation that was added begins with it. */
export const ADDED = 'f111f111'

/**
 * Adds revoked token sessions of nobody to PostgreSQL, the last of them revoked now and each other one `everyMs` before the
 * next: as many as no test could make by HTTP. They are copies of a revoked session that the service wrote, so they have whatever
 * columns that has.
 */
export async function addRevocations(sql: postgres.Sql, count: number, everyMs: number) {
  await sql`insert into sessions select copy.* from sessions model, generate_series(0, ${count - 1}) number,
    jsonb_populate_record(model, jsonb_build_object(
      'id', overlay(gen_random_uuid()::text placing ${ADDED} from 1), 'user_id', gen_random_uuid(),
      'revoked_at', now() - number * ${everyMs}::float8 * interval '1 ms')) copy
    where model.id = (select id from sessions where revoked_at is not null and kind = 'token' limit 1)`
}
