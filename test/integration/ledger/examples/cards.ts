/** Examples of cards that count themselves, from the issuing desk to a till that carries a script. */
import { blankApplet } from '../../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../../hardware-mocks/cards/applet.ts'
import { seededRandom } from '../../../../hardware-mocks/cards/random.ts'
import { personaliseApplet } from '../../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { openPresence, type AppletPresence } from '../../../../src/voucher/cards/tolem-applet/presence.ts'
import { update } from '../../../../src/voucher/cards/tolem-applet/script.ts'
import { hourMs, p256, type TestTill } from '../demo-ledger.ts'
import { onCards } from '../counting-card-world.ts'
import { beneficiary, dailyFood, schemeId } from '../period-world.ts'
import { signRepeatably } from '../repeatable-signature.ts'
import type { Stage, Story } from './stage.ts'

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const bytesOf = (text: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(text), 'base64url'))
const holder = 'a'.repeat(32)
const cardId = 'c0ffee00112233445566778899aabbcc'
const nowhere = base64url(new Uint8Array(64))

export const story: Story = async (stage) => {
  const { demo } = stage
  const agency = stage.as('agency')
  const role = demo.role('agency')
  await role.post('/v1/schemes', { ...dailyFood, ...onCards })
  await role.post('/v1/scheme-fundings', {
    ...{ transferId: stage.id(), accountId: 'almaly-education', schemeId, amount: '1000000' },
  })
  await role.post('/v1/beneficiaries', { schemeId, beneficiary, holder })
  const till = await demo.till('till-1')
  await till.fetch()

  const issuers = await agency.get('What is stored on each new card', '/v1/card-issuers')
  const desk = p256('examples/desk')
  const point = pointOf(desk)
  const { certificate } = await agency.post('A desk shows itself to cards', '/v1/desk-certificates', {
    publicKey: point,
  })
  await agency.post('No point of the curve', '/v1/desk-certificates', { publicKey: nowhere }, 409)

  const random = seededRandom('examples/card')
  const virtual = VirtualApplet.fromState(blankApplet({ uid: null, cardKind: 1 }), { random, signer: signRepeatably })
  const channel = () => {
    virtual.leaveField()
    virtual.enterField()
    return { atr: virtual.atr, transmit: async (command: Uint8Array) => virtual.exchange(command) as never }
  }
  let card = ''
  let made = ''
  const identity = { certificate: bytesOf(certificate), sign: (bytes: Uint8Array) => desk.sign(bytes) }
  const rootKeys = (issuers['rootKeys'] as string[]).map(bytesOf)
  const trust = { rootKeys, trustedTime: demo.clock.now }
  const issued = await personaliseApplet(
    channel(),
    {
      cardId: Uint8Array.from(Buffer.from(cardId, 'hex')),
      issuerCertificate: bytesOf(issuers['issuerCertificate']),
      authorityKeys: [bytesOf((issuers['authorityKeys'] as string[])[0]), null],
      time: demo.clock.now - hourMs,
      certify: async (publicKey) => {
        made = base64url(publicKey)
        const registered = await agency.post('A card, with the key that it has made', '/v1/applet-cards', {
          ...{ cardId, publicKey: made, holder },
        })
        card = String(registered['card'])
        return bytesOf(registered['certificate'])
      },
    },
    identity,
    trust,
    random,
  )
  const presence = presentOf(issued)
  const otherHolder = { cardId, publicKey: made, holder: 'b'.repeat(32) }
  await agency.post('It is another holder’s', '/v1/applet-cards', otherHolder, 409)
  const second = { cardId: 'd'.repeat(32), publicKey: point, holder }
  await agency.post('The allowance would be on two cards', '/v1/applet-cards', second, 409)

  const pins = '/v1/card-pin-orders'
  await agency.post('The desk may set a PIN', pins, { card, order: { kind: 'new_pin', publicKey: point } })
  await agency.post('No point of the curve', pins, { card, order: { kind: 'new_pin', publicKey: nowhere } }, 409)
  const unknown = { card: 'f'.repeat(32) }
  await agency.post('There is no such card', pins, { ...unknown, order: { kind: 'unblock' } }, 404)

  const scripts = '/v1/card-scripts'
  const first = await agency.post('What is said to a new card', scripts, { card, scriptCounter: 0 })
  await agency.post('There is no such card', scripts, { ...unknown, scriptCounter: 0 }, 404)
  const receipts = '/v1/card-receipts'
  const receipt = await applied(presence, first['script'])
  await agency.post('What the card answered', receipts, { card, receipt })
  const wrong = { card, receipt: changed(receipt) }
  await agency.post('Another signature', receipts, wrong, 409)
  await agency.post('There is no such card', receipts, { ...unknown, receipt }, 404)

  await atTill(stage, till, card, async () => presentOf(await openPresence(channel(), tillOf(till), trust, random)))

  const reissues = '/v1/applet-card-reissues'
  const instead = { card, cardId: 'e'.repeat(32), publicKey: point }
  await agency.post('No point of the curve', reissues, { ...instead, publicKey: nowhere }, 409)
  await agency.post('A card in place of a lost one', reissues, instead)
  await agency.post('Another one took its place', reissues, { ...instead, cardId: 'd'.repeat(32) }, 409)
  await agency.post('There is no such card', reissues, { ...instead, ...unknown }, 404)
  const foreign = { cardId: '1'.repeat(32), publicKey: point, holder: await stage.holderOfAnother() }
  await agency.post('The holder is another agency’s', '/v1/applet-cards', foreign, 404)
}

/** The next day begins: the day after it is loaded at a till. */
async function atTill(stage: Stage, till: TestTill, card: string, lay: () => Promise<AppletPresence>): Promise<void> {
  stage.demo.clock.now += 24 * hourMs
  await till.fetch()
  const terminal = stage.till(till)
  const [scripts, receipts] = ['/v1/terminal/card-scripts', '/v1/terminal/card-receipts']
  const next = await terminal.post('The card lies at a till', scripts, { card, scriptCounter: 1 })
  const receipt = await applied(await lay(), next['script'])
  await terminal.post('What the card answered', receipts, { card, receipt })
  await terminal.post('Another signature', receipts, { card, receipt: changed(receipt) }, 409)
  await terminal.post('There is no such card', receipts, { card: 'f'.repeat(32), receipt }, 404)
  await terminal.post('There is nothing more to say', scripts, { card, scriptCounter: 2 })
}

function tillOf({ package: own, key }: TestTill) {
  return { certificate: bytesOf(own?.cards?.terminalCertificate), sign: (bytes: Uint8Array) => key.sign(bytes) }
}

function presentOf(of: Awaited<ReturnType<typeof openPresence>>): AppletPresence {
  if (of.kind !== 'present') throw new Error(JSON.stringify(of))
  return of
}

async function applied(presence: AppletPresence, script: unknown): Promise<string> {
  const done = await update(presence, bytesOf(script))
  if (done.kind !== 'applied') throw new Error(JSON.stringify(done))
  return base64url(done.receipt)
}

function changed(receipt: string): string {
  const bytes = bytesOf(receipt)
  bytes[200] = (bytes[200] ?? 0) ^ 1
  return base64url(bytes)
}

/** x ‖ y of a terminal's or desk's key. */
function pointOf({ jwk }: ReturnType<typeof p256>): string {
  const parts = [jwk.x, 'y' in jwk ? jwk.y : ''].map((part) => Buffer.from(part, 'base64url'))
  return Buffer.concat(parts).toString('base64url')
}
