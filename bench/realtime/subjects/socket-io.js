import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { dataOf } from './message.ts'

// Socket.IO: a room that every client joins, with its default settings but for pings, which the load generator does not answer.

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost')
  io.to('room').emit('message', dataOf(Number(searchParams.get('n'))))
  response.end('{}')
})
const io = new Server(server, { pingInterval: 3_600_000 })
io.on('connection', (socket) => socket.join('room'))
server.listen(Number(process.env['PORT']), '127.0.0.1')
