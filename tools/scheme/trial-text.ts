/** A tried basket as an engineer reads it. In English, as all commands speak. */
import { formatTenge, subtractTiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import { refusals } from '../../src/terminal/ui/texts/codes-en.ts'
import type { LineReason } from '../../src/voucher/line-outcomes.ts'
import type { PaidOfLine, Trial, TriedLine, TriedMerchant, TriedScheme } from './trial.ts'

const reasons: Readonly<Record<LineReason, string>> = {
  allowance_used: 'the allowance or a limit leaves no more',
  too_dear: 'dearer than the scheme pays',
  own_part: 'the customer’s own part',
  excluded: 'these goods are excluded',
  not_listed: 'no scheme that pays names these goods',
}

export function trialText({ at, merchantId, place, total, schemes, lines, left }: Trial): string {
  return [
    `At ${new Date(at).toISOString()}, at ${merchantText({ merchantId, place })}, ` +
      'by a card that has used nothing in the period.',
    '',
    ...lines.flatMap(lineTexts),
    '',
    ...schemes.map(schemeText),
    `Total ${formatTenge(total)}, paid ${formatTenge(subtractTiyn(total, left))}, LEFT TO PAY ${formatTenge(left)}`,
  ].join('\n')
}

function lineTexts({ line, total, schemes, left, why }: TriedLine): readonly string[] {
  const { category, gtin, name, quantity, unitPrice } = line
  const goods = [category, ...(gtin === undefined ? [] : [gtin])].join(', ')
  return [
    `${line.line}. ${quantity} × ${name.en} (${goods}) at ${formatTenge(unitPrice)}: ${formatTenge(total)}`,
    ...schemes.map(paidText),
    `   left to pay ${formatTenge(left)}${why === null ? '' : `: ${reasons[why]}`}`,
  ]
}

/** By name, or by what its bank says of it. */
function merchantText({ merchantId, place: { region, kind } }: TriedMerchant): string {
  if (region === undefined && kind === undefined) return `the merchant ${merchantId}`
  const said = [region === undefined ? '' : ` in region ${region}`, kind === undefined ? '' : ` of kind ${kind}`]
  return `a merchant${said.join('')}`
}

function paidText({ schemeId, rule, amount }: PaidOfLine): string {
  const by = rule === null ? ': no rule names these goods' : ` by rule ${rule}`
  return `   ${schemeId} pays ${amount === 0n ? 'nothing' : formatTenge(amount)}${by}`
}

function schemeText({ schemeId, verdict }: TriedScheme): string {
  if ('refusal' in verdict) return `${schemeId} pays nothing: ${refusalText(verdict.refusal)}`
  const { amount, periodId, countLeft, amountLeft, reducedBy } = verdict
  const reduced = reducedBy === null ? '' : `, reduced by ${reducedBy}`
  const payments = countLeft === 1 ? '1 payment' : `${countLeft} payments`
  const rest = `${formatTenge(amountLeft)} and ${payments}`
  return `${schemeId} pays ${formatTenge(amount)}${reduced}; ${rest} are left in period ${periodId}`
}

function refusalText(code: RefusalCode): string {
  return `${code} (${refusals[code].what})`
}
