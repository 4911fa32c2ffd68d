import type { paths as Published } from './schema.d.ts'

type Path = '/api/auth/token-refresh'
type Body<Content> = { content: { 'application/json': Content } }
type Tokens = { accessToken: string; expiresIn: number; refreshToken?: string }
type Refresh = { post: { requestBody?: Body<{ refreshToken?: string }>; responses: { 200: Body<Tokens> } } }
/** The contract of the service. A service without JWT does not publish the refresh, which the client then never calls. */
export type paths = Published extends Record<Path, unknown> ? Published : Published & Record<Path, Refresh>
