/**
 * What the customer's display shows of a sale: the line that was rung up or changed last with the total, what is left
 * while it is paid in parts, and thanks when it is paid. Between sales it is empty. No scheme and no refusal stands
 * there: others read it too.
 */
import type { DisplayRow, HidPort } from '../../drivers/ports.ts'
import type { Language, Texts } from '../../voucher/identifiers.ts'
import { formatTenge, tiyn, zeroTiyn, type Tiyn } from '../../voucher/money.ts'
import type { SaleView, Snapshot } from '../contract/snapshot.ts'

const words = {
  total: { kk: 'Барлығы', ru: 'Итого', en: 'Total' },
  paid: { kk: 'Төленді', ru: 'Оплачено', en: 'Paid' },
  left: { kk: 'Төлеуге қалды', ru: 'Осталось', en: 'Left to pay' },
  thanks: { kk: 'Рақмет!', ru: 'Спасибо!', en: 'Thank you!' },
} as const satisfies Readonly<Record<string, Texts>>

const nothing: readonly DisplayRow[] = [
  { left: '', right: '' },
  { left: '', right: '' },
]

/** For the test bench: the letters that displays lack, and a row as it stands there in every sale. */
export function displayTestRows(language: Language): readonly DisplayRow[] {
  return [
    { left: 'ӘҒҚҢӨҰҮҺІ ₸', right: '' },
    { left: words.total[language], right: formatTenge(tiyn(185_000n), '').trimEnd() },
  ]
}

/** More than any display has; the device host takes no longer row (`protocol.ts`). */
const rowCharactersMax = 100

/** @param changedLine the line to show; where the sale has it no more, the last one */
export function displayOf(
  sale: SaleView | null,
  changedLine: number | null,
  language: Language,
): readonly DisplayRow[] {
  const last = sale?.lines.at(-1)
  if (sale === null || last === undefined) return nothing
  const sum = (word: keyof typeof words, amount: Tiyn): DisplayRow => {
    return { left: words[word][language], right: formatTenge(amount, '').trimEnd() }
  }
  if (!sale.open && sale.leftToPay === zeroTiyn)
    return [{ left: words.thanks[language], right: '' }, sum('total', sale.total)]
  if (sale.paid !== zeroTiyn) return [sum('paid', sale.paid), sum('left', sale.leftToPay)]
  const line = sale.lines.find((candidate) => candidate.line === changedLine) ?? last
  const name = line.name[language]
  const left = line.quantity === 1 ? name : `${line.quantity} x ${name}`
  return [
    {
      left: [...left].slice(0, rowCharactersMax).join(''),
      right: formatTenge(line.total, '').trimEnd(),
    },
    sum('total', sale.total),
  ]
}

/** Keeps the display at what the screen shows. Only hands over: nothing here waits for a display. */
export class CustomerDisplay {
  readonly #hid: HidPort
  #sale: SaleView | null = null
  #changedLine: number | null = null
  #shown = ''

  constructor(hid: HidPort) {
    this.#hid = hid
  }

  follow({ sale, language, bench }: Snapshot): void {
    const changed = lineThatChanged(this.#sale, sale)
    if (changed !== null || sale?.saleId !== this.#sale?.saleId) this.#changedLine = changed
    this.#sale = sale
    const tests = bench?.hid?.displayTests ?? 0
    const rows = tests === 0 ? displayOf(sale, this.#changedLine, language) : displayTestRows(language)
    const text = JSON.stringify([tests, rows])
    if (text === this.#shown) return
    this.#shown = text
    this.#hid.show(rows)
  }
}

/** The last line that is new or has another quantity. */
function lineThatChanged(before: SaleView | null, now: SaleView | null): number | null {
  const old = new Map(before?.saleId === now?.saleId ? before?.lines.map(({ line, quantity }) => [line, quantity]) : [])
  return now?.lines.findLast(({ line, quantity }) => old.get(line) !== quantity)?.line ?? null
}
