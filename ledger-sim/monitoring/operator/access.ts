/**
 * Who may look at the operator's page: a single-use token in the fragment of an address is exchanged for a session that
 * lives in an HttpOnly cookie (docs/adr/0015, as the till's shell does it). A session can look at one page's figures
 * and do nothing; no operation of the ledger looks at cookies.
 */

/** Long enough to come to the screen, too short to be found in a log and used. */
export const printedTokenMs = 10 * 60_000
export const sessionMs = 12 * 3_600_000
const sessionsMax = 50

export interface AccessPorts {
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: (length: number) => Uint8Array
  /** A token was used: whoever keeps one ready for the next person makes another. */
  readonly onDidEnter?: () => void
}

export class OperatorAccess {
  readonly #ports: AccessPorts
  readonly #tokens = new Map<string, number>()
  readonly #sessions = new Map<string, number>()

  constructor(ports: AccessPorts) {
    this.#ports = ports
  }

  /** The time of people who look, which goes on where a demonstration's clock stands still. */
  now(): number {
    return this.#ports.clock()
  }

  /** A new token, good once. @param lifetimeMs until the ledger ends when it is left out */
  issueToken(lifetimeMs = Number.POSITIVE_INFINITY): string {
    const token = this.#name()
    this.#tokens.set(token, this.#ports.clock() + lifetimeMs)
    return token
  }

  /** The name of a new session; null for a token that was used, is over, or never was. */
  exchange(token: string): string | null {
    const goodUntil = this.#tokens.get(token)
    this.#tokens.delete(token)
    if (goodUntil === undefined || goodUntil < this.#ports.clock()) return null
    // Sessions are kept in the order of their making, so the first is the oldest.
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= sessionsMax && oldest !== undefined) this.#sessions.delete(oldest)
    const session = this.#name()
    this.#sessions.set(session, this.#ports.clock() + sessionMs)
    this.#ports.onDidEnter?.()
    return session
  }

  hasSession(name: string): boolean {
    const goodUntil = this.#sessions.get(name)
    return goodUntil !== undefined && goodUntil >= this.#ports.clock()
  }

  #name(): string {
    return Buffer.from(this.#ports.random(24)).toString('base64url')
  }
}
