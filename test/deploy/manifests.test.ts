import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { readSettings, settingNames } from '../../src/plugins/platform/config/settings.ts'
import { build, randomKey } from '../build.ts'

// The files in deploy/ agree with each other and with the service.

const DEPLOY = join(import.meta.dirname, '../../deploy')
const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8')
/** The longest time for requests in flight, in seconds: DRAIN_MS of server.ts. */
const DRAIN = 10

type Service = {
  image: string
  env_file: string
  environment: Record<string, string>
  ports?: string[]
  volumes?: string[]
  command?: string[]
  depends_on: Record<string, { condition: string }>
  networks: { front: { ipv4_address: string } }
  stop_grace_period: string
  healthcheck: { test: string[] }
}
const compose: { services: Record<string, Service> } = parse(read('compose.yaml'), { merge: true })
const development: typeof compose = parse(read('../compose.yaml'))
// biome-ignore lint/suspicious/noExplicitAny: the tests check what a manifest contains
type Manifest = Record<string, any>
const manifests: Manifest[] = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}`)).map((document) => document.toJS())
)
const ofKind = (kind: string) => manifests.find((manifest) => manifest['kind'] === kind) ?? {}
const seconds = (text = '') => Number(/^(\d+)s$/.exec(text)?.[1])
const inNginx = (pattern: RegExp) => [...read('nginx.conf').matchAll(pattern)].map(([, found = '']) => found)
const names = settingNames()

t.test('every setting in deploy/compose.yaml exists, and the service accepts its value', async (t) => {
  for (const name of ['app1', 'app2', 'app3', 'migrate']) {
    const environment = compose.services[name]?.environment ?? {}
    t.strictSame(
      Object.keys(environment).filter((key) => !names.includes(key)),
      [],
      name
    )
    t.equal(compose.services[name]?.env_file, '.env', 'other settings get there, too')
    const filled = Object.entries({ ...environment, CORS_API_ORIGINS: 'https://app.example.com' }).map(
      ([key, value]) => [key, value.replaceAll(/\$\{\w+:\?[^}]*\}/g, randomKey)]
    )
    const settings = readSettings(Object.fromEntries(filled))
    t.match(settings, { DB_MIGRATE: 'check', COOKIE_SECURE: true })
    t.strictSame(
      settings.TRUST_PROXY,
      [compose.services['nginx']?.networks.front.ipv4_address],
      'nginx, and nobody else'
    )
    const [, folder] = /^file:(\/\w+)/.exec(environment['STORAGE_URI'] ?? '') ?? []
    if (folder) t.ok(compose.services[name]?.volumes?.includes(`files:${folder}`), 'files are on a volume')
  }
})

t.test('compose.yaml for development runs npm run dev in the image, on the databases of production', async (t) => {
  const { app, ...databases } = development.services
  const { NODE_ENV, ...environment } = app?.environment ?? {}
  // The image has the right Node.
  const dev = JSON.parse(read('../package.json')).scripts.dev.replace(/ -r \S+/, '')
  t.equal(app?.command?.join(' '), dev)
  t.equal(NODE_ENV, 'development', 'it may write .env')
  t.strictSame(
    Object.keys(environment).filter((key) => !names.includes(key)),
    []
  )
  t.match(readSettings({ ...environment, SECRET_KEY: randomKey(), JWT_SECRET_KEY: randomKey() }), {
    DB_MIGRATE: 'auto'
  })
  for (const volume of app?.volumes?.filter((volume) => volume.startsWith('.')) ?? []) {
    const [, source = ''] = /^\.\/(.+):\/app\/\1:ro$/.exec(volume) ?? []
    t.ok(source && existsSync(join(DEPLOY, '..', source)), volume)
  }
  for (const name of ['postgres', 'redis']) t.equal(databases[name]?.image, compose.services[name]?.image, name)
  const ports = Object.values(development.services).flatMap((service) => service.ports ?? [])
  t.ok(ports.length > 0 && ports.every((port) => port.startsWith('127.0.0.1:')), 'only this machine can reach it')
})

t.test('nginx.conf lists the replicas of deploy/compose.yaml, with matching timeouts', async (t) => {
  const replicas = Object.keys(compose.services).filter((name) => name.startsWith('app'))
  t.strictSame(
    inNginx(/server (\w+:\d+) max_fails=1/g),
    replicas.map((name) => `${name}:3000`)
  )
  const addresses = replicas.map((name) => compose.services[name]?.networks.front.ipv4_address)
  t.equal(new Set(addresses).size, replicas.length, 'addresses that stay: nginx asks for them once')
  const [keepalive = 0] = inNginx(/keepalive 64;\s+keepalive_timeout (\d+)s/g).map(Number)
  for (const name of replicas) {
    const { environment, stop_grace_period: grace, depends_on: needs } = compose.services[name] as Service
    const delay = seconds(environment['SHUTDOWN_DELAY'])
    t.ok(keepalive > 0 && keepalive < delay, 'idle connections end before the replica does')
    for (const timeout of inNginx(/fail_timeout=(\d+)s/g)) t.ok(Number(timeout) > delay, 'left alone until it is gone')
    t.ok(seconds(grace) > delay + DRAIN, 'Docker waits for it')
    t.match(needs, { migrate: { condition: 'service_completed_successfully' } })
  }
  const check = compose.services['nginx']?.healthcheck.test.join(' ') ?? ''
  t.match(check, 'http://127.0.0.1:8081/readyz')
  t.match(read('nginx.conf'), 'listen 127.0.0.1:8081;')
})

t.test('every setting in the Kubernetes files exists, and the service accepts its value', async (t) => {
  const { data } = ofKind('ConfigMap')
  const { stringData } = ofKind('Secret')
  t.strictSame(
    Object.keys({ ...data, ...stringData }).filter((key) => !names.includes(key)),
    []
  )
  const keys = Object.entries(stringData).filter(([name]) => name.endsWith('_KEY'))
  t.ok(keys.length > 0)
  for (const [name, value] of keys) t.equal(value, '', `${name} is not in the repository`)
  t.ok(readSettings({ ...data, ...stringData, SECRET_KEY: randomKey(), JWT_SECRET_KEY: randomKey() }))
})

t.test(
  'on Kubernetes, only the ingress controller reaches the replicas, and only a small network is trusted',
  async (t) => {
    const { spec } = ofKind('NetworkPolicy')
    const { labels } = ofKind('Deployment')['spec'].template.metadata
    t.strictSame(spec.podSelector.matchLabels, labels)
    t.strictSame(spec.policyTypes, ['Ingress'], 'what it says of incoming connections is all that is allowed')
    const [rule, ...others] = spec.ingress
    t.strictSame(others, [])
    t.strictSame(rule.ports, [
      { protocol: 'TCP', port: ofKind('Deployment')['spec'].template.spec.containers[0].ports[0].name }
    ])
    t.equal(rule.from.length, 1, 'a pod of this namespace, and not any pod or any namespace')
    for (const selector of ['namespaceSelector', 'podSelector'])
      t.ok(Object.keys(rule.from[0][selector].matchLabels).length > 0, selector)
    t.notMatch(
      spec.podSelector.matchLabels,
      ofKind('Job')['spec'].template.metadata.labels,
      'a migration listens nowhere'
    )

    for (const range of ofKind('ConfigMap')['data'].TRUST_PROXY.split(','))
      t.ok(Number(range.split('/')[1] ?? 32) >= 24, `${range} is not the whole cluster`)
  }
)

t.test('the pods have the right probes, enough time to stop, and no privileges', async (t) => {
  const app = await build(t)
  const { spec } = ofKind('Deployment')
  const pod = spec.template.spec
  const [container] = pod.containers
  t.equal(container.ports[0].containerPort, 3000)
  const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet.path)
  t.strictSame(paths, ['/livez', '/readyz', '/livez'], 'an outage of the database restarts nobody')
  for (const url of new Set(paths)) t.ok(app.hasRoute({ method: 'GET', url }), url)
  const delay = seconds(ofKind('ConfigMap')['data'].SHUTDOWN_DELAY)
  t.ok(pod.terminationGracePeriodSeconds > delay + DRAIN)
  t.ok(delay > container.readinessProbe.periodSeconds * container.readinessProbe.failureThreshold)
  t.strictSame(spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 })
  t.ok(spec.replicas > ofKind('PodDisruptionBudget')['spec'].maxUnavailable)

  for (const selector of [
    spec.selector.matchLabels,
    ofKind('Service')['spec'].selector,
    ofKind('PodDisruptionBudget')['spec'].selector.matchLabels
  ])
    t.strictSame(selector, spec.template.metadata.labels)
  const job = ofKind('Job')['spec'].template
  t.strictNotSame(job.metadata.labels, spec.selector.matchLabels, 'a migration gets no requests')
  t.equal(job.spec.containers[0].image, container.image)
  for (const { securityContext: rights, containers, automountServiceAccountToken } of [pod, job.spec]) {
    t.match(rights, { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } })
    t.equal(automountServiceAccountToken, false)
    t.strictSame(containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] }
    })
  }
})

t.test('the systemd unit waits for requests in flight', async (t) => {
  const unit = read('app@.service')
  t.ok(Number(/TimeoutStopSec=(\d+)/.exec(unit)?.[1]) >= 2 * DRAIN)
  t.match(unit, 'ExecStart=/usr/bin/node src/server.ts\n')
})
