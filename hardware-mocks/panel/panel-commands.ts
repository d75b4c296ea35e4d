/** What the panel can be told to do: the bodies of its POST requests, and what each does to the devices. */
import { z } from 'zod'
import { keypadKeys } from '../hid/reports.ts'
import { hidDeviceNames } from '../hid/virtual-hid.ts'
import type { HidRefusal, VirtualHid } from '../hid/virtual-hid.ts'
import type { NetworkProxy } from '../network/network-proxy.ts'
import type { VirtualPrinter } from '../printer/virtual-printer.ts'
import { readerLatencyNames } from '../reader/latency.ts'
import { readerKinds } from '../reader/reader-commands.ts'
import type { WalletDesk, WalletRefusal } from '../wallet/wallet-desk.ts'
import { cardDefinitions } from './card-box.ts'
import type { CardBox } from './card-box.ts'
import type { DeskRefusal, ReaderDesk } from './reader-desk.ts'

export interface PanelDevices {
  readonly box: CardBox
  readonly desk: ReaderDesk
  readonly printer: VirtualPrinter
  readonly network: NetworkProxy
  readonly hid: VirtualHid
  /** `null`: no customer has a wallet here. */
  readonly wallet: WalletDesk | null
}

const milliseconds = z.int().min(0).max(600_000)
const count = z.int().min(0).max(1_000_000)
const atCommand = z.int().min(1).max(10_000).default(1)

const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lost-before'), atCommand }),
  z.strictObject({ kind: z.literal('answer-lost'), atCommand }),
  z.strictObject({ kind: z.literal('truncated'), bytes: z.int().min(0).max(255).default(1), atCommand }),
  z.strictObject({ kind: z.literal('mute'), isExecuted: z.boolean().default(false), atCommand }),
  z.strictObject({ kind: z.literal('garbage'), atCommand }),
])

const bodies = {
  '/api/reader/lay': z.strictObject({
    card: z.string(),
    /** Pulled by itself after so long, or after so many commands. */
    pullAfterMs: milliseconds.optional(),
    pullAfterCommands: count.optional(),
    fault: fault.optional(),
  }),
  '/api/reader/pull': z.strictObject({ afterMs: milliseconds.optional(), afterCommands: count.optional() }),
  '/api/reader/fault': z.union([fault, z.strictObject({ kind: z.literal('none') })]),
  '/api/reader': z.strictObject({
    plugged: z.boolean().optional(),
    delayMs: milliseconds.optional(),
    latency: z.enum(readerLatencyNames).optional(),
    kind: z.enum(readerKinds).optional(),
  }),
  '/api/network': z.strictObject({
    mode: z.enum(['up', 'cut', 'black-hole', 'hold']).optional(),
    delayMs: milliseconds.optional(),
    /** How many answers to lose; with `path`, only of requests whose target begins so. */
    loseNext: count.optional(),
    path: z.string().startsWith('/').optional(),
    ledgerPort: z.int().min(1).max(65_535).optional(),
  }),
  '/api/printer': z.strictObject({
    power: z.enum(['on', 'off']).optional(),
    paper: z.enum(['present', 'near-end', 'out']).optional(),
    paperEndsAfterLines: count.min(1).optional(),
    cover: z.enum(['closed', 'open']).optional(),
    online: z.boolean().optional(),
    cutter: z.enum(['ok', 'jammed']).optional(),
    drawer: z.enum(['closed', 'open']).optional(),
    answers: z.boolean().optional(),
    bytesPerSecond: z.int().min(1).nullable().optional(),
    link: z.enum(['up', 'dead']).optional(),
    /** The cable of a printer that is not on TCP. */
    cable: z.enum(['in', 'out']).optional(),
    cutConnectionAfterBytes: z.int().min(1).nullable().optional(),
    tearOff: z.literal(true).optional(),
  }),
  '/api/hid/scan': z.strictObject({
    code: z.string().min(1).max(4_000),
    /** AIM identifier; as the code looks unless given. */
    symbology: z
      .string()
      .regex(/^\][A-Za-z][0-9A-Za-z]$/)
      .optional(),
    /** The code breaks off after so many reports. */
    reportsMost: z.int().min(1).optional(),
  }),
  '/api/hid/keys': z.strictObject({ keys: z.array(z.enum(keypadKeys)).min(1).max(64) }),
  '/api/hid': z.strictObject({
    device: z.enum(hidDeviceNames),
    plugged: z.boolean().optional(),
    access: z.enum(['free', 'denied', 'in-use']).optional(),
  }),
  '/api/cards': cardDefinitions,
  /** `text`: of a QR, or the id of a payment request. */
  '/api/wallet/read': z.strictObject({ wallet: z.string(), text: z.string().max(1_000) }),
  '/api/wallet/pay': z.strictObject({ wallet: z.string(), requestId: z.string() }),
  '/api/wallet/look': z.strictObject({ paymentId: z.string() }),
} as const

