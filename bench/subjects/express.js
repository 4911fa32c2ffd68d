import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import jsonwebtoken from 'jsonwebtoken'
import passport from 'passport'
import { createClient } from 'redis'
import { WHOAMI } from './replies.ts'

// Express with Passport: sessions in Redis, tokens from jsonwebtoken, no request log.

const secret = 'a secret with a length of more than thirty-two characters'
const client = await createClient({ url: process.env['REDIS_URL'] }).connect()
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
const byCookie = [
  session({ secret, store: new RedisStore({ client }), resave: false, saveUninitialized: false }),
  passport.session()
]
app.post('/login', byCookie, (request, response) => {
  const accessToken = jsonwebtoken.sign({ sub: WHOAMI.userId }, secret, { expiresIn: '1h' })
  request.logIn({ id: WHOAMI.userId }, () => response.json({ accessToken }))
})
app.get('/whoami/cookie', byCookie, (request, response) => {
  const { user } = request
  if (user) response.json({ ...WHOAMI, userId: user.id })
  else response.sendStatus(401)
})
app.get('/whoami/bearer', (request, response) => {
  const [, token = ''] = request.headers.authorization?.split(' ') ?? []
  const { sub } = jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] })
  response.json({ ...WHOAMI, userId: sub })
})
app.listen(Number(process.env['PORT']), '127.0.0.1')
