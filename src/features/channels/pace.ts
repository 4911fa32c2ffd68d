/** Lets through so many a second, and as many at once after a pause. */
class Bucket {
  readonly #perSecond: number
  #left: number
  #at = performance.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
  }

  take() {
    const now = performance.now()
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

/** How much a client may send. */
export class Pace {
  readonly #messages = new Bucket(20)
  /** After a reconnect, a client subscribes to all of its channels at once. */
  readonly #subscriptions = new Bucket(64)
  readonly #frames = new Bucket(100)

  allows(op: 'sub' | 'unsub' | 'pub') {
    return (op === 'pub' ? this.#messages : this.#subscriptions).take()
  }
  /** Whether it is more than any client has a reason to send, counting pings and what is not valid. */
  isFlood() {
    return !this.#frames.take()
  }
}
