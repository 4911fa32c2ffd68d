import Type, { type Static } from 'typebox'
import { closed, IdCursor, Limit, NextCursor, Nullable, NullableString, Time } from '../../plugins/http/schemas.ts'
import { UUID_PATTERN } from '../../plugins/platform/db/ids.ts'

export const OCTETS = 'application/octet-stream'

/** No control characters, and none that make `exe.txt` look like `txt.exe` (Unicode TR 36, 3.2). */
const name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]+$',
  description: 'must be a name without control characters',
  examples: ['holiday.jpg']
})
const sha256 = Type.String({ pattern: '^[\\da-f]{64}$', description: 'must be a SHA-256 in lowercase hex' })

export const NewFile = Type.Object(
  {
    name,
    size: Type.Integer({ minimum: 0, description: 'In bytes', examples: [482_133] }),
    sha256: Type.Optional(sha256)
  },
  closed
)
export type NewFile = Static<typeof NewFile>

export const FileReply = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    size: Type.Integer({ description: 'In bytes' }),
    type: Nullable(Type.String(), { description: 'The type of an image, by its content; `null` for anything else' }),
    sha256: NullableString,
    state: Type.Enum(['pending', 'uploading', 'stored']),
    createdAt: Time
  },
  closed
)
export const NewFileReply = Type.Object(
  {
    file: FileReply,
    upload: Type.Object(
      { method: Type.Literal('PUT'), url: Type.String({ description: 'A path of this service' }), expiresAt: Time },
      { ...closed, description: 'Where to send the content, as `application/octet-stream`' }
    )
  },
  closed
)
/** In OpenAPI 3.1, a body without a schema is binary. */
const binary = (types: readonly string[]) => Object.fromEntries(types.map((type) => [type, { schema: Type.Unknown() }]))
export const octets = binary([OCTETS])
/** The replies with the content of a file of these types. */
export const contentReplies = (types: readonly string[]) => ({
  200: { description: 'All of it', content: binary(types) },
  206: { description: 'The range', content: binary(types) },
  304: Type.Null({ description: 'The client has it already' })
})

export const FileQuery = Type.Object({ limit: Limit(20), cursor: IdCursor }, closed)
export const FileList = Type.Object({ files: Type.Array(FileReply), nextCursor: NextCursor }, closed)
export const AvatarBody = Type.Object({ fileId: Type.String({ pattern: UUID_PATTERN }) }, closed)
