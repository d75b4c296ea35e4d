/** Where the ledger disagrees: what it found, who bears it, how it stands, what can be done. */
import type { Snapshot } from '../../contract/index.ts'
import { sentencesOf } from '../texts/index.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'

export function DiscrepancyList({ discrepancies }: Pick<Snapshot, 'discrepancies'>) {
  const { say, language } = useTexts()
  const whatToDo = ({ code, standing }: Snapshot['discrepancies'][number]): string =>
    // A torn payment may have been given nothing for: only the shop knows.
    code === 'PROOF_NEVER_CAME' && standing === 'to_be_appealed'
      ? sentencesOf(language, code).todo
      : say(`discrepancies.${standing}`)
  return (
    <>
      <h2>{say('discrepancies.title')}</h2>
      <ul className="sheet-list">
        {discrepancies.map((discrepancy) => {
          const { discrepancyId, code, at, amount, saleNumber } = discrepancy
          return (
            <li key={discrepancyId}>
              <div className="sheet-item">
                <p className="row">
                  <span>
                    <strong>
                      {saleNumber === null ? say('discrepancies.till') : say('discrepancies.sale', { saleNumber })}
                    </strong>
                    {` · ${formatDateTime(at)}`}
                  </span>
                  {amount === 0n ? null : <Amount value={amount} />}
                </p>
                <p>
                  {sentencesOf(language, codeWithSentence(code)).what} {whatToDo(discrepancy)}{' '}
                  <span className="code">{say('notice.code', { code })}</span>
                </p>
              </div>
            </li>
          )
        })}
      </ul>
    </>
  )
}

/** The ledger names the term that differs; what is to be done is the same for all. */
function codeWithSentence(code: string): string {
  // The same to a cashier: whether one till's slot or several tills' pools, the card had no more.
  if (code === 'ALLOWANCE_EXCEEDED_IN_POOL') return 'SLOT_ALREADY_USED'
  return code.startsWith('EXISTS_WITH_DIFFERENT_') ? 'EXISTS_WITH_DIFFERENT_TERMS' : code
}
