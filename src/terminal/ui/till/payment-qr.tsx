/**
 * What the customer is asked to pay by: the QR for a wallet, dark on white in every theme, with the quiet zone that
 * scanners need, and the Digital Tenge card, with what became of the one that was held there.
 */
import encodeQR from 'qr'
import { useMemo, type ReactNode } from 'react'
import type { RefusalCode, TapView } from '../../contract/index.ts'
import { useTexts, type Translator } from '../texts/use-texts.ts'

/** Modules of white around the code (ISO/IEC 18004, 5.3.8). */
const quietZone = 4

type QrView = Extract<TapView, { state: 'qr' }>

export function PaymentQr({ text, tap }: { text: string; tap: QrView }) {
  const translator = useTexts()
  const { size, path } = useMemo(() => drawn(text), [text])
  const words = cardWords(tap, translator)
  return (
    <div className="by-qr">
      <svg
        className="payment-qr"
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={translator.say('tap.qr.label')}
        data-qr={text}
      >
        <rect width={size} height={size} fill="#ffffff" />
        <path d={path} fill="#000000" />
      </svg>
      {words === null ? null : (
        <p className="by-card" data-card={tap.card?.state ?? 'none'} role="status">
          {words}
        </p>
      )}
    </div>
  )
}

/** Nothing while no card could be asked. */
function cardWords({ card, doing }: QrView, { say }: Translator): ReactNode {
  if (card === null) return doing === 'waiting_for_payer' ? say('tap.qr.card.none') : null
  return card.state === 'refused' ? (
    <RefusedCard code={card.code} />
  ) : (
    <strong>{say(`tap.qr.card.${card.state}`)}</strong>
  )
}

/** The QR stands whatever a card says, so no word here asks for cash. */
function RefusedCard({ code }: { code: RefusalCode }) {
  const { say, codes } = useTexts()
  const { what, todo } = codes.refusals[code]
  return (
    <>
      <strong>{what}</strong> {code === 'CARD_OF_NO_ACCOUNT' ? todo : say('tap.qr.card.refused')}
      <span className="by-card-code">{say('notice.code', { code })}</span>
    </>
  )
}

function drawn(text: string): { readonly size: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: quietZone })
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return { size: rows.length, path }
}
