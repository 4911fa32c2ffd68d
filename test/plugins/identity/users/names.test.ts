import t from 'tap'
import { isEmail } from '../../../../src/plugins/http/body/email.ts'
import { emailKey, NAME_PATTERN, USERNAME_PATTERN, usernameKey } from '../../../../src/plugins/identity/users/names.ts'

// Compiled the way Ajv does it.
const isUsername = (text: string) => new RegExp(USERNAME_PATTERN, 'u').test(text)
const isName = (text: string) => new RegExp(NAME_PATTERN, 'u').test(text)

t.test(
  'usernames have letters, digits, and marks of any script, with dots, underscores, and hyphens between them',
  async (t) => {
    const accepted = {
      latin: ['ada', 'Ada', 'ada.lovelace', 'ada_b-c', 'a--b', 'a._-b', '007', 'x2', 'Zoë', 'Zoe\u0308', 'Straße'],
      others: ['Ὀδυσσεύς', 'Анна', 'שרה', 'فاطمة', 'मनीषा', 'สมหญิง', '花子', 'ハナコ', '지영', 'ⵣⴰⵢ', '𐌰𐌹', '٣٤٥'],
      compatible: ['Ｂｏｂ', 'ﬁfi', '①②③', 'ℌans']
    }
    for (const [what, names] of Object.entries(accepted)) {
      for (const name of names) t.equal(isUsername(name), true, `${what}: ${name}`)
    }
  }
)

t.test(
  'usernames have no invisible characters, no punctuation at an end, and nothing that makes them an address',
  async (t) => {
    const refused = {
      'like an address': ['ada@example.com', 'ada＠example', 'ada﹫example'],
      'punctuation at an end': ['.ada', 'ada.', '_ada', 'ada_', '-ada', 'ada-', '.', '...', 'ada.\u0308'],
      'a mark first': ['\u0308ada'],
      spaces: ['ada b', ' ada', 'ada ', 'ada\tb', 'ada\nb', 'ada\u00a0b', 'ada\u3000b', 'ada\n'],
      'invisible characters': [
        'a\u200bda',
        'a\u200cda',
        'a\u200dda',
        'ada\ufeff',
        'a\u00adda',
        'a\u2060da',
        'a\u034fda'
      ],
      'invisible letters': ['ad\u3164a', 'ad\u115fa', 'ad\uffa0a', 'ad\u17b4a', 'ad\u{e0101}a', 'ad\ufe0fa'],
      directions: ['a\u202eda', 'a\u2066da', 'a\u200fda', 'a\u061cda'],
      controls: ['a\0da', 'a\x1bda', 'a\x7fda', 'a\x85da', 'a\r\nb'],
      symbols: [
        'a+b',
        'a/b',
        'a\\b',
        "a'b",
        'a"b',
        'a<b>',
        'a;b',
        'a%b',
        'a$b',
        'a:b',
        'a|b',
        'a&b',
        'a,b',
        '👩‍🚀',
        'a😀b'
      ],
      'halves of characters': ['a\ud800b', 'a\udc00b'],
      'private and unassigned': ['a\ue000b', 'a\u0378b'],
      nothing: ['']
    }
    for (const [what, names] of Object.entries(refused)) {
      for (const name of names) t.equal(isUsername(name), false, `${what}: ${JSON.stringify(name)}`)
    }
  }
)

t.test('names are any text that is not blank and has no control characters', async (t) => {
  const accepted = [
    'Ada Lovelace',
    "O'Brien",
    '花子',
    ' Ada ',
    '👩‍🚀',
    '<b>Ada</b>',
    '\u202eadA',
    'a\u00a0b',
    '§ 5',
    '0'
  ]
  for (const name of accepted) t.equal(isName(name), true, JSON.stringify(name))
  const refused = ['', ' ', '   ', '\u3000\u00a0', 'a\0b', 'a\nb', 'a\r\nb', 'a\tb', '\x1b[31mAda', 'a\x7f', 'a\x85b']
  for (const name of refused) t.equal(isName(name), false, JSON.stringify(name))
})

