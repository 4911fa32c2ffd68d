// Every text that leaves the service by mail. Nothing in them can be chosen by a stranger: no names, no links.

/** What the service calls itself. */
const SERVICE = 'Fastify minimal starter'

export type Text = { subject: string; text: string }
/** Where something happened: a known browser or program, its address, and when. */
export type Origin = { browser: string | null; ip: string | null; at: Date }

const codeMail = (subject: string, purpose: string, code: string, minutes: number, ifNotYou: string): Text => ({
  subject,
  text: `Your code to ${purpose} is

    ${code}

Type it where you asked for it. It is valid for ${minutes} minutes. Never give it to anyone else.

${ifNotYou}

${SERVICE}
`
})

function noticeMail(subject: string, sentence: string, { browser, ip, at }: Origin): Text {
  const details = [browser && `Browser: ${browser}`, ip && `Address: ${ip}`, `Time: ${at.toUTCString()}`]
  return {
    subject,
    text: `${sentence}

${details.filter(Boolean).join('\n')}

If this was you, there is nothing to do. If not, reset your password at once and end all other sessions.

${SERVICE}
`
  }
}

export const verificationCode = (code: string, minutes: number) =>
  codeMail(
    'Your verification code',
    'verify your email address',
    code,
    minutes,
    'If you did not ask for it, somebody may have typed your address by mistake. You can ignore this mail.'
  )

export const resetCode = (code: string, minutes: number) =>
  codeMail(
    'Your code to reset your password',
    'reset your password',
    code,
    minutes,
    'If you did not ask for it, you can ignore this mail: your password stays as it is.'
  )

export const emailChangeCode = (code: string, minutes: number) =>
  codeMail(
    'Your code to change your email address',
    'use this address for your account',
    code,
    minutes,
    'If you did not ask for it, you can ignore this mail.'
  )

export const emailTaken = (): Text => ({
  subject: 'You already have an account',
  text: `Somebody asked to use this address for another account. It already belongs to your account, so nothing was changed.

If you forgot your password, reset it. If you did not ask for anything, you can ignore this mail.

${SERVICE}
`
})

export const emailChangeAsked = (origin: Origin) =>
  noticeMail(
    'Your email address is about to change',
    'Somebody who is signed in to your account asked to change its email address. It changes when they prove that they own the new one.',
    origin
  )
export const emailChanged = (origin: Origin) =>
  noticeMail('Your email address was changed', 'The email address of your account was changed.', origin)

/** The notices about security events, by the name of the event. Features declare the events; none of them has to be there. */
export const notices: Record<string, (origin: Origin, reason: string | null) => Text> = {
  new_device: (origin) =>
    noticeMail('New sign-in to your account', 'Somebody signed in to your account on a new device.', origin),
  authn_password_change: (origin, reason) =>
    reason === 'reset'
      ? noticeMail('Your password was reset', 'The password of your account was reset, and all sessions ended.', origin)
      : noticeMail('Your password was changed', 'The password of your account was changed.', origin),
  authn_factor_added: (origin) =>
    noticeMail('A sign-in method was added', 'A second factor or passkey was added to your account.', origin),
  authn_factor_removed: (origin) =>
    noticeMail(
      'A sign-in method was removed',
      'A second factor, a passkey, or a linked account was removed from your account.',
      origin
    ),
  authn_recovery_code_used: (origin) =>
    noticeMail('A recovery code was used', 'Somebody signed in to your account with a recovery code.', origin),
  identity_linked: (origin) =>
    noticeMail('A sign-in provider was linked', 'Your account was linked to a sign-in provider.', origin),
  api_token_created: (origin) =>
    noticeMail('An API token was created', 'An API token was created for your account.', origin)
}
