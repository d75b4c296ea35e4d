/** Each state of the tap area has its own sound, told apart without looking: rising is good, falling is not. */
import type { TapView } from '../../contract/index.ts'

export interface Note {
  readonly hertz: number
  readonly startMs: number
  readonly lengthMs: number
}

/** The ten states, with the two looks of an approval. */
export type TapFace =
  | 'rest'
  | 'pin'
  | 'qr'
  | 'idle'
  | 'tap'
  | 'hold'
  | 'settled'
  | 'pending'
  | 'refused'
  | 'torn'
  | 'unknown'

export function faceOf(tap: TapView): TapFace {
  return tap.state === 'approved' ? tap.look : tap.state
}

/** As its face, but a card that is held under the QR sounds as it does elsewhere. */
export function soundOf(tap: TapView): TapFace {
  if (tap.state !== 'qr' || tap.card === null) return faceOf(tap)
  switch (tap.card.state) {
    case 'asking':
    case 'awaiting_answer':
      return 'hold'
    case 'left':
      return 'torn'
    case 'refused':
      return 'refused'
  }
}

export const tapSounds: Readonly<Record<TapFace, readonly Note[]>> = {
  rest: [
    { hertz: 587, startMs: 0, lengthMs: 90 },
    { hertz: 587, startMs: 130, lengthMs: 90 },
    { hertz: 740, startMs: 260, lengthMs: 140 },
  ],
  pin: [
    { hertz: 740, startMs: 0, lengthMs: 70 },
    { hertz: 740, startMs: 100, lengthMs: 70 },
  ],
  qr: [
    { hertz: 660, startMs: 0, lengthMs: 70 },
    { hertz: 830, startMs: 90, lengthMs: 70 },
  ],
  idle: [],
  tap: [{ hertz: 660, startMs: 0, lengthMs: 70 }],
  hold: [{ hertz: 880, startMs: 0, lengthMs: 40 }],
  settled: [
    { hertz: 784, startMs: 0, lengthMs: 110 },
    { hertz: 1_175, startMs: 120, lengthMs: 220 },
  ],
  pending: [
    { hertz: 784, startMs: 0, lengthMs: 110 },
    { hertz: 988, startMs: 120, lengthMs: 110 },
    { hertz: 988, startMs: 260, lengthMs: 110 },
  ],
  refused: [
    { hertz: 330, startMs: 0, lengthMs: 180 },
    { hertz: 220, startMs: 190, lengthMs: 380 },
  ],
  torn: [0, 170, 340].map((startMs) => ({ hertz: 520, startMs, lengthMs: 100 })),
  unknown: [
    { hertz: 440, startMs: 0, lengthMs: 260 },
    { hertz: 349, startMs: 300, lengthMs: 260 },
    { hertz: 440, startMs: 600, lengthMs: 260 },
  ],
}

/** Plays notes; a browser that forbids or lacks sound stays silent, the screen says everything too. */
export function createPlayer(): (notes: readonly Note[]) => void {
  let context: AudioContext | null = null
  return (notes) => {
    if (notes.length === 0) return
    try {
      context ??= new AudioContext()
      void context.resume().catch(() => undefined)
      for (const note of notes) playNote(context, note)
    } catch {
      context = null
    }
  }
}

function playNote(context: AudioContext, note: Note): void {
  const start = context.currentTime + note.startMs / 1_000
  const end = start + note.lengthMs / 1_000
  const oscillator = context.createOscillator()
  const volume = context.createGain()
  oscillator.type = 'triangle'
  oscillator.frequency.value = note.hertz
  // Without the ramps every note begins and ends in a click.
  volume.gain.setValueAtTime(0, start)
  volume.gain.linearRampToValueAtTime(0.25, start + 0.01)
  volume.gain.setValueAtTime(0.25, Math.max(start + 0.01, end - 0.02))
  volume.gain.linearRampToValueAtTime(0, end)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(start)
  oscillator.stop(end)
}
