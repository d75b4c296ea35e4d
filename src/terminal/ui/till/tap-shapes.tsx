/** A shape for every face of the tap area and every level of a light: told apart without colour. */
import type { Light } from '../../contract/index.ts'
import type { TapFace } from '../sound/tap-sounds.ts'

const card = <rect x="12" y="26" width="50" height="34" rx="5" />
const waves = (
  <>
    <path d="M68 34 a14 14 0 0 1 0 18" />
    <path d="M76 28 a24 24 0 0 1 0 30" />
    <path d="M84 22 a34 34 0 0 1 0 42" />
  </>
)

const shapes: Readonly<Record<TapFace, React.ReactNode>> = {
  idle: (
    <>
      {card}
      <path d="M12 38 h50" />
    </>
  ),
  rest: (
    <>
      <circle cx="30" cy="32" r="22" />
      <path d="M30 22 v20 M20 32 h20" />
      <rect x="40" y="50" width="46" height="32" rx="5" />
      <path d="M40 60 h46" />
    </>
  ),
  pin: (
    <>
      <rect x="14" y="8" width="68" height="80" rx="8" />
      <path d="M32 32 v1 M48 32 v1 M64 32 v1 M32 50 v1 M48 50 v1 M64 50 v1 M48 68 v1" strokeWidth="11" />
    </>
  ),
  qr: (
    <>
      <path d="M10 10 h28 v28 h-28 z M58 10 h28 v28 h-28 z M10 58 h28 v28 h-28 z" />
      <path d="M58 58 h10 v10 h-10 z M78 58 v8 M58 78 v8 M76 76 h10 v10 h-10 z" />
    </>
  ),
  tap: (
    <>
      {card}
      {waves}
    </>
  ),
  hold: (
    <>
      <rect x="24" y="32" width="48" height="32" rx="5" />
      <circle cx="48" cy="48" r="42" strokeDasharray="10 8" />
    </>
  ),
  settled: (
    <>
      <circle cx="48" cy="48" r="42" />
      <path d="M28 49 l14 15 l27 -30" strokeWidth="9" />
    </>
  ),
  pending: (
    <>
      <circle cx="48" cy="48" r="42" strokeDasharray="5 8" />
      <path d="M24 49 l12 13 l22 -25" strokeWidth="8" />
      <path d="M66 60 h14 M66 50 h14 M66 70 h14" strokeWidth="4" />
    </>
  ),
  refused: (
    <>
      <path d="M30 6 h36 l24 24 v36 l-24 24 h-36 l-24 -24 v-36 z" />
      <path d="M32 32 l32 32 M64 32 l-32 32" strokeWidth="9" />
    </>
  ),
  torn: (
    <>
      <path d="M44 22 h-28 a6 6 0 0 0 -6 6 v40 a6 6 0 0 0 6 6 h22 l8 -18 l-8 -12 z" />
      <path d="M56 22 h24 a6 6 0 0 1 6 6 v40 a6 6 0 0 1 -6 6 h-30 l8 -18 l-8 -12 z" />
    </>
  ),
  unknown: (
    <>
      <path d="M48 8 L90 84 H6 Z" />
      <path d="M48 34 v26" strokeWidth="8" />
      <path d="M48 71 v1" strokeWidth="9" />
    </>
  ),
}

export function TapShape({ face }: { face: TapFace }) {
  return (
    <svg className="tap-shape" viewBox="0 0 96 96" aria-hidden="true">
      {shapes[face]}
    </svg>
  )
}

const levels: Readonly<Record<Light['level'], React.ReactNode>> = {
  ok: <circle cx="8" cy="8" r="6" />,
  limited: <path d="M8 1.5 L15 14.5 H1 Z" />,
  off: <rect x="1.5" y="1.5" width="13" height="13" />,
}

/** ● works, ▲ works with a limit, ■ does not work. */
export function LevelShape({ level }: { level: Light['level'] }) {
  return (
    <svg className={`level level-${level}`} viewBox="0 0 16 16" aria-hidden="true">
      {levels[level]}
    </svg>
  )
}
