/** Every picture of the gallery renders in every language: one tap state, whole amounts, what must never be hidden. */
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, test } from 'vitest'
import {
  formatTenge,
  snapshotSchema,
  tapSchema,
  tiyn,
  type Action,
  type BridgeView,
  type TapView,
} from '../../../src/terminal/contract/index.ts'
import { offeredActions } from '../../../src/terminal/core/actions.ts'
import type { SaleStanding } from '../../../src/terminal/core/basket.ts'
import type { PaymentStateName } from '../../../src/terminal/payment/payment-context.ts'
import { unresolvedGroups } from '../../../src/terminal/ui/input/screen-state.ts'
import { pictures } from '../../../src/terminal/ui/gallery/pictures.ts'
import { flatTexts, sentencesOf, texts } from '../../../src/terminal/ui/texts/index.ts'
import { faceOf, soundOf, tapSounds } from '../../../src/terminal/ui/sound/tap-sounds.ts'
import { offersOf } from '../../../src/terminal/ui/input/offers.ts'
import { everyPicture, rendered } from './snapshots.ts'

const text = (html: string): string =>
  html
    .replace(/<!-- -->/g, '')
    .replaceAll('&#x27;', "'")
    .replaceAll('&quot;', '"')

/** Cashiers, and no open shift: another screen than the one that sells. */
const isStart = ({ snapshot }: BridgeView): boolean =>
  snapshot !== null && snapshot.shift.cashiers.length > 0 && snapshot.shift.open === null

describe.each(everyPicture.filter(({ view }) => isStart(view)))('$name in $language', ({ language, view, screen }) => {
  const html = text(rendered(view, screen))
  const { words } = texts[language]

  test('opens a shift and sells nothing', () => {
    expect(html).toContain(words['start.title'])
    for (const { name } of view.snapshot?.shift.cashiers ?? []) expect(html).toContain(name)
    expect(html).not.toContain('data-tap=')
    expect(html).not.toContain('data-item=')
    for (const state of ['unknown', 'torn'] as const) {
      const count = view.snapshot?.unresolved.filter((tender) => tender.state === state).length ?? 0
      if (count > 0) expect(html).toContain(`${words[`unresolved.${state}.title`]}: ${count}`)
    }
  })

  test('says until when no PIN is taken', () => {
    const waits = view.snapshot?.shift.cashiers.some(({ waitUntil }) => waitUntil !== null)
    expect(html.includes(words['start.wait'].replace('{time}', '12:16'))).toBe(waits)
  })
})

