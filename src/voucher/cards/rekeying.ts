/**
 * The issuing desk gives a card of ours the keys of its next generation (docs/design/30-rekeying.md, "On the card").
 *
 * Everything happens under key 0, in this order:
 * 1. select, GetVersion, AuthenticateEV2First with key 0;
 * 2. file 2 has to have our rights: a card that was never wholly personalised is not re-keyed;
 * 3. keys 2, 3 and 4, each after its version. Key 1 is the zone's and stays;
 * 4. key 0, which ends the session; then one authentication with the new key 0 proves it.
 *
 * Torn anywhere, the call can be repeated with the same keys, and a card never gets stuck:
 * - before 4 the card still has the former key 0: repeat with `masterKeyOnCard: 'former'`, which is never refused;
 * - in 4 (steps `change-master-key` and `verify`) either may stand: repeat with `'ours'`, and if that is refused with
 *   CARD_AUTHENTICATION_FAILED, once with `'former'`. It costs at most that one failed attempt.
 *
 * Nothing of file 2 is written, so SDMReadCtr goes on: nothing of a card in use is set back.
 */
import type { CardChannel, RandomBytes } from './card-channel.ts'
import { cardKeyNumber, isKeyGeneration } from './card-keys.ts'
import { Desk, isPersonalisedSettings, refusal } from './desk.ts'
import type { CardKeys, PersonalisationFailure } from './desk.ts'
import { changeOtherKey, replaceMasterKey, verifyMasterKey } from './key-change.ts'
import { authenticateLocally } from './ntag424-authentication.ts'
import { recogniseCard } from './ntag424-recognition.ts'

/** The diversified keys of one card in one generation. */
export type KeysOfGeneration = Omit<CardKeys, 'metaRead'>

export interface RekeyingOrder {
  readonly keysOf: (uid: Uint8Array) => KeysOfGeneration
  /** Their generation, 1 to 255. */
  readonly keyVersion: number
  readonly formerKeysOf: (uid: Uint8Array) => KeysOfGeneration
  readonly formerKeyVersion: number
  /** Which key 0 the card is believed to have: `ours`, the new one, for a card that was torn at the very end. */
  readonly masterKeyOnCard: 'former' | 'ours'
}

export type Rekeying = { readonly kind: 'rekeyed'; readonly uid: Uint8Array } | PersonalisationFailure

const rekeyed = [
  [cardKeyNumber.fileRead, 'fileRead'],
  [cardKeyNumber.till, 'till'],
  [cardKeyNumber.reserved, 'reserved'],
] as const

/**
 * Re-keys the card on the reader, or completes a torn re-keying. Makes one authentication attempt, and one more with
 * the key 0 that it has just written.
 *
 * @throws RangeError where the generations are none, or one
 */
export async function rekeyCard(channel: CardChannel, order: RekeyingOrder, random: RandomBytes): Promise<Rekeying> {
  const { keyVersion, formerKeyVersion } = order
  if (!isKeyGeneration(keyVersion) || !isKeyGeneration(formerKeyVersion) || keyVersion === formerKeyVersion)
    throw new RangeError(`no re-keying leads from generation ${formerKeyVersion} to ${keyVersion}`)
  const card = await recogniseCard(channel)
  switch (card.kind) {
    case 'unsupported':
      return refusal('get-version', 'CARD_UNKNOWN', card.detail.reason)
    case 'torn':
      return { kind: 'torn', step: card.step, executed: 'unknown', reason: card.reason }
    case 'card-gone':
      return { kind: 'torn', step: card.step, executed: 'no', reason: card.reason }
    case 'ntag424':
  }

  const [keys, formerKeys] = [order.keysOf(card.uid), order.formerKeysOf(card.uid)]
  const masterKey = (order.masterKeyOnCard === 'former' ? formerKeys : keys).applicationMaster
  const authentication = await authenticateLocally(channel, masterKey, random, cardKeyNumber.applicationMaster)
  if (authentication.kind !== 'session') return authentication
  const desk = new Desk(channel, authentication.session)

  const settings = await desk.readSettings('read-settings')
  if (settings.kind !== 'data') return settings
  if (!isPersonalisedSettings(settings.data)) return refusal('read-settings', 'CARD_NOT_AS_ISSUED', 'file-2-settings')
  for (const [keyNumber, name] of rekeyed) {
    const changed = await changeOtherKey(desk, keyNumber, {
      former: { key: formerKeys[name], version: formerKeyVersion },
      next: { key: keys[name], version: keyVersion },
      strange: 'CARD_NOT_AS_ISSUED',
    })
    if (changed !== null) return changed
  }
  if (order.masterKeyOnCard === 'former') {
    const replaced = await replaceMasterKey(desk, { key: keys.applicationMaster, version: keyVersion })
    if (replaced !== null) return replaced
    const verified = await verifyMasterKey(channel, keys.applicationMaster, random)
    if (verified !== null) return verified
  }
  return { kind: 'rekeyed', uid: card.uid }
}
