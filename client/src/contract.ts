import type { paths as Published } from './schema.d.ts'

type Body<Content> = { content: { 'application/json': Content } }
type Done = { 204: { content?: never } }
type OpenTicket = { ticket: string; expiresAt: string }
type TokenMembers = { accessToken: string; expiresIn: number; refreshToken?: string }
type Renewal = { responses: { 200: Body<TokenMembers> } & Done }

/** The calls of features that a service may be without. The client then never succeeds with them. */
type Features = {
  '/api/auth/token-refresh': {
    post: { requestBody?: Body<{ refreshToken?: string }>; responses: { 200: Body<TokenMembers> } }
  }
  '/api/auth/email-verification': {
    post: { responses: { 202: Body<OpenTicket> } }
    put: { requestBody: Body<{ ticket: string; code: string }>; responses: { 200: Body<User> } }
  }
  '/api/auth/password-reset': {
    post: { requestBody: Body<{ email: string }>; responses: { 202: Body<OpenTicket> } }
    put: { requestBody: Body<{ ticket: string; code: string; newPassword: string }>; responses: Done }
  }
  '/api/users/me/email': {
    post: { requestBody: Body<{ email: string }>; responses: { 202: Body<OpenTicket> } }
    put: Renewal & { requestBody: Body<{ ticket: string; code: string }> }
  }
}
/** The contract of the service. What it publishes is what counts. */
export type paths = Published & Omit<Features, keyof Published>

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
/** The body of a request: `Input<paths['/api/auth/login']['post']>`. */
export type Input<Call> = Call extends { requestBody: Body<infer Content> } ? Content : never
/** The body of a reply with status 200. */
export type Output<Call> = Call extends { responses: { 200: infer Reply } } ? Json<Reply> : never

export type Login = Input<paths['/api/auth/login']['post']>
/** How the new session reaches the client. */
export type SessionOptions = { authType: Login['authType']; refreshIn?: 'body' | 'cookie' }
export type Tokens = Output<paths['/api/auth/token-refresh']['post']>
type State = Output<Published['/api/auth/check-auth']['get']>
export type User = NonNullable<State['user']>
export type Session = { user: User; session: NonNullable<State['session']> }