export type PanelPath = keyof typeof bodies
export type PanelRefusal = DeskRefusal | HidRefusal | WalletRefusal | 'no-wallets' | 'invalid-body'
export type PanelAnswer =
  | { readonly kind: 'done'; readonly details?: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly code: PanelRefusal; readonly detail: string }

type Body<Path extends PanelPath> = z.infer<(typeof bodies)[Path]>

const done: PanelAnswer = { kind: 'done' }
const asAnswer = (refusal: DeskRefusal | HidRefusal | null): PanelAnswer =>
  refusal === null ? done : { kind: 'refused', code: refusal, detail: refusal.replaceAll('-', ' ') }

function layCard(devices: PanelDevices, body: Body<'/api/reader/lay'>): PanelAnswer {
  const { desk } = devices
  const lying = desk.state().card
  if (lying !== null && lying !== body.card) return asAnswer('another-card-lies-there')
  // Armed first: a till may speak to the card the moment it lies there.
  if (body.fault !== undefined) {
    const { atCommand: at, ...what } = body.fault
    const refusal = desk.armCard(body.card, what, at)
    if (refusal !== null) return asAnswer(refusal)
  }
  if (body.pullAfterCommands !== undefined) {
    const refusal = desk.armCard(body.card, { kind: 'lost-before' }, body.pullAfterCommands + 1)
    if (refusal !== null) return asAnswer(refusal)
  }
  const refusal = desk.lay(body.card)
  if (refusal === null && body.pullAfterMs !== undefined) return asAnswer(desk.pullAfter(body.pullAfterMs))
  return asAnswer(refusal)
}

function pullCard(devices: PanelDevices, body: Body<'/api/reader/pull'>): PanelAnswer {
  if (body.afterCommands !== undefined) return asAnswer(devices.desk.pullAfterCommands(body.afterCommands))
  if (body.afterMs !== undefined) return asAnswer(devices.desk.pullAfter(body.afterMs))
  devices.desk.pullNow()
  return done
}

function armFault(devices: PanelDevices, body: Body<'/api/reader/fault'>): PanelAnswer {
  if (body.kind === 'none') {
    devices.desk.disarm()
    return done
  }
  const { atCommand: at, ...what } = body
  return asAnswer(devices.desk.arm(what, at))
}

function setReader(devices: PanelDevices, body: Body<'/api/reader'>): PanelAnswer {
  if (body.delayMs !== undefined) devices.desk.setDelay(body.delayMs)
  if (body.latency !== undefined) devices.desk.setLatency(body.latency)
  if (body.kind !== undefined) devices.desk.setKind(body.kind)
  return body.plugged === undefined ? done : asAnswer(devices.desk.setPlugged(body.plugged))
}

async function setNetwork(devices: PanelDevices, body: Body<'/api/network'>): Promise<PanelAnswer> {
  const { network } = devices
  if (body.ledgerPort !== undefined) network.setLedgerPort(body.ledgerPort)
  if (body.delayMs !== undefined) network.setDelay(body.delayMs)
  if (body.loseNext !== undefined) network.loseNextAnswers(body.loseNext, body.path ?? null)
  if (body.mode !== undefined) await network.setMode(body.mode)
  return done
}

