import { connect, createServer as createTcp, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { Test } from 'tap'

// A private certificate authority, valid until 2126, and two of its certificates. The keys are for tests only.

export const authority = `-----BEGIN CERTIFICATE-----
MIIBmjCCAT+gAwIBAgIUYevE1NBbGT+szioV3LxpVBGr2Q0wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI3MTQyNzM5WhgPMjEy
NjExMDMxNDI3MzlaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEgW+GUAwLKuYEUC3+aWcRMM/hVNlJvzx7TOj9RpcL
yrWcfRV4fimb7DaXmhpsmQu/1fG9MS6pgGM7Eg9/0cNeZaNjMGEwHQYDVR0OBBYE
FNL+lC8U6d4zcwtKN/FFK5elIdGeMB8GA1UdIwQYMBaAFNL+lC8U6d4zcwtKN/FF
K5elIdGeMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoGCCqGSM49
BAMCA0kAMEYCIQDcPbq6qfhHOKptjR6xOZHIoxKf+ucvOOCLqJHzNHDtbwIhAPW/
OPsBI6+tq7iLNDlNE1NvFKA3NHDnUDUPDs001SVa
-----END CERTIFICATE-----
`
/** For localhost and 127.0.0.1. */
export const here = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBijCCATCgAwIBAgIUGglMbrmWNEAR4f1jBfU+xbu/fTMwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI3MTQyNzQwWhgPMjEy
NjExMDMxNDI3NDBaMA8xDTALBgNVBAMMBGhlcmUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASC2+k4+0VN4yARVo8wq+eavtIeyxuwF1F5L8cix+qLojeEGs0FboVj
Kr5G8/4AFb7vvIn07guRlcVJ4ZQegI7vo14wXDAaBgNVHREEEzARgglsb2NhbGhv
c3SHBH8AAAEwHQYDVR0OBBYEFOCNEu/9Mi4hNTXlirYkYZwaSRY+MB8GA1UdIwQY
MBaAFNL+lC8U6d4zcwtKN/FFK5elIdGeMAoGCCqGSM49BAMCA0gAMEUCIGJz9tcd
U2WtXb5WdyiSRD13qAgyl2HUYqR8TdWJFyHcAiEA2H00jrVKfOOKvaKOwAo39BfR
u/QkejlLnQcW5wUu+v4=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE+uL6g5Ad/PFDaPz
m0xYmfQy6hW7ZRut/raxkQcuQEqhRANCAASC2+k4+0VN4yARVo8wq+eavtIeyxuw
F1F5L8cix+qLojeEGs0FboVjKr5G8/4AFb7vvIn07guRlcVJ4ZQegI7v
-----END PRIVATE KEY-----
`
}
/** For elsewhere.example and for localhost, but not for 127.0.0.1. */
export const elsewhere = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUKgAwIBAgIUGglMbrmWNEAR4f1jBfU+xbu/fTQwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI3MTQyNzQwWhgPMjEy
NjExMDMxNDI3NDBaMBQxEjAQBgNVBAMMCWVsc2V3aGVyZTBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABB6l09sQeo2wlLuPqH7+tWW4apRyeLaYp5ICrvdH5pa/Wpa5
XnTRgX0wk1oy1mnp61cUZh0ApPe4d6wD51gWPXSjazBpMCcGA1UdEQQgMB6CEWVs
c2V3aGVyZS5leGFtcGxlgglsb2NhbGhvc3QwHQYDVR0OBBYEFGODTxxi4bp2xrLM
ZiE/3iRim+piMB8GA1UdIwQYMBaAFNL+lC8U6d4zcwtKN/FFK5elIdGeMAoGCCqG
SM49BAMCA0gAMEUCID5g163+E+pNRRnD+YccbGBQPPV21O9jyKNrQW7z7+CWAiEA
+2TUcXzHIHO8SY92lu69ncFNSbBv2GfNakOL+ZI1U6w=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnyARrhKYAQXS6KNW
aV9FwL1GqwkDEbpLrM+NdlKK9WihRANCAAQepdPbEHqNsJS7j6h+/rVluGqUcni2
mKeSAq73R+aWv1qWuV500YF9MJNaMtZp6etXFGYdAKT3uHesA+dYFj10
-----END PRIVATE KEY-----
`
}

function pipe(from: Socket, to: Socket) {
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
  from.pipe(to)
}

/**
 * Starts a server with this certificate in front of the one at `target`, and counts what it receives over TLS. Without a
 * certificate it does not use TLS. A PostgreSQL client first asks for TLS with eight bytes of its own.
 */
export async function listenWithTls(
  t: Test,
  certificate: typeof here | null,
  protocol: 'redis' | 'postgres',
  target = 0
) {
  const told = { bytes: 0, connections: 0 }
  const tls = createServer(certificate ?? {}, (socket) => {
    socket.on('data', (data) => {
      told.bytes += data.length
    })
    const behind = connect(target, '127.0.0.1')
    pipe(socket, behind)
    pipe(behind, socket)
  })
  tls.on('tlsClientError', () => {})
  const server = createTcp((socket) => {
    told.connections++
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    if (protocol === 'redis' && certificate) return tls.emit('connection', socket)
    // Without TLS, Redis reads the handshake as a command, and PostgreSQL answers N.
    const refuse = () => socket.end(protocol === 'redis' ? '-ERR unknown command\r\n' : '')
    if (protocol === 'redis') return socket.once('data', refuse)
    socket.once('data', () => {
      socket.write(certificate ? 'S' : 'N')
      if (certificate) tls.emit('connection', socket)
      else socket.once('data', refuse)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { told, port: (server.address() as { port: number }).port }
}
