/** What a signed question to the ledger came to, as a finding that the screen has a remedy for. */
import type { LedgerReply } from '../../../sync/engine/ledger-client.ts'
import type { LedgerCheckView, LedgerFinding } from '../../contract/bench.ts'

/** How the ledger is reached. Answers are signed in any case; without TLS others on the way can read along. */
export function wayOf(ledgerUrl: string): LedgerCheckView['way'] {
  const url = URL.canParse(ledgerUrl) ? new URL(ledgerUrl) : null
  if (url?.protocol === 'https:') return 'tls'
  const isHere = url !== null && (['localhost', '[::1]'].includes(url.hostname) || /^127(\.\d+){3}$/.test(url.hostname))
  return isHere ? 'loopback' : 'plain'
}

/** Whether the ledger spoke at all, whatever it said: then the way there is well, and its time is known. */
export function isSignedByLedger(reply: LedgerReply<unknown>): boolean {
  if (reply.kind === 'no_answer') return reply.signed || reply.wantsLater === true
  return reply.kind !== 'not_sent'
}

/** Further apart than this, the machine's clock is to be set: so far a signed request may be off at the ledger. */
const clockAheadMsMax = 60_000

/** @param clockAheadMs null where nothing signed came */
export function findingOf(reply: LedgerReply<unknown>, clockAheadMs: number | null): LedgerFinding {
  switch (reply.kind) {
    case 'answer':
      return clockAheadMs !== null && Math.abs(clockAheadMs) > clockAheadMsMax ? 'clock' : 'well'
    case 'not_sent':
      return ofNotSent(reply.detail)
    case 'no_answer':
      if (reply.wantsLater === true) return 'restarted'
      if (reply.signed) return reply.malformed ? 'other_version' : 'failed'
      if (reply.malformed) return 'not_the_ledger'
      return isCertificate(reply.detail) ? 'certificate' : ofNotSent(reply.detail)
    case 'problem':
      return ofProblem(reply.code)
    default:
      return reply satisfies never
  }
}

/** Codes of Node's sockets and name resolution. */
function ofNotSent(detail: string): LedgerFinding {
  if (detail === 'ENOTFOUND' || detail === 'EAI_AGAIN' || detail.startsWith('no address')) return 'address_unknown'
  if (detail === 'ECONNREFUSED') return 'nothing_listens'
  return detail === 'EHOSTUNREACH' || detail === 'ENETUNREACH' ? 'no_way' : 'no_answer'
}

/** Codes of OpenSSL's verification and of Node's own check of the name. */
function isCertificate(detail: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|EPROTO/.test(detail)
}

function ofProblem(code: Extract<LedgerReply<unknown>, { kind: 'problem' }>['code']): LedgerFinding {
  switch (code) {
    case 'key_unknown':
    case 'signature_wrong':
      return 'key_unknown'
    case 'terminal_suspended':
      return 'suspended'
    case 'clock_skew':
      return 'clock'
    case 'rate_limited':
      return 'busy'
    case 'schema_mismatch':
    case 'not_found':
      return 'other_version'
    default:
      return 'refused'
  }
}
