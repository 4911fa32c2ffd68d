/** What is wrong with the address to listen on, and how to fix it; null for any other error. */
export function explainListen(error: unknown, { host, port }: { host: string; port: string }) {
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException
  if (!/^(listen|bind|getaddrinfo)$/.test(syscall)) return null
  if (code === 'EADDRINUSE') return `${port} is taken: stop the process that listens there, or set another ${port}`
  if (code === 'EACCES') return `${port} needs rights that this user does not have: set it to 1024 or more`
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set it to localhost or 0.0.0.0`
  return `${host} cannot be used: set it to localhost, 0.0.0.0, or an address of this machine (${code})`
}
