type Reason = 'CANCELED' | 'ALREADY_ADDED' | 'WRONG_DOMAIN' | 'UNSUPPORTED'

/**
 * Why the browser did not give a passkey. CANCELED: the user did not go on, or took too long. ALREADY_ADDED: this device already has a
 * passkey of the account. WRONG_DOMAIN: the page does not belong to PASSKEY_RP_ID. UNSUPPORTED: the browser or the device cannot.
 */
export class PasskeyError extends Error {
  override readonly name = 'PasskeyError'
  declare readonly code: Reason

  constructor(code: Reason, cause?: unknown) {
    super(`The browser did not give a passkey: ${code}`, { cause })
    Object.assign(this, { code })
  }
}

const REASONS: Record<string, Reason> = {
  AbortError: 'CANCELED',
  NotAllowedError: 'CANCELED',
  InvalidStateError: 'ALREADY_ADDED',
  SecurityError: 'WRONG_DOMAIN',
  TimeoutError: 'CANCELED',
  ConstraintError: 'UNSUPPORTED',
  NotSupportedError: 'UNSUPPORTED'
}

/** Whether this browser has passkeys, and reads and writes them as JSON. */
export const hasPasskeys = () => typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function'

/** Whether it can offer passkeys in the autofill of a field. */
export const hasAutofill = async () =>
  hasPasskeys() && (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true

/** Lets the user answer. Returns what to send to the service, and throws {@link PasskeyError}. */
async function answer(ask: () => Promise<Credential | null>): Promise<unknown> {
  if (!hasPasskeys()) throw new PasskeyError('UNSUPPORTED')
  try {
    return ((await ask()) as PublicKeyCredential).toJSON()
  } catch (error) {
    const reason = error instanceof DOMException ? REASONS[error.name] : undefined
    throw reason ? new PasskeyError(reason, error) : error
  }
}

/** Makes a passkey. `options`: from the service. */
export const createPasskey = (options: object) =>
  answer(() => {
    const json = options as PublicKeyCredentialCreationOptionsJSON
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json) })
  })

/** Signs the challenge in `options` with a passkey. With `conditional`, the autofill of a field offers it. */
export const signWithPasskey = (options: object, rest: { mediation?: 'conditional'; signal?: AbortSignal }) =>
  answer(() => {
    const json = options as PublicKeyCredentialRequestOptionsJSON
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json), ...rest })
  })
