import type { Client } from 'openapi-fetch'
import type { Input, Login, Output, paths, SessionOptions } from './contract.ts'
import { ApiError, orThrow } from './errors.ts'
import type { Renew, SignIn } from './session.ts'
import { createPasskey, hasAutofill, hasPasskeys, PasskeyError, signWithPasskey } from './webauthn.ts'

type Registration = Input<paths['/api/users/me/passkeys']['post']>
type Assertion = Pick<Input<paths['/api/auth/passkeys/login']['post']>, 'ticket' | 'credential'>
/** `staleAt`: when another one has to be used, by `performance.now()`. */
type Challenge = Output<paths['/api/auth/passkeys/challenge']['post']> & { staleAt: number }
type SignInOptions = Pick<Login, 'remember'>
type AutofillOptions = SignInOptions & {
  /** Gets why the passkey that the user chose did not sign in. */
  onError?: (error: unknown) => void
}
type Options = {
  api: Client<paths>
  plain: Client<paths>
  signIn: SignIn
  renew: Renew
  sessionOptions: SessionOptions
}

/** Sign-in without a name and a password, and the passkeys of the user. What asks the user throws {@link PasskeyError}. */
export function createPasskeys({ api, plain, signIn, renew, sessionOptions }: Options) {
  /** A page that asks whether there are passkeys gets a challenge, which the next request uses. */
  let prepared: Promise<Challenge> | null = null
  /** A browser shows one request at a time, so a dialog interrupts the autofill. */
  let autofill = new AbortController()
  let dialog: Promise<unknown> | null = null

  async function requestChallenge(): Promise<Challenge> {
    const challenge = await orThrow(plain.POST('/api/auth/passkeys/challenge'))
    // Of the time that the service waits for the answer, some is left for the user.
    const usableMs = Number(challenge.options['timeout'] ?? 60_000) * 0.8
    return { ...challenge, staleAt: performance.now() + usableMs }
  }
  async function takeChallenge() {
    const taken = prepared
    prepared = null
    const challenge = await taken
    return challenge && performance.now() < challenge.staleAt ? challenge : requestChallenge()
  }
  async function sign({ ticket, options }: Challenge, how: Parameters<typeof signWithPasskey>[1] = {}) {
    const credential = (await signWithPasskey(options, how)) as Assertion['credential']
    return { ticket, credential }
  }
  const signInWith = (assertion: Assertion, { remember }: SignInOptions) => {
    const body = { ...assertion, ...sessionOptions, ...(remember !== undefined && { remember }) }
    return signIn(() => plain.POST('/api/auth/passkeys/login', { body }))
  }
  function inDialog<Result>(work: () => Promise<Result>) {
    autofill.abort()
    const shown = work()
    dialog = shown
    return shown
  }
  const prove = () => inDialog(async (): Promise<Assertion> => sign(await takeChallenge()))

  /** Offers passkeys until one signs in, with another challenge before the last one expires. */
  async function offer(stopped: AbortSignal, { onError, ...options }: AutofillOptions) {
    while (!stopped.aborted) {
      await dialog?.catch(() => {})
      const challenge = await takeChallenge()
      autofill = new AbortController()
      const stale = AbortSignal.timeout(Math.max(0, Math.floor(challenge.staleAt - performance.now())))
      const signal = AbortSignal.any([stopped, autofill.signal, stale])
      try {
        await signInWith(await sign(challenge, { mediation: 'conditional', signal }), options)
        return
      } catch (error) {
        if (!(error instanceof PasskeyError)) onError?.(error)
        // The user declined.
        else if (!signal.aborted) return
      }
    }
  }

  return {
    passkeys: {
      /** Whether the browser has passkeys. */
      isSupported: hasPasskeys,
      /** Whether the browser and the service have passkeys. */
      async isAvailable() {
        if (!hasPasskeys()) return false
        prepared ??= requestChallenge()
        return prepared.then(
          () => true,
          (error: unknown) => {
            prepared = null
            if (error instanceof ApiError && error.status === 404) return false
            throw error
          }
        )
      },
      /** Throws INVALID_CODE for a passkey that the service does not know, and TICKET_INVALID if the user took too long. */
      signIn: async (options: SignInOptions = {}) => signInWith(await prove(), options),
      /**
       * Offers passkeys in the autofill of the field with `autocomplete="username webauthn"`, if the browser can. Returns a function
       * that stops it.
       */
      autofill(options: AutofillOptions = {}) {
        const stopping = new AbortController()
        const begin = async () => {
          if (await hasAutofill()) await offer(stopping.signal, options)
        }
        // Without a challenge nothing is offered. The other ways to sign in say why.
        begin().catch(() => {})
        return () => stopping.abort()
      },
      /** For `secondFactor({ passkey: await client.passkeys.prove() })`. */
      prove,
      /** Makes the session fresh. Throws INVALID_CODE for a passkey of another user. */
      async reauthenticate() {
        const passkey = await prove()
        await renew((headers) => plain.POST('/api/auth/reauthenticate', { body: { passkey }, headers }))
      },
      /** The passkeys of the user, the oldest first. */
      list: async () => (await orThrow(api.GET('/api/users/me/passkeys'))).passkeys,
      /** Makes a passkey on this device. Throws REAUTHENTICATION_REQUIRED, as `rename` and `remove` do. */
      add: (name: string) =>
        inDialog(async () => {
          const { ticket, options } = await orThrow(api.POST('/api/users/me/passkeys/challenge'))
          const credential = (await createPasskey(options)) as Registration['credential']
          return orThrow(api.POST('/api/users/me/passkeys', { body: { ticket, credential, name } }))
        }),
      rename: (id: string, name: string) =>
        orThrow(api.PATCH('/api/users/me/passkeys/{id}', { params: { path: { id } }, body: { name } })),
      /** Throws LAST_CREDENTIAL if the user has no other way to log in. */
      remove: (id: string) => orThrow(api.DELETE('/api/users/me/passkeys/{id}', { params: { path: { id } } }))
    }
  }
}
