/** The list of unresolved payments: what may have been paid, and what is known not to be, each under its own words. */
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, it } from 'vitest'
import { languages, tiyn, type Language, type Snapshot, type TenderView } from '../../../src/terminal/contract/index.ts'
import {
  lunchAndJuice,
  lunchOnly,
  madeUpGoodsQuestion,
  madeUpSale,
  madeUpTear,
  madeUpTender,
  quietTill,
} from '../../../src/terminal/ui/gallery/made-up.ts'
import {
  emptyScreen,
  isNothingToTell,
  openList,
  rowIds,
  type Sheet,
} from '../../../src/terminal/ui/input/screen-state.ts'
import { flatTexts, texts } from '../../../src/terminal/ui/texts/index.ts'
import { DiscrepancyList } from '../../../src/terminal/ui/till/discrepancy-list.tsx'
import { commandOf, SheetContent } from '../../../src/terminal/ui/till/sheets.tsx'
import { rendered } from './snapshots.ts'

const torn = madeUpTender(4, 742_050, 'torn')
const unknown = madeUpTender(3, 115_000, 'unknown')
const older = madeUpTender(5, 60_000, 'unknown')
const ofThisShift = madeUpGoodsQuestion(31, lunchOnly(), 'void')
const ofAnother = madeUpGoodsQuestion(32, lunchAndJuice(), 'refund')
const withPayments = (...unresolved: TenderView[]): Snapshot => ({ ...quietTill, unresolved })
const ids = (...tenders: readonly TenderView[]): readonly string[] => tenders.map(({ tenderId }) => tenderId)

/** The sheet's text, without its marks. */
function sheet(snapshot: Snapshot, language: Language, shown = openList('unresolved', snapshot)): string {
  const content = createElement(SheetContent, {
    sheet: shown,
    snapshot,
    readOnly: false,
    onSheet: () => undefined,
    onCommand: () => undefined,
    onAsk: () => Promise.resolve({ ok: true as const }),
  })
  return inLanguage(language, content)
}

const inLanguage = (language: Language, content: ReactElement): string =>
  renderToString(createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, content))

const withoutMarks = (html: string): string => html.replaceAll('<!-- -->', '')

/** The band over the till: everything of it, and nothing else on the screen. */
function band(snapshot: Snapshot): string {
  const html = rendered({ snapshot, connection: 'running', readOnly: false }, emptyScreen)
  return /<section class="unresolved".*?<\/section>/s.exec(html)?.[0] ?? ''
}

