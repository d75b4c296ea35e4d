/** A tried basket as an engineer reads it, in one of three languages. */
import { refusals as refusalsEn } from '../../src/terminal/ui/texts/codes-en.ts'
import { refusals as refusalsKk } from '../../src/terminal/ui/texts/codes-kk.ts'
import { refusals as refusalsRu } from '../../src/terminal/ui/texts/codes-ru.ts'
import type { Language } from '../../src/voucher/identifiers.ts'
import { formatTenge, subtractTiyn } from '../../src/voucher/money.ts'
import { trialWords, type TrialWords } from '../../src/voucher/trial-words.ts'
import type { PaidOfLine, Trial, TriedLine, TriedMerchant, TriedScheme } from './trial.ts'

/** Why a scheme refuses, in the words of the till. */
const refusals = { kk: refusalsKk, ru: refusalsRu, en: refusalsEn }

export function trialText({ at, merchantId, place, total, schemes, lines, left }: Trial, language: Language): string {
  const say = trialWords[language]
  return [
    say.setting(new Date(at).toISOString(), merchantText({ merchantId, place }, say)),
    '',
    ...lines.flatMap((line) => lineTexts(line, language)),
    '',
    ...schemes.map((scheme) => schemeText(scheme, language)),
    say.total(formatTenge(total), formatTenge(subtractTiyn(total, left)), formatTenge(left)),
  ].join('\n')
}

function lineTexts({ line, total, schemes, left, why }: TriedLine, language: Language): readonly string[] {
  const say = trialWords[language]
  const { category, gtin, name, quantity, unitPrice } = line
  const kinds = [category, ...(gtin === undefined ? [] : [gtin])].join(', ')
  const goods = `${quantity} × ${name[language]} (${kinds})`
  return [
    `${line.line}. ${say.line(goods, formatTenge(unitPrice), formatTenge(total))}`,
    ...schemes.map((paid) => `   ${paidText(paid, say)}`),
    `   ${say.leftToPay(formatTenge(left))}${why === null ? '' : `: ${say.reasons[why]}`}`,
  ]
}

/** By name, or by what its bank says of it. */
function merchantText({ merchantId, place: { region, kind } }: TriedMerchant, say: TrialWords): string {
  if (region === undefined && kind === undefined) return say.merchant(merchantId)
  return say.merchantOf(region ?? null, kind ?? null)
}

function paidText({ schemeId, rule, amount }: PaidOfLine, say: TrialWords): string {
  const pays = amount === 0n ? say.paysNothing(schemeId) : say.pays(schemeId, formatTenge(amount))
  return `${pays}${rule === null ? say.noRule : say.byRule(rule)}`
}

function schemeText({ schemeId, verdict }: TriedScheme, language: Language): string {
  const say = trialWords[language]
  if ('refusal' in verdict)
    return `${say.paysNothing(schemeId)}: ${verdict.refusal} (${refusals[language][verdict.refusal].what})`
  const { amount, periodId, countLeft, amountLeft, reducedBy } = verdict
  const reduced = reducedBy === null ? '' : say.reducedBy(reducedBy)
  const remains = say.remains(formatTenge(amountLeft), countLeft, periodId)
  return `${say.pays(schemeId, formatTenge(amount))}${reduced}; ${remains}`
}
