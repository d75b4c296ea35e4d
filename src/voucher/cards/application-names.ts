/** DF names (AIDs) by which a card's application is selected, ISO/IEC 7816-4. Nothing is imported here but bytes. */
import { fromHex } from './bytes.ts'

/** Of the NTAG 424 DNA, and part of every diversification input. */
export const ntag424ApplicationName = fromHex('D2760000850101')

/** Of the applet of docs/design/22, by kind of card. */
export const voucherApplication = fromHex('F0544F4C454D01')
export const cbdcApplication = fromHex('F0544F4C454D02')