describe.each(everyPicture.filter(({ view }) => !isStart(view)))('$name in $language', ({ language, view, screen }) => {
  const html = text(rendered(view, screen))
  const { snapshot } = view

  test('shows exactly one of the seven states', () => {
    const shown = [...html.matchAll(/data-tap="(\w+)"/g)].map((match) => match[1])
    expect(shown).toEqual(snapshot === null ? [] : [snapshot.tap.state])
  })

  test('says its word and its amounts whole', () => {
    if (snapshot === null) {
      for (const { words } of Object.values(texts)) {
        const key = view.connection === 'lost' ? 'window.lost.todo' : 'window.connecting.what'
        expect(html).toContain(words[key])
      }
      return
    }
    const { sale, tap, cardPays } = snapshot
    const key = tap.state === 'qr' && tap.text === null ? 'tap.qr.goneWord' : (`tap.${faceOf(tap)}.word` as const)
    expect(html).toContain(`<p class="tap-word">${texts[language].words[key]}</p>`)
    expect(html.includes('class="payment-qr"')).toBe(tap.state === 'qr' && tap.text !== null)
    const amounts = [
      ...(sale === null ? [] : [sale.total, sale.leftToPay, ...sale.lines.map((line) => line.total)]),
      ...(cardPays?.parts.map((part) => part.amount) ?? []),
      ...('amount' in tap ? [tap.amount] : []),
      ...snapshot.unresolved.map((tender) => tender.amount),
    ]
    for (const amount of amounts) expect(html).toContain(`>${formatTenge(amount)}<`)
    expect([...html.matchAll(/class="amount [^"]*">([^<]*)</g)].map((match) => match[1])).toSatisfy(
      (shown: string[]) => shown.length > 0 && shown.every((one) => /^\d{1,3}(\u202F\d{3})*,\d\d\u00A0₸$/.test(one)),
    )
  })

  test('says what goes wrong, and never hides what is unresolved', () => {
    if (snapshot === null) return
    const { words, refusals } = texts[language]
    for (const state of ['unknown', 'torn'] as const) {
      const count = snapshot.unresolved.filter((tender) => tender.state === state).length
      if (count > 0) expect(html).toContain(`${words[`unresolved.${state}.title`]}: ${count}`)
    }
    if (snapshot.tap.state === 'refused') {
      const { what, todo } = refusals[snapshot.tap.code]
      for (const part of [what, todo, snapshot.tap.code]) expect(html).toContain(part)
    }
    if (snapshot.tap.state === 'qr') {
      const { text: qr, card, doing } = snapshot.tap
      // No word here asks for cash while the QR can still be paid.
      const isOffered = qr !== null && card === null && doing === 'waiting_for_payer'
      expect(html.includes(words['tap.qr.card.none'])).toBe(isOffered)
      for (const state of ['asking', 'awaiting_answer', 'left'] as const)
        expect(html.includes(words[`tap.qr.card.${state}`])).toBe(card?.state === state)
      if (card?.state === 'refused') {
        const { what, todo } = refusals[card.code]
        const isOfScheme = card.code === 'CARD_OF_NO_ACCOUNT'
        for (const part of [what, card.code, isOfScheme ? todo : words['tap.qr.card.refused']])
          expect(html).toContain(part)
        if (!isOfScheme) expect(html).not.toContain(todo)
      }
    }
    if (view.readOnly) expect(html).toContain(words['window.readOnly.what'])
    if (view.connection === 'core_restarting') expect(html).toContain(words['window.restarting.todo'])
    if (view.connection === 'lost') expect(html).toContain(words['window.lost.todo'])
    if (snapshot.tap.state === 'approved') {
      const whole = snapshot.sale === null || snapshot.sale.leftToPay === 0n
      expect(html.includes(words['tap.approved.whole'])).toBe(whole)
      expect(html.includes(words['tap.pending.detail'])).toBe(snapshot.tap.look === 'pending')
    }
    for (const tender of snapshot.sale?.tenders ?? []) {
      expect(html).toContain(texts[language].tenderStates[tender.state])
      if (tender.code !== null) expect(html).toContain(sentencesOf(language, tender.code).todo)
    }
  })

  test('offers exactly what the snapshot allows', () => {
    if (snapshot === null) return
    const working = view.connection === 'running' && !view.readOnly
    const { primary, others } = offersOf(snapshot)
    for (const offer of [...others, ...(primary === null ? [] : [primary])]) {
      const word = `<span class="button-word">${texts[language].words[`action.${offer.action}`]}</span>`
      expect(html.includes(word)).toBe(working)
    }
  })
})

describe('the gallery', () => {
  test('shows every state, both looks of an approval, and every trouble of the window', () => {
    const states = tapSchema.options.map((option) => option.shape.state.value)
    expect(new Set(pictures.map(({ view }) => view.snapshot?.tap.state).filter(Boolean))).toEqual(new Set(states))
    const faces = pictures.flatMap(({ view }) => (view.snapshot === null ? [] : [faceOf(view.snapshot.tap)]))
    expect(new Set(faces)).toEqual(new Set(Object.keys(tapSounds)))
    const underQr = pictures.flatMap(({ view: { snapshot } }) =>
      snapshot?.tap.state === 'qr' && snapshot.tap.card !== null ? [snapshot.tap] : [],
    )
    expect(underQr.map(({ card }) => card?.state)).toEqual(
      expect.arrayContaining(['asking', 'awaiting_answer', 'left', 'refused']),
    )
    // A card under the QR sounds as it does elsewhere, and the QR looks the same.
    expect(new Set(underQr.map(soundOf))).toEqual(new Set(['hold', 'torn', 'refused']))
    expect(new Set(underQr.map(faceOf))).toEqual(new Set(['qr']))
    expect(new Set(pictures.map(({ view }) => view.connection)).size).toBe(4)
  })

  const stateOf = (tap: TapView): PaymentStateName => {
    if (tap.state === 'tap') return 'awaitingCard'
    if (tap.state === 'qr') return 'unknown'
    if (tap.state === 'pin') return 'askingPin'
    if (tap.state === 'rest') return 'collectingRest'
    if (tap.state !== 'hold') return tap.state
    const steps = {
      reading: 'preparing',
      checking_pin: 'verifyingPin',
      proving: 'proving',
      asking_ledger: 'authorising',
      recording: 'accepting',
    }
    return steps[tap.step] as PaymentStateName
  }

  test.each(pictures.filter(({ view }) => !isStart(view)).map(({ name, view }) => ({ name, snapshot: view.snapshot })))(
    '$name offers what the core would: a button more or less is another screen',
    ({ snapshot }) => {
      if (snapshot === null) return
      const { sale, tap, actions } = snapshot
      const tenders = sale?.tenders ?? []
      const undecided = tenders.some(({ state }) => ['in_progress', 'unknown', 'torn', 'maybe_debited'].includes(state))
      const left = sale?.leftToPay ?? tiyn(0)
      const frozen = sale?.open === false
      // Of a sale's standing, what the core's rule looks at.
      const standing = { sale: { lines: sale?.lines ?? [] }, frozen, left, undecided } as unknown as SaleStanding
      const state = stateOf(tap)
      const offered = offeredActions({
        state,
        standing,
        isFinished: frozen && left === 0n,
        maySell: true,
        hasShift: true,
        canDecide: true,
        canRecord: true,
        isBenchOpen: false,
        mayConfirmTime: false,
        isRestSettled: false,
        hasTornAside: snapshot.unresolved.some(({ state }) => state === 'torn' || state === 'maybe_debited'),
        cardLies: tap.state === 'pin' && tap.cardLies,
      })
      const elsewhere: readonly Action[] = [
        'print_again',
        'void_sale',
        'open_shift',
        'close_shift',
        'confirm_time',
        'open_bench',
      ]
      const own = (some: readonly Action[]) => some.filter((one) => !elsewhere.includes(one))
      expect(own(actions).toSorted()).toEqual(own(offered).toSorted())
    },
  )

  test('keeps to the contract', () => {
    for (const { view } of pictures) {
      if (view.snapshot === null) continue
      const wire = JSON.stringify(snapshotSchema.encode(view.snapshot))
      expect(snapshotSchema.decode(JSON.parse(wire))).toEqual(view.snapshot)
    }
  })
})

describe('sheets', () => {
  const at = pictures.filter(({ screen }) => screen.sheet !== null)

  test.each(everyPicture.filter(({ screen }) => screen.sheet !== null))('$name in $language', async (picture) => {
    const { SheetContent } = await import('../../../src/terminal/ui/till/sheets.tsx')
    const { sheet } = picture.screen
    const { snapshot } = picture.view
    if (sheet === null || snapshot === null) throw new Error('a sheet stands over a snapshot')
    const ignore = (): void => undefined
    const content = createElement(SheetContent, {
      sheet,
      snapshot,
      readOnly: false,
      onSheet: ignore,
      onCommand: ignore,
      onAsk: () => Promise.resolve({ ok: true as const }),
    })
    const inLanguage = (child: ReactElement): ReactElement =>
      createElement(IntlProvider, { locale: picture.language, messages: flatTexts(picture.language) }, child)
    const html = text(renderToString(inLanguage(content)))
    const { statuses, words } = texts[picture.language]
    if (sheet.kind === 'light') {
      const light = snapshot.lights[sheet.light]
      if (light === null) throw new Error(`no light ${sheet.light}`)
      for (const sentence of Object.values(statuses[light.code])) expect(html).toContain(sentence)
    } else if (sheet.kind === 'question') {
      expect(html).toContain(words[`question.${sheet.question}.ask`])
    } else if (sheet.kind === 'refund') {
      const left = snapshot.refund?.lines.filter(({ voucherLeft, cashLeft }) => voucherLeft + cashLeft > 0n) ?? []
      for (const { name } of left) expect(html).toContain(name[picture.language])
      for (const obstacle of snapshot.refund?.obstacles ?? [])
        expect(html).toContain(texts[picture.language].faults[obstacle].todo)
    } else if (sheet.kind === 'receipt_number') {
      expect(html).toContain(words['receiptNumber.how'])
      expect(html).toContain(`${sheet.typed}····`)
    } else if (sheet.kind === 'recent') {
      for (const sale of snapshot.recent) expect(html).toContain(formatTenge(sale.total))
    } else if (sheet.kind === 'shift') {
      const title = {
        menu: snapshot.shift.cashiers.length === 0 ? 'cashier.first' : 'shift.closed',
        close: 'close.title',
        cashier: 'cashier.title',
      } as const
      expect(html).toContain(words[title[sheet.view]])
    } else if (sheet.kind === 'time') {
      const isRefused = snapshot.time.toConfirm?.obstacle !== null
      expect(html).toContain(words[isRefused ? 'time.wall' : 'time.ask'])
    } else {
      for (const tender of snapshot.unresolved) expect(html).toContain(formatTenge(tender.amount))
      for (const part of ['title', 'detail', 'todo'] as const)
        for (const { state } of unresolvedGroups(snapshot.unresolved))
          expect(html).toContain(words[`unresolved.${state}.${part}`])
      for (const { amount, saleNumber } of snapshot.torn) {
        expect(html).toContain(formatTenge(amount))
        expect(html).toContain(saleNumber)
      }
    }
  })

  test('are all in the gallery', () => {
    const kinds = new Set(at.map(({ screen }) => screen.sheet?.kind))
    const expected = ['light', 'recent', 'unresolved', 'refund', 'receipt_number', 'shift', 'time', 'question']
    expect(kinds).toEqual(new Set(expected))
  })
})
