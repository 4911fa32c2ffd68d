import t from 'tap'
import { parseJson } from '../../../../src/plugins/http/body/json.ts'

/** The result of parsing: the value, or the code and pointer of the error. */
function outcome(body: string | Buffer) {
  try {
    return { value: parseJson(Buffer.from(body)) }
  } catch (error) {
    const { code, errors } = error as { code: string; errors?: { pointer: string }[] }
    return { code, ...(errors && { pointers: errors.map(({ pointer }) => pointer) }) }
  }
}

const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)))

t.test('ASVS 1.5.3: valid JSON is parsed', async (t) => {
  const rows: [what: string, body: string | Buffer, value: unknown][] = [
    ['nothing', '', undefined],
    ['a BOM', bytes([0xef, 0xbb, 0xbf], '{"a":1}'), { a: 1 }],
    ['duplicate members, the last of which counts', '{"a":1,"a":2}', { a: 2 }],
    ['an empty member name', '{"":1}', { '': 1 }],
    ['a text on top', '"text"', 'text'],
    ['a number on top', '12', 12],
    ['null on top', 'null', null],
    ['a huge number', '1e400', Number.POSITIVE_INFINITY],
    ['a tiny number', '1e-400', 0],
    ['a surrogate pair', '"\\ud83d\\ude00"', '😀'],
    ['the names of methods', '{"toString":1,"constructor":"x"}', { toString: 1, constructor: 'x' }],
    ['an escaped backslash before u0000', '"\\\\u0000"', '\\u0000'],
    ['any script', '"Ⅷ ﷽ זה 👩‍👩‍👧"', 'Ⅷ ﷽ זה 👩‍👩‍👧']
  ]
  for (const [what, body, value] of rows) t.same(outcome(body), { value }, what)
})

t.test('ASVS 1.5.2, 15.3.6: a body that is not JSON in UTF-8 is MALFORMED_JSON', async (t) => {
  const rows: [what: string, body: string | Buffer][] = [
    ['blanks only', '  '],
    ['text behind the end', '{"a":1}x'],
    ['a second value', '{}{}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{"a":1/**/}'],
    ['single quotes', "{'a':1}"],
    ['a leading zero', '{"a":01}'],
    ['a hex number', '{"a":0x1}'],
    ['NaN', '{"a":NaN}'],
    ['a raw U+0000', '{"a":"\0"}'],
    ['a raw line break in a text', '{"a":"\n"}'],
    ['an early end', '{"a":'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['latin1', Buffer.from('{"a":"\xe9"}', 'latin1')],
    ['an over-long form', bytes('{"a":"', [0xc0, 0x80], '"}')],
    ['half a surrogate pair in UTF-8', bytes('{"a":"', [0xed, 0xa0, 0x80], '"}')],
    ['__proto__', '{"__proto__":{"a":1}}'],
    ['__proto__ further down', '{"a":[{"__proto__":null}]}'],
    ['__proto__ in escapes', '{"\\u005f_proto__":{}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}']
  ]
  for (const [what, body] of rows) t.same(outcome(body), { code: 'MALFORMED_JSON' }, what)
})

t.test('ASVS 1.3.3: U+0000 and half surrogate pairs are refused with their pointer', async (t) => {
  const rows: [body: string, pointer: string][] = [
    ['"\\u0000"', ''],
    ['{"a":"x\\u0000"}', '/a'],
    ['{"a":"\\ud800"}', '/a'],
    ['{"a":"\\uDFFF\\uD800"}', '/a'],
    ['{"a":{"b":["x",{"c":"\\u0000"}]}}', '/a/b/1/c'],
    ['{"\\u0000":1}', ''],
    ['{"a":{"\\ud800":1}}', '/a'],
    ['{"<b>":"\\u0000"}', '']
  ]
  for (const [body, pointer] of rows) t.same(outcome(body), { code: 'VALIDATION_FAILED', pointers: [pointer] }, body)
})

t.test('a deeply nested body is harmless', async (t) => {
  for (const body of ['['.repeat(50_000), `${'['.repeat(50_000)}"\\u0000"`, '{"a":'.repeat(16_000)]) {
    t.same(outcome(body), { code: 'MALFORMED_JSON' })
  }
  const nested = `${'['.repeat(50_000)}"\\ud800"${']'.repeat(50_000)}`
  t.match(outcome(nested), { code: 'VALIDATION_FAILED' })
  t.match(outcome(`{"__proto_":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), { value: Object })
  t.same(outcome(`${'{"a":'.repeat(10_000)}{"__proto__":1}${'}'.repeat(10_000)}`), { code: 'MALFORMED_JSON' })
})
