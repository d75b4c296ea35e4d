import type {
  CardPresence,
  CardReaderPort,
  Disposable,
  EscapeResult,
  HidPort,
  HidSight,
  PrinterPort,
} from '../ports.ts'
import type { MessageChannelPort } from './channel.ts'
import { protocolVersion, readCoreMessage, toWire } from './protocol.ts'
import type { CoreMessage, HostMessage } from './protocol.ts'

export interface Devices {
  readonly reader: CardReaderPort
  readonly printer: PrinterPort
  readonly hid: HidPort
}

export interface ServeOptions {
  /** New with each process: a core that sees another one knows that the old presences are over. */
  readonly hostId: string
  /** Where a message that does not fit is reported. */
  readonly reportMalformed: (why: string) => void
  /** Milliseconds on a clock that never jumps: each command is timed with it, beside the reader. */
  readonly now?: () => number
}

const noEscape: EscapeResult = {
  kind: 'failed',
  reason: 'no-reader',
  detail: 'this reader takes commands for cards only',
}

/** Puts devices behind a channel: the device host's whole work. The devices stay the caller's. */
export function serveDevices(devices: Devices, channel: MessageChannelPort, options: ServeOptions): Disposable {
  const { reader, printer, hid } = devices
  const present = new Map<string, CardPresence>()
  const post = (message: HostMessage) => channel.post(toWire(message))
  const readerStatus = () => {
    const { readers, trouble } = reader.status()
    return { readers: [...readers], trouble }
  }

  const postHidStatus = () => {
    const { devices: found, trouble } = hid.status()
    post({ type: 'hidStatus', status: { devices: [...found], trouble } })
  }

  let watching: Disposable | null = null
  const postSight = (sight: HidSight): void => {
    if (sight.kind === 'listing') post({ type: 'hidListed', listing: sight.listing })
    else post({ type: 'hidReported', at: sight.at, reports: sight.reports, skipped: sight.skipped })
  }
  const watchHid = (on: boolean): void => {
    watching?.dispose()
    watching = on ? hid.watch(postSight) : null
  }

  let underWay = 0
  let isRetiring = false
  /** PC/SC is away: no card and no reader misses this process while another takes its place. The core ends it. */
  const retireWhereWornOut = (): void => {
    const isAway = reader.status().trouble?.code === 'no-service'
    if (isRetiring || underWay > 0 || !isAway || reader.isWornOut?.() !== true) return
    isRetiring = true
    post({ type: 'retiring' })
  }

  const receive = async (message: CoreMessage): Promise<void> => {
    switch (message.type) {
      case 'attach':
        // Another core, perhaps, for which nobody looks on.
        watchHid(false)
        post({
          type: 'attached',
          version: protocolVersion,
          hostId: options.hostId,
          readerStatus: readerStatus(),
          presences: [...present.values()],
        })
        postHidStatus()
        post({ type: 'printerStatus', requestId: null, status: await printer.status() })
        return
      case 'ping':
        post({ type: 'pong', sequence: message.sequence })
        return
      case 'transmit': {
        const { requestId, presenceId, command, timeoutMs } = message
        const { now } = options
        const sentAt = now?.()
        const result = await reader.transmit(presenceId, command, timeoutMs)
        const tookMs = now === undefined || sentAt === undefined ? undefined : now() - sentAt
        const isTimed = result.kind === 'answered' && tookMs !== undefined
        post({ type: 'transmitted', requestId, result: isTimed ? { ...result, tookMs } : result })
        return
      }
      case 'escape': {
        const { requestId, readerName, command, timeoutMs } = message
        const result = (await reader.escape?.(readerName, command, timeoutMs)) ?? noEscape
        post({ type: 'escaped', requestId, result })
        return
      }
      case 'print':
        post({ type: 'printed', requestId: message.requestId, result: await printer.print(message.job) })
        return
      case 'askPrinterStatus':
        post({ type: 'printerStatus', requestId: message.requestId, status: await printer.status() })
        return
      case 'show':
        hid.show(message.rows)
        return
      case 'watchHid':
        watchHid(message.on)
        return
      case 'openDrawer':
        post({ type: 'drawerOpened', requestId: message.requestId, result: await printer.openDrawer() })
        return
    }
  }

  const subscriptions = [
    reader.onDidInsert((presence) => {
      present.set(presence.presenceId, presence)
      post({ type: 'inserted', presence })
    }),
    reader.onDidRemove((removal) => {
      present.delete(removal.presenceId)
      post({ type: 'removed', ...removal })
    }),
    reader.onDidChangeStatus(() => {
      post({ type: 'readerStatus', status: readerStatus() })
      retireWhereWornOut()
    }),
    printer.onDidChangeStatus((status) => post({ type: 'printerStatus', requestId: null, status })),
    hid.onDidScan(({ code, symbology, at }) => post({ type: 'scanned', code, symbology, at })),
    hid.onDidPress(({ key, at }) => post({ type: 'pressed', key, at })),
    hid.onDidChangeStatus(postHidStatus),
    channel.onMessage((raw) => {
      const received = readCoreMessage(raw)
      if (received.kind === 'malformed') return options.reportMalformed(received.why)
      underWay += 1
      void receive(received.message).finally(() => {
        underWay -= 1
        retireWhereWornOut()
      })
    }),
  ]
  return {
    dispose: () => {
      watchHid(false)
      subscriptions.forEach((subscription) => subscription.dispose())
    },
  }
}
