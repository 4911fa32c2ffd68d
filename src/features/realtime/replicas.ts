import type { LiveMessage } from './messages.ts'

/** The way to the other replicas. What it loses of the log they find in SQL, a few seconds later. */
export type Replicas = {
  /** Whether this replica hears of messages that others write. */
  isHeard(): boolean
  /** Tells the others that a channel has messages up to a number. */
  tell(channel: string, seq: number): void
  /** Sends a message that is not stored to every replica, this one included. It may get lost. */
  send(message: LiveMessage): void
}

/** Without Redis, replicas only meet in SQL. */
export const createNoReplicas = (receive: (message: LiveMessage) => void): Replicas => ({
  isHeard: () => false,
  tell() {},
  send: receive
})
