/** All virtual devices of one till, and the panel to handle them, in one object: for `main.ts` and for tests. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RandomSource } from './cards/random.ts'
import { EventLog } from './event-log.ts'
import { serveVirtualHid } from './hid/remote-bus.ts'
import { VirtualHid } from './hid/virtual-hid.ts'
import { NetworkProxy } from './network/network-proxy.ts'
import { CardBox } from './panel/card-box.ts'
import type { CardDefinition } from './panel/card-box.ts'
import { parts, type Part } from './parts.ts'
import { PanelServer } from './panel/panel-server.ts'
import { ReaderDesk } from './panel/reader-desk.ts'
import type { PrinterProfileName } from './printer/code-pages.ts'
import type { PrinterLanguage } from './printer/printer-engine.ts'
import { VirtualPrinter } from './printer/virtual-printer.ts'
import type { PrinterFront } from './printer/virtual-printer.ts'
import type { ReaderLatencyName } from './reader/latency.ts'
import type { ReaderKind } from './reader/reader-commands.ts'
import { serveVirtualReader } from './reader/remote.ts'
import { realScheduler } from './reader/scheduler.ts'
import { VirtualReader } from './reader/virtual-reader.ts'
import { VpcdSlot } from './reader/vpcd.ts'
import { WalletDesk } from './wallet/wallet-desk.ts'

export interface VirtualHardwareOptions {
  /**
   * Holds `cards/` (EEPROMs and the cards' own logs), `slips/` (what was printed, the printer's log),
   * `reader.log.jsonl`, `network.log.jsonl`, `hid.log.jsonl`, and of the customers' wallets `wallet/` and
   * `wallet.log.jsonl`.
   */
  readonly folder: string
  /** The box of cards of another till's hardware, in place of `cards/`. */
  readonly cardFolder?: string
  /** Ports on loopback; 0 or absent: any free one. */
  readonly panelPort?: number
  readonly readerPort?: number
  /** Cards are laid into a real pcscd through its driver vpcd, which listens here; 0 or absent: on our own reader. */
  readonly vpcdPort?: number
  /** How long the reader takes; `none` unless given. */
  readonly readerLatency?: ReaderLatencyName
  /** Which of its own commands the reader knows; `acr122u` unless given. */
  readonly readerKind?: ReaderKind
  readonly printerPort?: number
  readonly proxyPort?: number
  /** Scanner, keypad and display, for a till's device host. */
  readonly hidPort?: number
  /** Where the ledger listens on loopback; 0 or absent: nowhere yet. */
  readonly ledgerPort?: number
  readonly cards?: readonly CardDefinition[]
  readonly paperMillimetres?: 58 | 80
  readonly printerProfile?: PrinterProfileName
  readonly printerLanguage?: PrinterLanguage
  readonly printerFront?: PrinterFront
  /** Customers' wallets: file of the demonstration's role keys, and of the ledger's public key; absent: none. */
  readonly wallets?: { readonly keysFile: string; readonly ledgerKeyFile: string }
  /** Only these open a port, with the panel; all unless given. */
  readonly only?: readonly Part[]
  readonly now: () => number
  readonly random: RandomSource
}

export interface VirtualHardware {
  readonly started: ReadonlySet<Part>
  readonly panelUrl: string
  readonly panelPort: number
  /** Ports of what was not started are 0; the reader's too where cards are laid into a real pcscd. */
  readonly readerPort: number
  readonly printerPort: number
  readonly proxyPort: number
  readonly hidPort: number
  readonly box: CardBox
  readonly desk: ReaderDesk
  readonly printer: VirtualPrinter
  readonly network: NetworkProxy
  readonly hid: VirtualHid
  /** Ends everything and waits until the last slip is on disk. */
  close(): Promise<void>
}

/** Resolves when every port is open. */
export async function startVirtualHardware(options: VirtualHardwareOptions): Promise<VirtualHardware> {
  const { folder, now, random } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const box = new CardBox({ folder: options.cardFolder ?? join(folder, 'cards'), now, random })
  box.add(options.cards ?? [])
  const fraction = (): number => Buffer.from(random(4)).readUInt32LE() / 2 ** 32
  const reader = new VirtualReader({ scheduler: realScheduler, random: fraction })
  const readerLog = new EventLog({ now, file: join(folder, 'reader.log.jsonl') })
  const vpcdPort = options.vpcdPort ?? 0
  const place = vpcdPort === 0 ? reader : new VpcdSlot({ scheduler: realScheduler, port: vpcdPort, random: fraction })
  place.latency.name = options.readerLatency ?? 'none'
  place.commands.kind = options.readerKind ?? 'acr122u'
  const desk = new ReaderDesk({ reader: place, box, log: readerLog, scheduler: realScheduler, now })
  const printer = new VirtualPrinter({
    folder: join(folder, 'slips'),
    port: options.printerPort ?? 0,
    paperMillimetres: options.paperMillimetres ?? 80,
    profile: options.printerProfile ?? 'kazakh',
    language: options.printerLanguage ?? 'escpos',
    front: options.printerFront ?? 'tcp',
    now,
  })
  const network = new NetworkProxy({
    ledgerPort: options.ledgerPort ?? 0,
    port: options.proxyPort ?? 0,
    now,
    logFile: join(folder, 'network.log.jsonl'),
  })
  const wallet =
    options.wallets === undefined
      ? null
      : new WalletDesk({
          ...options.wallets,
          folder: join(folder, 'wallet'),
          // Straight to the ledger: the customer's telephone has a network of its own.
          ledgerPort: () => network.state().ledgerPort,
          log: new EventLog({ now, file: join(folder, 'wallet.log.jsonl') }),
          now,
          random,
        })
  const hid = new VirtualHid(new EventLog({ now, file: join(folder, 'hid.log.jsonl') }))
  const started = new Set<Part>(options.only ?? parts)
  const panel = new PanelServer({
    started,
    box,
    desk,
    printer,
    network,
    hid,
    wallet,
    readerLog,
    port: options.panelPort ?? 0,
  })
  const isOurReader = place === reader && started.has('reader')
  const served = isOurReader ? await serveVirtualReader(reader, { port: options.readerPort ?? 0 }) : null
  const hidListener = started.has('hid') ? await serveVirtualHid(hid, { port: options.hidPort ?? 0 }) : null
  if (started.has('printer')) await printer.powerOn()
  if (started.has('proxy')) await network.open()
  await panel.open()
  return {
    started,
    panelUrl: panel.url,
    panelPort: panel.port,
    readerPort: served?.port ?? 0,
    printerPort: started.has('printer') ? printer.port : 0,
    proxyPort: started.has('proxy') ? network.port : 0,
    hidPort: hidListener?.port ?? 0,
    box,
    desk,
    printer,
    network,
    hid,
    close: async () => {
      await panel.close()
      desk.dispose()
      place.dispose()
      await served?.dispose()
      await hidListener?.close()
      hid.dispose()
      await network.close()
      await printer.close()
    },
  }
}
