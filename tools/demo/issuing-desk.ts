/** The desk where cards are written: a blank one comes into the box of virtual cards with the keys of the issuer. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ledgerSecretsSchema } from '../../ledger-sim/keys.ts'
import { personalised } from '../../ledger-sim/scenarios/demo.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import type { World } from '../world.ts'
import type { PanelClient } from './panel-client.ts'

/** @returns the UID of the new card, hex */
export async function writesCard({ folders }: World, panel: PanelClient, label: string): Promise<string> {
  const secrets = JSON.parse(readFileSync(join(folders.ledger, 'issuer-keys.json'), 'utf8')) as unknown
  // 04 is NXP's manufacturer byte (ISO/IEC 7816-6).
  const uid = Uint8Array.of(0x04, ...realRandomness.bytes(6))
  const card = personalised(label, uid, ledgerSecretsSchema.parse(secrets))
  await panel.addCards([card])
  return card.uid
}
