/**
 * Who may use the till over loopback (architecture.md, "Trust"): a single-use token, given to a person in the fragment
 * of an address, is exchanged for a session that lives in an HttpOnly cookie until the shell ends.
 */

/** Long enough to open a browser, too short to be found in a shell's history and used. */
export const tokenLifetimeMs = 60_000

export interface AccessOptions {
  /** Monotonic milliseconds. */
  readonly elapsedMs: () => number
  /** At least 128 random bits as text that a URL and a cookie carry unescaped. */
  readonly randomName: () => string
}

export interface Access {
  /** A new token, valid once and for `tokenLifetimeMs`. */
  issueToken(): string
  /** The session's name for a token that is valid now; null for any other, and for this one from now on. */
  exchange(token: string): string | null
  hasSession(name: string): boolean
}

export function createAccess({ elapsedMs, randomName }: AccessOptions): Access {
  const tokens = new Map<string, number>()
  const sessions = new Set<string>()
  const forgetOldTokens = (): void => {
    for (const [token, issuedAtMs] of tokens) if (elapsedMs() - issuedAtMs > tokenLifetimeMs) tokens.delete(token)
  }
  return {
    issueToken: () => {
      forgetOldTokens()
      const token = randomName()
      tokens.set(token, elapsedMs())
      return token
    },
    exchange: (token) => {
      forgetOldTokens()
      if (!tokens.delete(token)) return null
      const name = randomName()
      sessions.add(name)
      return name
    },
    hasSession: (name) => sessions.has(name),
  }
}
