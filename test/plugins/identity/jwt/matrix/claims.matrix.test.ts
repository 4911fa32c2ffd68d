import t from 'tap'
import { forge } from '../forge.ts'
import { changed, checkTable, forEachTarget, KEY, type Row, raw, type Target } from './target.ts'

const now = () => Math.floor(Date.now() / 1000)

const times = (target: Target): Row[] => [
  ['exp past', changed(target, { exp: now() - 60 }), 'TOKEN_EXPIRED'],
  ['exp just past the tolerance', changed(target, { exp: now() - 5 }), 'TOKEN_EXPIRED'],
  ['exp 0', changed(target, { exp: 0 }), 'TOKEN_EXPIRED'],
  ['exp near', changed(target, { exp: now() + 60 }), null],
  ['exp missing', changed(target, { exp: undefined })],
  ['exp a text', changed(target, { exp: `${now() + 60}` })],
  ['exp a list', changed(target, { exp: [now() + 60] })],
  ['exp an object', changed(target, { exp: {} })],
  ['exp null', changed(target, { exp: null })],
  ['exp true', changed(target, { exp: true })],
  ['exp negative', changed(target, { exp: -1 })],
  ['exp a fraction', changed(target, { exp: now() + 60.5 })],
  ['exp 1e400', raw(target, 'exp', '1e400')],
  ['exp beyond 53 bits', raw(target, 'exp', '9007199254740993')],
  ['nbf ahead', changed(target, { nbf: now() + 60 })],
  ['nbf a text', changed(target, { nbf: 'now' })],
  ['nbf past', changed(target, { nbf: now() - 60 }), null],
  ['iat ahead beyond the tolerance', changed(target, { iat: now() + 60 })],
  ['iat past', changed(target, { iat: now() - 60 }), null],
  ['iat a text', changed(target, { iat: `${now()}` })],
  ['iat a list', changed(target, { iat: [now()] })],
  ['iat missing', changed(target, { iat: undefined })],
  ['iat null', changed(target, { iat: null })],
  ['iat negative', changed(target, { iat: -1 })],
  ['iat 1e400', raw(target, 'iat', '1e400')]
]

const odd = { missing: undefined, empty: '', 'an object': {}, 'a list': [], null: null, 'a number': 5, true: true }

function claims(target: Target): Row[] {
  const { parts } = target
  const all = ['iss', 'aud', ...target.own]
  return [
    ...all.flatMap((name): Row[] => {
      const value = parts.claims[name] as string
      // For a count, five is a valid but wrong value.
      const values = Object.entries(odd).filter(([, other]) => typeof value !== 'number' || other !== 5)
      return [
        ...values.map(([what, other]): Row => [`${name} ${what}`, changed(target, { [name]: other })]),
        [`${name} in a list`, changed(target, { [name]: [value] })],
        [`${name} in a list of two`, changed(target, { [name]: ['x', value] })],
        [`${name} in an object`, changed(target, { [name]: { value } })],
        [`${name} with a prefix`, changed(target, { [name]: `x${value}` })],
        [`${name} with a suffix`, changed(target, { [name]: `${value}x` })],
        [`${name} with a space`, changed(target, { [name]: `${value} ` })],
        [`${name} with a line break`, changed(target, { [name]: `${value}\n` })],
        [`${name} with NUL`, changed(target, { [name]: `${value}\0` })],
        [`${name} shorter`, changed(target, { [name]: `${value}`.slice(0, -1) })],
        [`${name} in braces`, changed(target, { [name]: `{${value}}` })],
        [`expired and ${name} missing`, changed(target, { exp: 1, [name]: undefined })]
      ]
    }),
    ...all
      .filter((name) => typeof parts.claims[name] === 'string')
      .map(
        (name): Row => [`${name} in upper case`, changed(target, { [name]: `${parts.claims[name]}`.toUpperCase() })]
      ),
    // Only a token that is otherwise valid counts as expired.
    ['expired and for others', changed(target, { exp: 1, aud: 'others' })],
    ['expired with another key', forge(parts.header, { ...parts.claims, exp: 1 }, 'another key')],
    [
      'the audience of the other kind',
      changed(target, { aud: target.kind === 'access' ? `${parts.claims['aud']}/refresh` : parts.claims['iss'] })
    ],
    ['a claim more', changed(target, { role: 'admin', kind: 'cookie', alg: 'none' }), null],
    ['of two sid the last counts', forge(parts.header, JSON.stringify(parts.claims).replace('}', ',"sid":"x"}'), KEY)]
  ]
}

const generations = (target: Target): Row[] =>
  [-1, 0.5, '0', 1, 2 ** 53, Number.MAX_SAFE_INTEGER].map((gen) => [`gen ${gen}`, changed(target, { gen })])

/** A claim whose text ends with a byte that UTF-8 does not have. */
function notUtf8({ parts, key }: Target, name: string) {
  const text = JSON.stringify({ ...parts.claims, [name]: `${parts.claims[name] ?? ''}@` })
  const at = text.indexOf('@"')
  return forge(
    parts.header,
    Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.from([0xff]), Buffer.from(text.slice(at + 1))]),
    key
  )
}

function payloads(target: Target): Row[] {
  const { header, claims } = target.parts
  const notObjects = ['[]', 'null', '"text"', '5', 'true', '{', '{}', '']
  const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`
  return [
    ...notObjects.map((text): Row => [`payload ${text}`, forge(header, text, KEY)]),
    ['payload in a list', forge(header, [claims], KEY)],
    ['payload as a text', forge(header, JSON.stringify(JSON.stringify(claims)), KEY)],
    ['text behind the payload', forge(header, `${JSON.stringify(claims)}x`, KEY)],
    ['1000 levels deep', raw(target, 'deep', deep), null],
    ['1000 levels deep in place of the sid', raw(target, 'sid', deep)],
    ['__proto__', raw(target, '__proto__', '{"sid":"x"}'), null],
    ['__proto__ in place of the claims', forge(header, `{"__proto__":${JSON.stringify(claims)}}`, KEY)],
    ['constructor', raw(target, 'constructor', '{"prototype":{"sid":"x"}}'), null],
    ['not UTF-8 in a claim that nobody reads', notUtf8(target, 'x'), null],
    ['not UTF-8 in the sid', notUtf8(target, 'sid')],
    ['not UTF-8 in the issuer', notUtf8(target, 'iss')],
    [
      'not UTF-8 outside of texts',
      forge(header, Buffer.concat([Buffer.from(JSON.stringify(claims)), Buffer.from([0xff])]), KEY)
    ]
  ]
}

t.test('ASVS 9.2.1: the times are present, in whole seconds, and in the allowed range', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, times(target)))
)

t.test('ASVS 9.2.1, 9.2.3, 9.2.4, 16.5.1: each claim is present, with exactly the type and value that we issue', (t) =>
  forEachTarget(t, async (t, target) => {
    await checkTable(t, target, claims(target))
    if (target.kind === 'refresh') await checkTable(t, target, generations(target))
  })
)

t.test('ASVS 9.2.1, 16.5.1: the payload is a JSON object, however it is formatted', (t) =>
  forEachTarget(t, (t, target) => checkTable(t, target, payloads(target)))
)
