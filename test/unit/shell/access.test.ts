import { beforeEach, describe, expect, it } from 'vitest'
import { createAccess, tokenLifetimeMs, type Access } from '../../../src/terminal/shell-browser/access.ts'

let nowMs: number
let access: Access

beforeEach(() => {
  nowMs = 0
  let names = 0
  access = createAccess({ elapsedMs: () => nowMs, randomName: () => `name-${(names += 1)}` })
})

describe('a token', () => {
  it('is exchanged once', () => {
    const token = access.issueToken()
    const session = access.exchange(token)
    expect(session).not.toBeNull()
    expect(access.hasSession(session as string)).toBe(true)
    expect(access.exchange(token)).toBeNull()
  })

  it('is worth nothing after its time, and to the last millisecond before', () => {
    const [early, late] = [access.issueToken(), access.issueToken()]
    nowMs = tokenLifetimeMs
    expect(access.exchange(early)).not.toBeNull()
    nowMs = tokenLifetimeMs + 1
    expect(access.exchange(late)).toBeNull()
  })

  it('is no session, nor is an invented name', () => {
    expect(access.hasSession(access.issueToken())).toBe(false)
    expect(access.hasSession('')).toBe(false)
    expect(access.exchange('invented')).toBeNull()
  })

  it('stays valid when another one is made', () => {
    const first = access.issueToken()
    access.issueToken()
    expect(access.exchange(first)).not.toBeNull()
  })
})
