/** The QR for the customer's wallet: dark on white in every theme, with the quiet zone that scanners need. */
import encodeQR from 'qr'
import { useMemo } from 'react'
import { useTexts } from '../texts/use-texts.ts'

/** Modules of white around the code (ISO/IEC 18004, 5.3.8). */
const quietZone = 4

export function PaymentQr({ text }: { text: string }) {
  const { say } = useTexts()
  const { size, path } = useMemo(() => drawn(text), [text])
  return (
    <svg
      className="payment-qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={say('tap.qr.label')}
      data-qr={text}
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  )
}

function drawn(text: string): { readonly size: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: quietZone })
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return { size: rows.length, path }
}
