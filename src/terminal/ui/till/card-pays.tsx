/** What the card pays, what it does not, what has been paid so far, and what is LEFT TO PAY. */
import { zeroTiyn, formatTenge, type CardPays, type SaleView, type TenderView } from '../../contract/index.ts'
import { sentencesOf } from '../texts/index.ts'
import { formatPeriod, isoDay } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { ScrollArea } from './scroll-area.tsx'

interface CardPaysProps {
  readonly cardPays: CardPays | null
  readonly sale: SaleView | null
  readonly now: number
}

export function CardPaysPanel({ cardPays, sale, now }: CardPaysProps) {
  const { say, name } = useTexts()
  const rows = joined(cardPays?.parts ?? [], sale?.tenders ?? [])
  const tenders = rows.others
  const unpaid = new Set((cardPays?.lines ?? []).filter(({ pays }) => pays === 0n).map(({ line }) => line))
  const notCovered = (sale?.lines ?? []).filter(({ line }) => unpaid.has(line)).map((line) => name(line.name))
  return (
    <section className="panel card-pays" aria-label={say('cardPays.title')}>
      <ScrollArea className="card-pays-body" label={say('cardPays.title')}>
        {cardPays === null && tenders.length > 0 ? null : <h2>{say('cardPays.title')}</h2>}
        {cardPays === null && tenders.length === 0 ? <p className="hint">{say('cardPays.waiting')}</p> : null}
        {rows.parts.map(({ part, tender }) => (
          <Part key={`${part.schemeName.en} ${part.periodId}`} part={part} tender={tender} now={now} />
        ))}
        {notCovered.length === 0 ? null : <p>{say('cardPays.notCovered', { names: notCovered.join(', ') })}</p>}
        {tenders.length === 0 ? null : (
          <>
            <h2>{say('cardPays.tenders')}</h2>
            {tenders.map((tender) => (
              <Tender key={tender.tenderId} tender={tender} />
            ))}
          </>
        )}
      </ScrollArea>
      <p className={`left-to-pay left-to-pay-${leftLook(sale)}`}>
        <span>{say('sale.leftToPay')}</span>
        <Amount value={sale?.leftToPay ?? zeroTiyn} look="large" />
      </p>
    </section>
  )
}

/** Loud when a part is paid and the goods must wait for the rest; quiet when nothing is left. */
function leftLook(sale: SaleView | null): 'none' | 'whole' | 'rest' {
  if (sale === null || sale.leftToPay === 0n) return 'none'
  return sale.paid > 0n ? 'rest' : 'whole'
}

type PartView = CardPays['parts'][number]

interface Joined {
  readonly parts: readonly { readonly part: PartView; readonly tender: TenderView | null }[]
  readonly others: readonly TenderView[]
}

/** A part and the tender that pays it are one thing to the cashier: shown once, never as if it were paid twice. */
function joined(parts: readonly PartView[], tenders: readonly TenderView[]): Joined {
  const others = [...tenders]
  const rows = parts.map((part) => {
    const at = others.findIndex(
      ({ schemeName, amount }) => schemeName?.en === part.schemeName.en && amount === part.amount,
    )
    return { part, tender: at === -1 ? null : (others.splice(at, 1)[0] ?? null) }
  })
  return { parts: rows, others }
}

function Part({ part, tender, now }: { part: PartView; tender: TenderView | null; now: number }) {
  const { say, name, codes } = useTexts()
  const used = part.countAllowed - part.countLeft
  const allowed = part.countAllowed
  const today = part.periodId === isoDay(now)
  const left =
    part.benefit === 'amount'
      ? say('cardPays.amountLeft', { amount: formatTenge(part.amountLeft) })
      : today
        ? say('cardPays.countToday', { used, allowed })
        : say('cardPays.countPeriod', { used, allowed, period: formatPeriod(part.periodId) })
  return (
    <div className="row">
      <p>
        <strong>{name(part.schemeName)}</strong> · {left}
        {tender === null ? null : ` · ${codes.tenderStates[tender.state]}`}
        {part.reducedBy === null ? null : <span className="reason">{codes.refusals[part.reducedBy].what}</span>}
      </p>
      <Amount value={part.amount} />
    </div>
  )
}

/** One tender with its state in words; why it was refused or not paid, when it was. */
export function Tender({ tender }: { tender: TenderView }) {
  const { say, name, codes, language } = useTexts()
  const reason = tender.code === null ? null : sentencesOf(language, tender.code)
  return (
    <div className={`row tender tender-${tender.state}`}>
      <p>
        <strong>{tender.schemeName === null ? say('tender.cash') : name(tender.schemeName)}</strong>
        {' · '}
        {codes.tenderStates[tender.state]}
        {reason === null ? null : (
          <span className="reason">
            {reason.what} {reason.todo} <span className="code">{say('notice.code', { code: tender.code ?? '' })}</span>
          </span>
        )}
      </p>
      <Amount value={tender.amount} />
    </div>
  )
}
