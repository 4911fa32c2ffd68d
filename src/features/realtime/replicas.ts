/** The way to the other replicas. Whatever it loses they find in SQL, a few seconds later. */
export type Replicas = {
  /** Whether this replica hears of messages that others write. */
  isHeard(): boolean
  /** Tells the others that a channel has messages up to a number. */
  tell(channel: string, seq: number): void
}

/** Without Redis, replicas only meet in SQL. */
export const noReplicas: Replicas = { isHeard: () => false, tell() {} }
