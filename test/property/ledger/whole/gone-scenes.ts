/** Tills that are gone, each a story of its own: it ends what else could happen at that till. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { goneStep, type GoneKind, type GoneStep } from './gone-requests.ts'
import { revocationReasons, type RevocationReason } from './gone-state.ts'
import { closes, leased as leasedBread, sells as sellsBread } from './bread-scenes.ts'
import { given, sells as sellsFromPool } from './pool-scenes.ts'
import { asked } from './qr-scenes.ts'
import { asks, at, drained, perhaps, scene, sells, spendsAll, till, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import { owners } from './world.ts'

const about = (kind: GoneKind, more: Partial<GoneStep> = {}): Part =>
  goneStep.map((each) => () => ({ act: 'gone', each: { ...each, stray: 9, who: 0, ...more, kind } }))
/** Always the first till, by its agency. */
const ended = (reason: RevocationReason, more: Partial<GoneStep> = {}): Part =>
  about('revoke', { whom: revocationReasons.indexOf(reason), which: 1, ...more })
/** The newest that nobody has claimed yet, or the newest of all. */
const claims = about('claim', { whom: 0, which: 1 })
const claimsAgain = about('claim', { whom: 0, which: 4 })
const showsHead = about('head')
/** What waits, from the journal's beginning on; or all that ever was. */
const exported = about('export', { which: 2 })
const exportedWhole = about('export', { which: 0 })
const decides = (verdict: 'paid' | 'refused'): Part =>
  about('review', { which: verdict === 'paid' ? 1 : 2, whom: 0, who: 1 })
/** It waits until somebody hands over. */
const sold = (holder: 0 | 1): Part => sells(0, holder)
const appeals = [asks('appeal'), asks('decide', { which: 1 })] as const
const byAnotherAgency = { stray: 0, which: owners.indexOf('social'), whom: 0 } as const

