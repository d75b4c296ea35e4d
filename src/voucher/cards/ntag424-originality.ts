/**
 * Whether NXP made an NTAG 424 DNA: Read_Sig, and the check of what it answers (NT4H2421Gx table 22; AN12196 §8.2). It
 * says that NXP made a chip with this UID, not that this is that chip: an authentication says that.
 *
 * Asked before any authentication, in plain: in a session the card takes this command in CommMode.Full only, and an
 * error ends the session. Changes nothing on the card, whoever it belongs to.
 */
import type { CardChannel } from './card-channel.ts'
import { exchange, type Torn } from './exchange.ts'
import { isOriginal } from './originality.ts'
import { describeStatus, nativeCommand, statusOk, statusSignature } from './status.ts'

const readSignature = 0x3c
/** The only one there is. */
const signatureNumber = 0x00
const signatureLength = 56

export type Ntag424Originality =
  | { readonly kind: 'original' }
  /** The signature is not NXP's over this UID. */
  | { readonly kind: 'not-original' }
  /** What each NTAG 424 DNA answers did not come: another status, or another number of bytes. */
  | { readonly kind: 'not-answered'; readonly reason: 'refused' | 'length'; readonly detail: string }
  | Torn<'read-signature'>

/**
 * After `recogniseCard`, in the same presence. AN12196 and real cards end the answer in 9190, the data sheet's table 22
 * says 9100: either is taken, since the signature decides. Never throws on anything that a card says.
 *
 * @param uid the 7 bytes that the card gave as its UID
 */
export async function askNtag424Originality(channel: CardChannel, uid: Uint8Array): Promise<Ntag424Originality> {
  const command = nativeCommand(readSignature, Uint8Array.of(signatureNumber))
  const answer = await exchange(channel, 'read-signature', command)
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusSignature && answer.status.code !== statusOk)
    return { kind: 'not-answered', reason: 'refused', detail: describeStatus(answer.status) }
  if (answer.data.length !== signatureLength)
    return { kind: 'not-answered', reason: 'length', detail: `${answer.data.length} bytes of signature` }
  return { kind: isOriginal('ntag424', uid, answer.data) ? 'original' : 'not-original' }
}