t.test('ASVS 2.3.3: usernames that look or read alike share a key', async (t) => {
  const groups = [
    ['Bob', 'bob', 'BOB', 'Ｂｏｂ', '𝐁𝐨𝐛'],
    ['straße', 'STRASSE', 'Strasse', 'STRAẞE'],
    ['ὀδυσσεύς', 'ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύσ'],
    ['Zoë', 'Zoe\u0308', 'ZOË'],
    ['ﬁn', 'fin', 'FIN'],
    ['Kelvin', '\u212aelvin'],
    ['ſam', 'sam'],
    ['ǆ', 'ǅ', 'Ǆ', 'dž']
  ]
  for (const [first = '', ...others] of groups) {
    for (const other of others) t.equal(usernameKey(other), usernameKey(first), `${other} is ${first}`)
  }
  t.equal(new Set(groups.map(([first = '']) => usernameKey(first))).size, groups.length, 'and the groups differ')
})

t.test(
  'the key of every character allowed in usernames is stable, ignores case, and is never an address',
  async (t) => {
    const odd = []
    for (let code = 0; code < 0x11_0000; code++) {
      const character = String.fromCodePoint(code)
      if (!/[\p{L}\p{M}\p{N}]/u.test(character)) continue
      const key = usernameKey(character)
      const isFolded = key === usernameKey(character.toLowerCase()) && key === usernameKey(character.toUpperCase())
      if (!isFolded || key !== usernameKey(key) || key.includes('@')) odd.push(code.toString(16))
    }
    t.strictSame(odd, [])
  }
)

t.test('email addresses are compared ignoring case, by the ASCII form of their domain', async (t) => {
  const rows: [email: string, key: string][] = [
    ['Ada@Example.COM', 'ada@example.com'],
    ['Ada@B\u00fccher.Example', 'ada@xn--bcher-kva.example'],
    ['ada@BU\u0308CHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@XN--Bcher-KVA.example', 'ada@xn--bcher-kva.example'],
    ['ada@stra\u00dfe.example', 'ada@xn--strae-oqa.example'],
    ['ada@例え.テスト', 'ada@xn--r8jz45g.xn--zckzah'],
    // ASCII addresses have the same key as in earlier versions.
    ['ada@0x7f.1', 'ada@0x7f.1'],
    ['ada@xn--.example', 'ada@xn--.example'],
    ['b\u00fccher.example', 'b\u00fccher.example'],
    ['@', '@'],
    ['', '']
  ]
  for (const [email, key] of rows) t.equal(emailKey(email), key, email)
})

t.test('an email address has an ASCII local part and a valid domain', async (t) => {
  const accepted = [
    'a.b+c@example.co.uk',
    "o'brien@example.com",
    'A@B.CD',
    'x@xn--bcher-kva.example',
    'ada@b\u00fccher.example'
  ]
  accepted.push(
    'ada@bu\u0308cher.example',
    'ada@例え.テスト',
    'ada@почта.рф',
    'ada@उदाहरण.परीक्षा',
    `ada@${'b'.repeat(246)}.de`
  )
  for (const email of accepted) t.equal(isEmail(email), true, email)
  const refused = [
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@example',
    'ada@b\u00fccher',
    'a b@example.com',
    'a@b@c.de',
    '.ada@example.com'
  ]
  refused.push(
    'ada@-example.com',
    'ada@b\u00fccher-.example',
    'ada..b@example.com',
    'ada@example.com.',
    'ada@b\u00fccher..example'
  )
  refused.push(
    '\u00e4d\u00e4@example.com',
    '\u212aelvin@example.com',
    '"ada"@example.com',
    '"a b"@example.com',
    'ada,eve@example.com'
  )
  refused.push(
    'ada@example.com,eve@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@example.com\n',
    '<ada@example.com>'
  )
  refused.push(
    'ada@b\u00fccher.example\0',
    'ada@b\u0000\u00fccher.example',
    'ada@b\u0085\u00fccher.example',
    'ada@[192.0.2.1]'
  )
  refused.push(
    'ada@b\u00fccher\u3002example',
    'ada@b\u200d\u00fccher.example',
    'ada@\u202eb\u00fccher.example',
    'ada@xn--\u00fc.example'
  )
  refused.push(
    `ada@${'\u00fc'.repeat(120)}.${'\u00e4'.repeat(120)}.example`,
    'ada(comment)@example.com',
    'ada@exa_mple.com'
  )
  for (const email of refused) t.equal(isEmail(email), false, JSON.stringify(email))
})
