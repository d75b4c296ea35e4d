/**
 * What an NTAG 424 DNA answers to Read_Sig (NT4H2421Gx table 22, AN12196 §8.2): 56 bytes, r ‖ s, which its maker made
 * over its UID when the chip was made. Nobody else can make one, and so the cards here have three that are known.
 */

/**
 * Three signatures that NXP made, of chips whose readings were published: the first by AN12196 §8.2, the others by
 * proxmark3 tools/recover_pk.py (shared/vectors/cards-and-crypto.json, `originality_ecdsa`).
 */
export const publishedChips: Readonly<Record<string, string>> = {
  '04518DFAA96180':
    'D1940D17CFEDA4BFF80359AB975F9F6514313E8F90C1D3CAAF5941AD744A1CDF9A83F883CAFE0FE95D1939B1B7E47113993324473B785D21',
  '0463474AA26A80':
    '27E9A50E6CA4BA9037C02F7D20A80D0284D0C1D83C67F5A5AC1D8A4EF86C9508417E4E9C6F85AA7920F0ABDED984CAF20467D66EA54BBF08',
  '047728824D6580':
    '9C7068636A285FEBA1E2406654009DCE6E8A9C9CE318BE0262ED162519B970B32FB802858420D667D12CEBCD32BB4BC8AFE21C753A5A6C26',
}

/** A UID of which no signature is published is that of a copy without a true one. @param uid upper-case hex */
export function signatureOfChip(uid: string): string {
  return publishedChips[uid] ?? '5A'.repeat(56)
}
