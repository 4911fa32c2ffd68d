import type { FastifyInstance } from 'fastify'

// Features do not import each other: the types of realtime come with its decorator.

export type Realtime = FastifyInstance['realtime']
/** Something open that belongs to a session. */
export type Connection = Parameters<Realtime['connections']['admit']>[0]
/** Reads one channel on behalf of a session. */
export type Reader = Parameters<Realtime['fanOut']['add']>[0]
/** A message of a log. `data` is JSON. */
export type Message = Parameters<Reader['deliver']>[0][number]
/** A message to send: a name that clients know, and anything that JSON can hold. */
export type NewMessage = Parameters<FastifyInstance['notify']>[1]
/** Whose socket it is. */
export type Owner = Pick<Connection, 'userId' | 'sid'>