async function setPrinter(devices: PanelDevices, body: Body<'/api/printer'>): Promise<PanelAnswer> {
  const { printer } = devices
  if (body.answers !== undefined) printer.setAnswers(body.answers)
  if (body.bytesPerSecond !== undefined) printer.setSpeed(body.bytesPerSecond)
  if (body.link !== undefined) printer.setLink(body.link)
  if (body.cutConnectionAfterBytes !== undefined) printer.cutConnectionAfter(body.cutConnectionAfterBytes)
  if (body.paper !== undefined) printer.setPaper(body.paper)
  if (body.paperEndsAfterLines !== undefined) printer.endPaperAfterLines(body.paperEndsAfterLines)
  if (body.cover !== undefined) printer.setCover(body.cover)
  if (body.online !== undefined) printer.setOnline(body.online)
  if (body.cutter !== undefined) printer.setCutter(body.cutter)
  if (body.drawer !== undefined) printer.setDrawer(body.drawer)
  if (body.tearOff === true) printer.tearOff()
  if (body.cable === 'in') await printer.plugIn()
  if (body.cable === 'out') printer.pullOut()
  if (body.power === 'on') await printer.powerOn()
  if (body.power === 'off') await printer.powerOff()
  return done
}

function setHid({ hid }: PanelDevices, { device, plugged, access }: Body<'/api/hid'>): PanelAnswer {
  hid.set(device, { ...(plugged === undefined ? {} : { plugged }), ...(access === undefined ? {} : { access }) })
  return done
}

async function useWallet(
  { wallet }: PanelDevices,
  ask: (desk: WalletDesk) => ReturnType<WalletDesk['read' | 'pay' | 'look']>,
): Promise<PanelAnswer> {
  if (wallet === null) return { kind: 'refused', code: 'no-wallets', detail: 'no customer has a wallet here' }
  return ask(wallet)
}

export function isPanelPath(path: string): path is PanelPath {
  return Object.hasOwn(bodies, path)
}

/** Checks the body of a POST to `path` and does what it says. Nothing is done when any part of the body is wrong. */
export async function obey(devices: PanelDevices, path: PanelPath, body: unknown): Promise<PanelAnswer> {
  const parsed = bodies[path].safeParse(body)
  if (!parsed.success) return { kind: 'refused', code: 'invalid-body', detail: z.prettifyError(parsed.error) }
  const { data } = parsed
  switch (path) {
    case '/api/reader/lay':
      return layCard(devices, data as Body<typeof path>)
    case '/api/reader/pull':
      return pullCard(devices, data as Body<typeof path>)
    case '/api/reader/fault':
      return armFault(devices, data as Body<typeof path>)
    case '/api/reader':
      return setReader(devices, data as Body<typeof path>)
    case '/api/network':
      return setNetwork(devices, data as Body<typeof path>)
    case '/api/printer':
      return setPrinter(devices, data as Body<typeof path>)
    case '/api/hid/scan': {
      const { code, symbology, reportsMost } = data as Body<typeof path>
      return asAnswer(devices.hid.scan(code, symbology, reportsMost))
    }
    case '/api/hid/keys':
      return asAnswer(devices.hid.press((data as Body<typeof path>).keys))
    case '/api/hid':
      return setHid(devices, data as Body<typeof path>)
    case '/api/cards':
      return { kind: 'done', details: { added: devices.box.add(data as Body<typeof path>) } }
    case '/api/wallet/read': {
      const { wallet, text } = data as Body<typeof path>
      return useWallet(devices, (desk) => desk.read(wallet, text))
    }
    case '/api/wallet/pay': {
      const { wallet, requestId } = data as Body<typeof path>
      return useWallet(devices, (desk) => desk.pay(wallet, requestId))
    }
    case '/api/wallet/look': {
      const { paymentId } = data as Body<typeof path>
      return useWallet(devices, (desk) => desk.look(paymentId))
    }
  }
}
