import { and, eq, gt, inArray, isNotNull, or } from '../../plugins/platform/db/drizzle.ts'
import type { Tables } from '../../plugins/platform/db/types.ts'
import type { StoredFile } from './tables.ts'

/** Conditions that several queries share. */
export function createConditions({ files }: Pick<Tables, 'files'>) {
  return {
    isOwn: (userId: string, id: string) => and(eq(files.userId, userId), eq(files.id, id)),
    /** What a user sees, and what counts for the quota. */
    isLive: (now: Date) =>
      or(eq(files.state, 'stored'), and(inArray(files.state, ['pending', 'uploading']), gt(files.sweepAt, now))),
    /** This upload still counts: no other one took over, and nobody deleted the file. */
    isCurrent: ({ id, attempt }: StoredFile) =>
      and(eq(files.id, id), eq(files.attempt, attempt), eq(files.state, 'uploading'), isNotNull(files.userId))
  }
}
