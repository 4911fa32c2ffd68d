import t from 'tap'
import { parseRedisUrl } from '../../../../src/plugins/platform/redis/url.ts'

const NOBODY = { username: '', password: '' }
const none = { name: '', ...NOBODY }

t.test('a single server, with its login and database number', async (t) => {
  const single = { topology: 'single', isSecure: false, ...NOBODY, db: 0, sentinel: none }
  const rows = {
    'redis://cache': { nodes: [{ host: 'cache', port: 6379 }] },
    'redis://[::1]:7000/': { nodes: [{ host: '::1', port: 7000 }] },
    'rediss://ada:p%40ss:word@cache:6380/2': {
      isSecure: true,
      nodes: [{ host: 'cache', port: 6380 }],
      username: 'ada',
      password: 'p@ss:word',
      db: 2
    },
    'redis://:a@b@cache': { nodes: [{ host: 'cache', port: 6379 }], password: 'a@b' }
  }
  for (const [url, parts] of Object.entries(rows)) t.strictSame(parseRedisUrl(url), { ...single, ...parts }, url)
})

t.test('a cluster, by some of its nodes, which share a login', async (t) => {
  const nodes = ['a', 'b', '10.0.0.3'].map((host, i) => ({ host, port: i === 1 ? 7001 : 6379 }))
  t.strictSame(parseRedisUrl('rediss+cluster://:hunter2@a,b:7001,10.0.0.3/'), {
    topology: 'cluster',
    isSecure: true,
    nodes,
    username: '',
    password: 'hunter2',
    db: 0,
    sentinel: none
  })
  t.match(parseRedisUrl('redis+cluster://endpoint'), { nodes: [{ host: 'endpoint', port: 6379 }] })
})

t.test('a server behind Sentinels, which may have a login of their own', async (t) => {
  const url = 'redis+sentinel://:hunter2@a,b:5000/my%20main/3?sentinelUsername=eve&sentinelPassword=p%26w'
  t.strictSame(parseRedisUrl(url), {
    topology: 'sentinel',
    isSecure: false,
    nodes: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 5000 }
    ],
    username: '',
    password: 'hunter2',
    db: 3,
    sentinel: { name: 'my main', username: 'eve', password: 'p&w' }
  })
  t.match(parseRedisUrl('redis+sentinel://a/main'), { db: 0, sentinel: { name: 'main' } })
})

t.test('anything else is refused', async (t) => {
  const wrong = [
    ...[
      '',
      'cache:6379',
      'http://cache',
      'redis:cache',
      'redis://',
      'redis://:6379',
      'redis:///0',
      'redis://a b',
      'redis://a:x'
    ],
    ...[
      'redis://a:70000',
      'redis://a,b',
      'redis://a/name',
      'redis://a/1/2',
      'redis://a?family=6',
      'redis://a#b',
      'redis://%ff@a'
    ],
    ...['redis+cluster://', 'redis+cluster://a,,b', 'redis+cluster://a/1', 'redis+cluster://a?sentinelPassword=x'],
    ...['redis+sentinel://a', 'redis+sentinel://a/', 'redis+sentinel://a/main/x', 'redis+sentinel://a/main?password=x'],
    ...['redis+other://a', 'REDIS://a', ' redis://a', 'redis://a\n']
  ]
  for (const url of wrong) t.throws(() => parseRedisUrl(url), url)
})
