import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { openClient } from './client.ts'
import { quantile } from './figures.ts'
import { CLIENT_CORE, onCore } from './process.ts'

// Sends one request again and again from 32 connections: with wrk where it is installed, because a client in Node takes longer to
// send a request than bare Fastify takes to answer it, and a server that waits looks slower than it is.

type Sent = { requests: number; seconds: number; p50Ms: number; p99Ms: number }
const CONNECTIONS = 32

function hasWrk() {
  try {
    execFileSync('which', ['wrk'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
export const generator = hasWrk() ? 'wrk' : 'Node'

const UNITS: Record<string, number> = { us: 0.001, ms: 1, s: 1000 }
/** A time in the output of wrk, such as `Latency 1.52ms`, in ms. */
function timeIn(output: string, label: string) {
  const [, value = '', unit = ''] = new RegExp(`^ +${label} +([\\d.]+)(us|ms|s)$`, 'm').exec(output) ?? []
  return Number(value) * (UNITS[unit] ?? Number.NaN)
}

async function sendByWrk(port: number, bytes: Buffer, forMs: number): Promise<Sent> {
  const [first = '', ...lines] = bytes.toString().trimEnd().split('\r\n')
  const headers = lines.flatMap((line) => ['-H', line.replace(/^host:/, 'Host:')])
  // wrk takes whole seconds.
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${Math.ceil(forMs / 1000)}s`, '--latency', ...headers]
  const url = `http://127.0.0.1:${port}${first.split(' ')[1]}`
  const [program = '', ...words] = onCore(CLIENT_CORE, ['wrk', ...options, url])
  const { stdout } = await promisify(execFile)(program, words)
  const [, requests, seconds, unit] = /(\d+) requests in ([\d.]+)(s|m),/.exec(stdout) ?? []
  if (requests === undefined || unit !== 's' || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk: ${stdout}`)
  return {
    requests: Number(requests),
    seconds: Number(seconds),
    p50Ms: timeIn(stdout, '50%'),
    p99Ms: timeIn(stdout, '99%')
  }
}

async function sendByNode(port: number, bytes: Buffer, forMs: number): Promise<Sent> {
  // New connections each time: some servers close an idle one after five seconds.
  const client = await openClient(port, CONNECTIONS)
  const { requests, times, seconds } = await client.run({ next: () => bytes, forMs })
  client.close()
  return { requests, seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}

/** Sends the request for this long. Any status but 2xx fails. */
export const sendFor = generator === 'wrk' ? sendByWrk : sendByNode
