/** A CBDC card through the real pcscd: it pays what the QR asks for, once, whatever was torn (docs/design/29). */
import Database from 'better-sqlite3'
import { databasePath } from '../../../ledger-sim/data-folder.ts'
import { demoCbdcCard } from '../../../ledger-sim/scenarios/demo.ts'
import type { TapView } from '../../../src/terminal/contract/index.ts'
import { handMs } from './pcsc-service.ts'
import { record, sleep, type Station } from './station.ts'

const item = 'bread'
/** 4 to recognise it, 2 to authenticate by way of the ledger, then write the binding, select twice, read. */
const commandsOfATap = 10
const tears = [
  ['lost-before', 1],
  ['answer-lost', 7],
  ['answer-lost', commandsOfATap],
] as const
export const tornCommands = tears.map(([, command]) => command)

export async function playCbdcCard(station: Station): Promise<void> {
  const before = station.journal().length
  record('CBDC card, pays', await pays(station, await asks(station)))
  const torn: unknown[] = []
  for (const [kind, command] of tears) {
    const text = await asks(station)
    const card = station.card(demoCbdcCard)
    card.arm({ kind }, command)
    await station.lay(demoCbdcCard)
    const shown = await station.till.sees(
      `the tear at command ${command}`,
      ({ tap }) => tap.state === 'qr' && tap.card?.state === 'left',
    )
    const isSameQr = shown.tap.state === 'qr' && shown.tap.text === text
    await sleep(handMs)
    torn.push({ command, isSameQr, end: await pays(station, text) })
  }
  record('CBDC card, torn', torn)
  await station.settles()
  const rows = station.journal().slice(before)
  record(
    'CBDC card, journal',
    rows.map(({ state }) => state),
  )
  record('CBDC card, payments at the ledger', paymentsAtLedger(station))
}

/** @returns the QR that asks for the whole sale */
async function asks(station: Station): Promise<string | null> {
  await station.till.does({ command: 'add_item', itemId: item })
  await station.till.does({ command: 'pay_by_qr' })
  const { tap } = await station.till.sees('the QR', (shown) => shown.tap.state === 'qr')
  return tap.state === 'qr' ? tap.text : null
}

async function pays(station: Station, text: string | null): Promise<TapView> {
  if (text === null) throw new Error('there is no QR')
  await station.lay(demoCbdcCard)
  const tap = await station.result(demoCbdcCard)
  station.pull()
  await station.ends(tap)
  await sleep(handMs)
  return tap
}

/** What was taken from the card's account. */
function paymentsAtLedger({ demo }: Station): number {
  const ledger = new Database(databasePath(demo.world.folders.ledger), { readonly: true })
  try {
    return ledger.prepare<[], number>('SELECT count(*) FROM request_payment WHERE card IS NOT NULL').pluck().get() ?? 0
  } finally {
    ledger.close()
  }
}
