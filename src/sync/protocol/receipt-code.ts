/**
 * How the text of a receipt's code begins: all that tells it from a bar code. What follows is read by
 * `receipt-presentment.ts`, which needs Node; a page asks here.
 */

/** By what the card said: a proof of its own, or only who it is. */
export const receiptCodeBeginnings = { proved: 'TOLEM1.', identified: 'TOLEM2.' } as const

/** Of any version: what a later terminal printed is a receipt too, and no article. */
export const isReceiptCode = (text: string): boolean => /^TOLEM\d+\./.test(text)
