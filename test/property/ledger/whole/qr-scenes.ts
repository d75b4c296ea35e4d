/** Payments by QR whose captures show their lines, as they are and as they are not (`qr-sale.ts`). */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { odd } from './baskets.ts'
import {
  asks,
  at,
  perhaps,
  drained,
  reversesLast,
  scene,
  sells,
  shownTo,
  spendsAll,
  till,
  wait,
  type Part,
} from './scenes.ts'
import { hourMs } from './state.ts'
import type { TillStep } from './till.ts'

/** At the first till, which has VAT: by the third person, who can pay. */
const payer = 2
/** Of a basket of its own, of the last voucher's, of the QR's before. */
const baskets = { own: 0, voucher: 2, former: 3 } as const
export const asked = (basket: keyof typeof baskets): readonly Part[] => [
  till('ask_qr', { who: payer, whom: payer, size: 'small', which: baskets[basket] }),
  asks('pay_qr', { who: payer, whom: 0, which: 5 }),
]
/** Handed over at once. */
const captured = (more: Partial<TillStep> = {}): Part => at(0, 'capture', { whom: 0, which: 1, ...more })
/** Of what other tenders have paid it knows nothing. */
const blind = { whom: 6 } as const
const refunded = (more: Partial<TillStep> = {}): Part =>
  at(0, 'refund_tender', { whom: 0, which: 2, size: 'small', ...more })
/** Of the VAT: the next version, from an hour on. */
const nextRates = asks('rule', { who: 0, whom: 1, which: 1 })

export const qrScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Lines that do not fit, of which a part comes back.
  ...Object.values(odd).map((stray) =>
    scene(...asked('own'), captured({ stray }), refunded(), perhaps(reversesLast(0)), at(0, 'hand_over')),
  ),
  // Two QRs of one sale, the second of which pays what the first did, or not.
  ...[blind, {}].map((more) =>
    scene(...asked('own'), captured(), ...asked('former'), captured(more), refunded(), perhaps(refunded({ whom: 3 }))),
  ),
  // A voucher, and a QR for the rest.
  ...[blind, {}].map((more) =>
    scene(
      at(0, 'fetch'),
      at(0, 'sell', { which: 2, whom: 3 }),
      at(0, 'hand_over'),
      ...asked('voucher'),
      captured(more),
      perhaps(spendsAll(0)),
      refunded(),
    ),
  ),
  // Closed before other rates came, after, or by a clock that is fast; handed over when they are there.
  ...[2, 1, 3].map((which) => scene(...asked('own'), nextRates, wait(2 * hourMs), captured({ which }), refunded())),
  // Line after line, and then more than is left of one.
  scene(
    ...shownTo(payer),
    captured(),
    refunded({ which: 1, whom: 3 }),
    refunded({ which: 1, whom: 9 }),
    refunded({ whom: 3 }),
    reversesLast(0),
    at(0, 'hand_over'),
  ),
]

/** Each a story of its own. */
export const qrAloneScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // A voucher that waits for its agency's money, and a QR that pays the same lines.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    wait(13 * hourMs),
    ...drained,
    at(0, 'hand_over', { which: 1, size: 'all' }),
    ...asked('voucher'),
    captured(blind),
  ),
]

/** Stories in which these never meet would prove little. */
export const hasToMeetOfQrs = [
  'lines that a QR paid',
  'a refund of a QR by its lines',
  'a QR that was sold before it was paid',
  'a QR that was sold after now',
  'a QR is handed over under other rates than it was sold by',
  'a capture of an older till shows no lines',
  'a capture shows another sale',
  'a capture shows another sum',
  'a capture names a line twice',
  'a capture names a line that is not there',
  'a capture pays more than a line',
  'a capture pays what another tender has paid',
  'a capture pays what another tender is to be paid',
  'a capture pays what its agency looks at',
]
