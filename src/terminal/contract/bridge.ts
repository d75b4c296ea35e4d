/**
 * The bridge between the UI and the core: typed commands up, snapshots down. Two transports carry the same frames, the
 * preload's IPC in Electron and a loopback WebSocket in the browser host; one contract suite tests both.
 */
import { z } from 'zod'
import { commandAnswerSchema, commandSchema, type Command, type CommandAnswer } from './commands.ts'
import { snapshotSchema, type Snapshot } from './snapshot.ts'

export const upFrameSchema = z.strictObject({
  type: z.literal('command'),
  id: z.string().min(1).max(64),
  command: commandSchema,
})
export type UpFrame = z.infer<typeof upFrameSchema>

/** When it was pressed, by this machine's clock: a window that hears of it late must not act on it. */
const pressedAt = z.number()

/** What a scanner or a numeric keypad of the till said; it means what the same typed into the window means. */
export const inputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('code'), code: z.string().min(1).max(4_096), at: pressedAt }),
  /** As `KeyboardEvent.key` has it. */
  z.strictObject({ kind: z.literal('key'), key: z.string().regex(/^([0-9,]|Enter|Backspace)$/), at: pressedAt }),
])
export type DeviceInput = z.infer<typeof inputSchema>

export const downFrameSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('snapshot'), snapshot: snapshotSchema }),
  z.strictObject({ type: z.literal('answer'), id: z.string(), answer: commandAnswerSchema }),
  /** To the window that commands, once, now or never. */
  z.strictObject({ type: z.literal('input'), input: inputSchema }),
  /**
   * From the shell: the core is away and is being restarted (the last snapshot is old), or this window only watches.
   */
  z.strictObject({ type: z.literal('shell'), core: z.enum(['running', 'restarting']), readOnly: z.boolean() }),
])
export type DownFrame = z.infer<typeof downFrameSchema>

/** What the UI sees of either shell (`window.tolem` in Electron, made from the WebSocket in the browser host). */
export interface Bridge {
  /** Calls back with the newest snapshot at once and on each change; returns the way to stop. */
  subscribe(listener: (view: BridgeView) => void): () => void
  send(command: Command): Promise<CommandAnswer>
  /** Calls back with each code that is scanned and each key of a keypad; returns the way to stop. */
  onInput(listener: (input: DeviceInput) => void): () => void
}

export interface BridgeView {
  readonly snapshot: Snapshot | null
  readonly connection: 'connecting' | 'running' | 'core_restarting' | 'lost'
  readonly readOnly: boolean
}

const runSchema = z.int().min(1)

/**
 * Between the core process and the shell that started it. The shell passes `ui` bodies (frames as JSON values) to and
 * from windows, `devices` bodies to and from the device host and `examiner` bodies to and from examiners, and reads
 * only `shell` ones.
 */
export const fromCoreSchema = z.discriminatedUnion('channel', [
  z.strictObject({ channel: z.literal('ui'), body: z.unknown() }),
  z.strictObject({ channel: z.literal('devices'), body: z.unknown() }),
  z.strictObject({ channel: z.literal('examiner'), run: runSchema, body: z.unknown() }),
  z.strictObject({
    channel: z.literal('shell'),
    body: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('ready') }),
      /** `endsInARow`: how many hosts before it have ended, each soon after its start, and for no mute card. */
      z.strictObject({ kind: z.literal('restart_device_host'), endsInARow: z.int().min(0) }),
      /** A process that looks at this machine; `run` names it from here on (examiner.ts). */
      z.strictObject({ kind: z.literal('start_examiner'), run: runSchema, words: z.array(z.string()).min(1) }),
      z.strictObject({ kind: z.literal('end_examiner'), run: runSchema }),
      /** The core cannot start: a sentence for the person, with the remedy. It will exit and must not be restarted. */
      z.strictObject({ kind: z.literal('fatal'), code: z.string(), message: z.string() }),
    ]),
  }),
])
export type FromCore = z.infer<typeof fromCoreSchema>

export const toCoreSchema = z.discriminatedUnion('channel', [
  z.strictObject({ channel: z.literal('ui'), body: z.unknown() }),
  z.strictObject({ channel: z.literal('devices'), body: z.unknown() }),
  z.strictObject({ channel: z.literal('examiner'), run: runSchema, body: z.unknown() }),
  z.strictObject({
    channel: z.literal('shell'),
    body: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.enum(['device_host_started', 'device_host_ended', 'stop']) }),
      z.strictObject({ kind: z.literal('examiner_ended'), run: runSchema }),
    ]),
  }),
])
export type ToCore = z.infer<typeof toCoreSchema>