export const goneScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Destroyed before it synced: by receipts, by its export, by both.
  ...(['destroyed', 'retired'] as const).map((reason) =>
    scene(at(0, 'fetch'), sold(0), sold(1), claims, ended(reason), claims, claims, claimsAgain, exported, sold(0)),
  ),
  scene(at(0, 'fetch'), sold(0), sold(1), ended('destroyed'), exported, claimsAgain, exportedWhole),
  scene(at(0, 'fetch'), sold(0), sold(0), ended('destroyed'), claims, claims, ...appeals, exported),
  // A receipt shows no lines; the export shows them when it was paid, or before.
  scene(
    at(0, 'fetch'),
    sold(0),
    ended('stolen', byAnotherAgency),
    ended('lost'),
    claims,
    about('review', byAnotherAgency),
    exported,
    decides('paid'),
  ),
  scene(at(0, 'fetch'), sold(0), ended('lost'), claims, decides('paid'), exported),
  // Below its last head, and above.
  ...(['paid', 'refused'] as const).flatMap((verdict) => [
    scene(
      at(0, 'fetch'),
      sold(0),
      showsHead,
      sold(1),
      ended('stolen'),
      claims,
      claims,
      perhaps(wait(5 * dayMs)),
      decides(verdict),
      decides(verdict),
      ...appeals,
      exported,
    ),
    scene(at(0, 'fetch'), sold(0), sold(1), ended('lost'), exported, decides(verdict), decides(verdict), exported),
  ]),
  scene(at(0, 'fetch'), sold(0), sold(1), showsHead, ended('stolen'), claims, exported),
  // Two on one slot: who was refused comes in turn.
  scene(
    at(0, 'fetch'),
    sold(0),
    sold(0),
    ended('lost'),
    exported,
    decides('refused'),
    perhaps(wait(2 * dayMs)),
    decides('paid'),
    ...appeals,
  ),
  // A void that only the export knows of: before the sale is claimed, and after.
  scene(
    at(0, 'fetch'),
    sold(0),
    ended('lost'),
    claims,
    at(0, 'reverse_tender', { which: 5, whom: 0 }),
    exported,
    decides('paid'),
  ),
  scene(
    at(0, 'fetch'),
    sold(0),
    at(0, 'hand_over'),
    at(0, 'refund_tender', { which: 2, whom: 1, size: 'small' }),
    at(0, 'reverse_tender', { which: 1, whom: 1 }),
    perhaps(spendsAll(0)),
    ended('stolen'),
    exported,
    exportedWhole,
  ),
  // It comes late, and there is no money for it; then there is.
  ...(['paid', 'refused'] as const).map((verdict) =>
    scene(
      at(0, 'fetch'),
      sells(0, 0, { size: 'all' }),
      wait(13 * hourMs),
      ...drained,
      ended('lost'),
      claims,
      decides(verdict),
      asks('fund', { who: 0, which: 4, size: 'small' }),
      ...appeals,
    ),
  ),
  // Blocked long before the sale; the package that would have said so came after it.
  scene(
    asks('block', { who: 0, whom: 0 }),
    wait(25 * hourMs),
    at(0, 'sell_online', { which: 2, whom: 2, size: 'small' }),
    at(0, 'fetch'),
    ended('destroyed'),
    claimsAgain,
  ),
  // An export of two parts, and the receipt of what the first of them has no item for.
  scene(at(0, 'fetch'), sold(0), sold(1), ended('destroyed'), about('export', { which: 2, stray: 20 }), claims),
  // Two come late, and the agency bears one of them.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    sells(0, 1, { size: 'all' }),
    wait(6 * dayMs),
    ended('lost'),
    claims,
    claims,
  ),
  // What is held for a review is not kept back once more when the money of its scheme returns.
  scene(...leasedBread, sellsBread('half'), ended('lost'), claims, wait(6 * dayMs), closes),
  // From its pool.
  ...(['paid', 'refused'] as const).map((verdict) =>
    scene(
      ...given(0, 200_000n),
      sellsFromPool(0, 0, { size: 'half' }),
      sellsFromPool(0, 1, { size: 'half' }),
      ended('stolen'),
      claims,
      exported,
      decides(verdict),
      decides('paid'),
      asks('closing'),
    ),
  ),
  // Cards that it held open nothing at the other till, and pay there with network.
  ...(['lost', 'destroyed'] as const).map((reason) =>
    scene(
      at(0, 'fetch'),
      at(1, 'fetch'),
      sells(1, 0),
      ended(reason, { which: 3 }),
      at(1, 'fetch'),
      sells(1, 0),
      at(1, 'sell_online', { which: 3, whom: 2 }),
      wait(4 * dayMs),
      at(1, 'fetch'),
      asks('lease', { who: 1, whom: 1, which: 2, size: 'small' }),
      asks('join', { who: 1, whom: 0, which: 0 }),
      at(1, 'hand_over'),
      ended('stolen'),
      ended('destroyed'),
    ),
  ),
  // What a till in service does itself.
  scene(
    at(0, 'fetch'),
    sold(0),
    sold(1),
    claims,
    about('export', { which: 1, whom: 2 }),
    exported,
    at(0, 'hand_over'),
    sells(0, 0),
    about('export', { which: 1, whom: 0 }),
    about('export', { which: 1, whom: 2 }),
    at(0, 'hand_over', { which: 1 }),
    about('export', { which: 3, whom: 0 }),
  ),
  // A copy of its journal speaks first.
  scene(
    at(0, 'fetch'),
    sold(0),
    sold(1),
    sold(0),
    at(0, 'reverse_tender', { stray: 29, which: 4, whom: 1 }),
    at(0, 'hand_over', { which: 4 }),
    showsHead,
    showsHead,
    exportedWhole,
    wait(hourMs),
    showsHead,
  ),
  // A QR that it still shows, one that is paid, and one whose capture only the export knows of.
  scene(
    till('ask_qr', { who: 0, whom: 2, size: 'small', which: 0 }),
    ended('destroyed'),
    asks('pay_qr', { who: 2, whom: 0, which: 5 }),
    exported,
  ),
  scene(
    till('ask_qr', { who: 0, whom: 2, size: 'small', which: 0 }),
    asks('pay_qr', { who: 2, whom: 0, which: 5 }),
    at(0, 'capture', { whom: 1, which: 1 }),
    ended('lost'),
    exported,
    at(0, 'reverse_tender', { whom: 1, which: 1 }),
    exported,
  ),
  // A voucher that its agency looks at, and a QR for the same lines, by a till that knows nothing of other tenders.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    ...asked('voucher'),
    at(0, 'capture', { whom: 2, which: 1 }),
    ended('lost'),
    exported,
    decides('paid'),
  ),
  // Sold with network, refused there, and given all the same.
  scene(
    at(0, 'fetch'),
    sold(0),
    at(0, 'hand_over'),
    at(0, 'sell_online', { which: 2, whom: 2, size: 'small' }),
    ended('destroyed'),
    claims,
    claimsAgain,
    exported,
  ),
  // What is wrong with it is nobody's sale.
  ...[0, 1, 2].map((stray) =>
    scene(
      at(0, 'fetch'),
      sold(0),
      ended('lost', { stray: stray === 0 ? 0 : 9 }),
      about('claim', { stray }),
      about('export', { stray, which: 2 }),
      about('review', { stray }),
    ),
  ),
]

/** Stories of tills that are gone in which these never meet would prove little. */
export const hasToMeetOfGone = [
  ...revocationReasons.map((reason) => `a till is ${reason}`),
  'a till that was thought destroyed was stolen',
  'a receipt of a till in service is claimed',
  'a receipt is claimed: settled',
  'a receipt is claimed: in_review',
  'a receipt is claimed: not_paid',
  'a receipt is claimed of what the ledger knows',
  'a receipt claims what was refused',
  'a sale waits for its agency’s word',
  'a sale without money waits for its agency’s word',
  'a sale from a pool waits for its agency’s word',
  'a sale of an export is in review',
  'a sale is paid in review',
  'a sale without lines is paid in review',
  'a sale is refused in review',
  'a review is decided for who waits for money',
  'a review ends, for its till had disowned the sale',
  'an export of a till that is gone',
  'an export of a till in service',
  'an export of a copied journal',
  'an export of two parts',
  'an export does not go on from what the ledger knows',
  'a copied journal shows its head',
  'an agency bears no more, for what it bears is in review',
  'money returns beside what is held for a review',
  'a receipt is older than the last package of its till',
]
