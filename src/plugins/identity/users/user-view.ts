import type { FastifyRequest } from 'fastify'
import Type, { type Static, type TSchema } from 'typebox'
import { closed } from '../../http/schemas.ts'
import { type Profile, userMembers } from './schemas.ts'
import type { User } from './tables.ts'

/** A member that a feature adds to a reply about a user: its schema, and how to read it. */
export type Member = { schema: TSchema; read(userId: string): Promise<unknown> }
/** A member that a feature adds to the reply of a sign-up: its schema, and how to make it. */
export type SignUpMember = { schema: TSchema; create(request: FastifyRequest, user: User): Promise<unknown> }
export type UserView = ReturnType<typeof createUserView>

const ownSchema = Type.Object(userMembers, closed)
/** `user` in every reply. Features may add members. */
export type UserReply = Static<typeof ownSchema>

/** The schema of a reply with these members and those that features added. */
export function withMembers<Own extends Record<string, TSchema>>(own: Own, added: ReadonlyMap<string, Member>) {
  const schemas = Object.fromEntries([...added].map(([name, { schema }]) => [name, schema]))
  return Type.Object({ ...own, ...schemas } as Own, closed)
}

/** The values of those that features added. */
export async function readMembers(added: ReadonlyMap<string, Member>, userId: string) {
  if (added.size === 0) return {}
  const values = await Promise.all([...added].map(async ([name, { read }]) => [name, await read(userId)] as const))
  return Object.fromEntries(values)
}

/** What replies show of a user. */
export function createUserView() {
  const members = new Map<string, Member>()
  return {
    /** Adds a member to `user` in every reply. */
    add: (name: string, member: Member) => void members.set(name, member),
    /** To be called when routes are mounted: then all members are there. */
    schema: () => withMembers(userMembers, members),
    async show({ id, username, email, name, createdAt }: Profile): Promise<UserReply> {
      return { id, username, email, name, createdAt, ...(await readMembers(members, id)) }
    }
  }
}