describe.each(languages)('in %s', (language) => {
  const { words, tenderStates } = texts[language]

  it('"do not charge again" stands over no torn payment, in the list and in the band', () => {
    const snapshot = { ...withPayments(torn), language }
    for (const html of [sheet(snapshot, language), band(snapshot)]) {
      expect(html).not.toContain(words['unresolved.unknown.title'])
      expect(html).toContain(words['unresolved.torn.title'])
    }
    expect(sheet(snapshot, language)).toContain(words['unresolved.torn.detail'])
    expect(sheet(snapshot, language)).not.toContain(words['unresolved.unknown.detail'])
  })

  it('why its card cannot be held again is said where another sale is on the screen, and only there', () => {
    const rungUp = { ...withPayments(torn), sale: madeUpSale(lunchAndJuice(), []) }
    const finished: Snapshot = { ...rungUp, actions: [...quietTill.actions, 'take_up_torn'] }
    expect(sheet(rungUp, language)).toContain(words['torn.saleFirst'])
    for (const snapshot of [finished, withPayments(torn), { ...rungUp, unresolved: [unknown] }])
      expect(sheet(snapshot, language)).not.toContain(words['torn.saleFirst'])
  })

  it('of both kinds, each stands under its own title, what is in doubt first', () => {
    const html = sheet(withPayments(torn, unknown), language)
    const places = [
      words['unresolved.unknown.title'],
      words['unresolved.unknown.todo'],
      tenderStates.unknown,
      words['unresolved.torn.title'],
      words['unresolved.torn.todo'],
      tenderStates.torn,
    ].map((text) => html.indexOf(`${text}<`))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })

  it('a payment given up and one that ended stand below, with sale and card, and with no button', () => {
    const records = [madeUpTear(4, 742_050, 'torn'), madeUpTear(7, 98_500, 'advised'), madeUpTear(8, 60_000, 'settled')]
    const html = sheet({ ...withPayments(torn), torn: records }, language)
    const places = [
      words['unresolved.torn.title'],
      records[0]?.saleNumber ?? '',
      words['action.take_up_torn'],
      words['torn.advised.title'],
      words['torn.advised.todo'],
      tenderStates.advised,
      '…7f3a',
      words['torn.ended.title'],
      `<strong>${tenderStates.settled}</strong>`,
    ].map((text) => html.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(html.split(words['action.take_up_torn'])).toHaveLength(2)
    const over = sheet({ ...withPayments(), torn: records.slice(1) }, language)
    expect(over).toContain(words['torn.advised.title'])
    expect(over).not.toContain(words['unresolved.empty'])
  })

  it('the sheet of the queue counts those whose end nobody knows, and leads to the list', () => {
    const records = [madeUpTear(7, 98_500, 'advised'), madeUpTear(8, 60_000, 'settled')]
    const counted = words['action.show_torn'].replace('{count}', '1')
    const queue: Sheet = { kind: 'light', light: 'queue' }
    expect(sheet({ ...quietTill, torn: records }, language, queue)).toContain(counted)
    expect(sheet(quietTill, language, queue)).not.toContain(words['action.show_torn'].split('{')[0])
  })

  it('a sale that was paid meanwhile stands under its question, below what is in doubt, with its goods', () => {
    const snapshot = { ...withPayments(torn), goodsAsked: [ofThisShift] }
    const html = sheet(snapshot, language)
    const places = [
      words['unresolved.torn.title'],
      words['goods.asked.title'],
      words['goods.asked.todo'],
      ofThisShift.saleNumber,
      ofThisShift.goods[0]?.[language] ?? '',
      words['action.goods_given'],
      words['action.goods_not_given'],
    ].map((text) => html.lastIndexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(withoutMarks(band({ ...snapshot, language }))).toContain(`${words['goods.asked.title']}: 1`)
    const alone = { ...withPayments(), goodsAsked: [ofThisShift] }
    expect(sheet(alone, language)).not.toContain(words['unresolved.empty'])
    expect(isNothingToTell(alone)).toBe(false)
    expect(isNothingToTell(quietTill)).toBe(true)
  })

  it('an empty list says so, and no longer what not to do', () => {
    const html = sheet(withPayments(), language)
    expect(html).toContain(words['unresolved.empty'])
    expect(html).not.toContain(words['unresolved.unknown.title'])
  })
})

/** In each language, what of a button's words stands in every form of them. */
const stems = {
  cancel_payment: { kk: ['төлемді', 'тоқтат'], ru: ['отмен', 'оплату'], en: ['cancel', 'payment'] },
  cancel_unknown: { kk: ['қауіпсіз', 'болдырма'], ru: ['безопасно', 'отмен'], en: ['cancel', 'safely'] },
} as const

describe.each(languages)('the words in %s', (language) => {
  const { words, refusals, losses } = texts[language]
  const says = (text: string, parts: readonly string[]): boolean =>
    parts.every((part) => text.toLowerCase().includes(part))

  it.each([
    ['tap.torn.detail', 'cancel_payment'],
    ['tap.torn.maybeDebited', 'cancel_payment'],
    ['tap.torn.cannotTell', 'cancel_payment'],
    ['unresolved.unknown.todo', 'cancel_unknown'],
    ['unresolved.torn.todo', 'cancel_unknown'],
    ['unresolved.maybe_debited.todo', 'cancel_unknown'],
  ] as const)('of %s name the button %s as it names itself', (key, action) => {
    const parts = stems[action][language]
    expect(words[`action.${action}`]).toSatisfy((text: string) => says(text, parts))
    expect(words[key]).toSatisfy((text: string) => says(text, parts))
  })

  it('of a refused PIN send nobody to a pad that is not there', () => {
    const anew = { kk: ['картамен', 'қайтадан баста'], ru: ['картой', 'заново'], en: ['by card', 'again'] }[language]
    for (const code of ['CARD_PIN_WRONG', 'CARD_PIN_NEEDED'] as const)
      expect(refusals[code].todo).toSatisfy((text: string) => says(text, anew))
  })

  it('of a payment that no record proved ask for an appeal only if goods were given', () => {
    const discrepancy = { discrepancyId: torn.tenderId, at: 0, amount: tiyn(742_050), saleNumber: '1' } as const
    const listed = (code: 'PROOF_NEVER_CAME' | 'CARD_FORKED'): string => {
      const discrepancies = [{ ...discrepancy, code, standing: 'to_be_appealed' as const }]
      return inLanguage(language, createElement(DiscrepancyList, { discrepancies }))
    }
    const given = { kk: ['берілсе'], ru: ['если', 'выдан'], en: ['if goods were given'] }[language]
    expect(losses.PROOF_NEVER_CAME.todo).toSatisfy((text: string) => says(text, given))
    expect(listed('PROOF_NEVER_CAME')).toContain(losses.PROOF_NEVER_CAME.todo)
    expect(listed('PROOF_NEVER_CAME')).not.toContain(words['discrepancies.to_be_appealed'])
    expect(listed('CARD_FORKED')).toContain(words['discrepancies.to_be_appealed'])
  })
})

describe('the keys of the list', () => {
  it('go down the rows as they stand on the screen', () => {
    const snapshot = withPayments(torn, unknown, older)
    expect(rowIds('unresolved', snapshot)).toEqual(ids(unknown, older, torn))
    expect(openList('unresolved', snapshot)).toEqual({ kind: 'unresolved', chosen: unknown.tenderId })
  })

  it('answer for goods: given, or the money back by the way that its shift allows', () => {
    const snapshot = { ...withPayments(torn), goodsAsked: [ofThisShift, ofAnother] }
    const { saleId } = ofThisShift
    expect(rowIds('unresolved', snapshot)).toEqual([...ids(torn), saleId, ofAnother.saleId])
    const at = (chosen: string): Sheet => ({ kind: 'unresolved', chosen })
    expect(commandOf('goods_given', at(saleId), snapshot)).toEqual({ command: 'goods_given', saleId })
    expect(commandOf('goods_not_given', at(saleId), snapshot)).toEqual({ command: 'void_sale', saleId })
    expect(commandOf('goods_not_given', at(ofAnother.saleId), snapshot)).toEqual({
      command: 'show_refund',
      saleId: ofAnother.saleId,
    })
    const ofNobody = madeUpGoodsQuestion(33, lunchOnly(), 'nothing')
    expect(commandOf('goods_not_given', at(ofNobody.saleId), { ...snapshot, goodsAsked: [ofNobody] })).toEqual({
      command: 'goods_not_given',
      saleId: ofNobody.saleId,
    })
    for (const action of ['goods_given', 'goods_not_given'] as const)
      expect(commandOf(action, at(torn.tenderId), snapshot)).toBeNull()
    for (const action of ['take_up_torn', 'cancel_unknown', 'wait_for_answer'] as const)
      expect(commandOf(action, at(saleId), { ...snapshot, actions: ['take_up_torn'] })).toBeNull()
  })

  it('ask the ledger about what was sent, and not about a torn card', () => {
    const snapshot = withPayments(torn, unknown)
    const at = ({ tenderId }: TenderView): Sheet => ({ kind: 'unresolved', chosen: tenderId })
    expect(commandOf('wait_for_answer', at(unknown), snapshot)).toMatchObject({ command: 'wait_for_answer' })
    expect(commandOf('wait_for_answer', at(torn), snapshot)).toBeNull()
    expect(commandOf('cancel_unknown', at(torn), snapshot)).toMatchObject({ tenderId: torn.tenderId })
    expect(commandOf('take_up_torn', at(torn), { ...snapshot, actions: ['take_up_torn'] })).toEqual({
      command: 'take_up_torn',
      tenderId: torn.tenderId,
    })
    expect(commandOf('take_up_torn', at(unknown), { ...snapshot, actions: ['take_up_torn'] })).toBeNull()
    // The screen is not free.
    expect(commandOf('take_up_torn', at(torn), { ...snapshot, actions: [] })).toBeNull()
    const { words } = texts.en
    expect(sheet(withPayments(torn), 'en')).not.toContain(words['action.wait_for_answer'])
    expect(sheet(withPayments(unknown), 'en')).toContain(words['action.wait_for_answer'])
  })
})
