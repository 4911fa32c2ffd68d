import type { paths as Published } from './schema.d.ts'

type Path = '/api/auth/token-refresh'
type Body<Content> = { content: { 'application/json': Content } }
type IssuedTokens = { accessToken: string; expiresIn: number; refreshToken?: string }
type Refresh = { post: { requestBody?: Body<{ refreshToken?: string }>; responses: { 200: Body<IssuedTokens> } } }
/** The contract of the service. A service without JWT does not publish the refresh, which the client then never calls. */
export type paths = Published extends Record<Path, unknown> ? Published : Published & Record<Path, Refresh>

type Json<Reply> = Reply extends { content: { 'application/json': infer Body } } ? Body : never
/** The body of a request: `Input<paths['/api/auth/login']['post']>`. */
export type Input<Call> = Call extends { requestBody: Body<infer Content> } ? Content : never
/** The body of a reply with status 200. */
export type Output<Call> = Call extends { responses: { 200: infer Reply } } ? Json<Reply> : never

export type Login = Input<paths['/api/auth/login']['post']>
export type Tokens = Output<paths[Path]['post']>
type State = Output<paths['/api/auth/check-auth']['get']>
export type Session = { user: NonNullable<State['user']>; session: NonNullable<State['session']> }
