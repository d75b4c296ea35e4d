/**
 * The tap area: one component, exactly one of ten states, each with its own colour, shape, word and sound
 * (ui.md, "Till"). It shows the snapshot's state and nothing else; what clears it is the core's to say.
 */
import type { ReactNode } from 'react'
import { ProgressBar } from 'react-aria-components'
import { formatTenge, type TapView, type Tiyn } from '../../contract/index.ts'
import { faceOf } from '../sound/tap-sounds.ts'
import { formatSince } from '../texts/time.ts'
import { useTexts, type Translator } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { TapShape } from './tap-shapes.tsx'

interface Saying {
  readonly word: string
  readonly detail: ReactNode
  readonly aside: ReactNode
}

interface TapAreaProps {
  readonly tap: TapView
  readonly now: number
  /** Something is rung up and may be paid by card: the idle till says how. */
  readonly payable: boolean
  /** Of the sale. While anything is left, an approved part is no reason to hand over goods. */
  readonly leftToPay: Tiyn
}

export function TapArea(props: TapAreaProps) {
  const { tap } = props
  const translator = useTexts()
  const face = faceOf(tap)
  const { word, detail, aside } = sayingOf(props, translator)
  return (
    <section className={`tap tap-${face}`} data-tap={tap.state} data-face={face} role="status" aria-live="assertive">
      <TapShape face={face} />
      <div className="tap-text">
        <p className="tap-word">{word}</p>
        <p className="tap-detail">{detail}</p>
      </div>
      {aside === null ? null : <div className="tap-aside">{aside}</div>}
    </section>
  )
}

function sayingOf({ tap, now, payable, leftToPay }: TapAreaProps, { say, name, codes }: Translator): Saying {
  switch (tap.state) {
    case 'idle':
      return { word: say('tap.idle.word'), detail: say(payable ? 'tap.idle.payable' : 'tap.idle.detail'), aside: null }
    case 'tap':
      return {
        word: say('tap.tap.word'),
        detail: tap.hint === null ? say('tap.tap.detail') : <strong>{say(`tap.hint.${tap.hint}`)}</strong>,
        aside: null,
      }
    case 'hold':
      return {
        word: say('tap.hold.word'),
        detail: say(`tap.step.${tap.step}`),
        aside: <Progress percent={tap.progress} label={say(`tap.step.${tap.step}`)} />,
      }
    case 'approved':
      return {
        word: say(`tap.${tap.look}.word`),
        detail: (
          <>
            <strong>
              {leftToPay === 0n
                ? say('tap.approved.whole')
                : say('tap.approved.rest', { amount: formatTenge(leftToPay) })}
            </strong>{' '}
            {[`${name(tap.schemeName)}.`, ...(tap.look === 'pending' ? [say('tap.pending.detail')] : [])].join(' ')}
          </>
        ),
        aside: <Amount value={tap.amount} look="large" />,
      }
    case 'refused': {
      const { what, todo } = codes.refusals[tap.code]
      return {
        word: say('tap.refused.word'),
        detail: (
          <>
            <strong>{what}</strong> {todo}
          </>
        ),
        aside: <span className="tap-code">{say('notice.code', { code: tap.code })}</span>,
      }
    }
    case 'torn':
      return {
        word: say('tap.torn.word'),
        detail: tornDetail(tap, say),
        aside: <AmountSince tap={tap} now={now} />,
      }
    case 'rest':
      return {
        word: say('tap.rest.word'),
        detail: (
          <>
            <strong>{say('tap.rest.detail', { amount: formatTenge(tap.amount) })}</strong>
            {tap.schemeName === null ? null : ` ${name(tap.schemeName)}.`}
          </>
        ),
        aside: <Amount value={tap.rest} look="large" />,
      }
    case 'pin':
      return {
        word: say('tap.pin.word'),
        detail: tap.cardLies ? (
          <>
            {tap.wrong ? <strong>{say('tap.pin.wrong')} </strong> : null}
            {say('tap.pin.triesLeft', { count: tap.triesLeft })} {`${name(tap.schemeName)}.`}
          </>
        ) : (
          <strong>{say('tap.pin.cardAway')}</strong>
        ),
        aside: <Amount value={tap.amount} look="large" />,
      }
    case 'qr':
      return {
        word: say(tap.text === null ? 'tap.qr.goneWord' : 'tap.qr.word'),
        detail: [...(tap.text === null ? [] : [say('tap.qr.detail')]), say(`tap.qr.${tap.doing}`)].join(' '),
        aside: (
          <>
            <Amount value={tap.amount} />
            <span>{say('tap.qr.until', { time: formatSince(tap.until, now) })}</span>
          </>
        ),
      }
    case 'unknown':
      return {
        word: say('tap.unknown.word'),
        detail: `${say('tap.unknown.detail')} ${say(`tap.unknown.${tap.doing}`)}`,
        aside: <AmountSince tap={tap} now={now} />,
      }
  }
}

function tornDetail({ hint, mayBeDebited }: Extract<TapView, { state: 'torn' }>, say: Translator['say']): ReactNode {
  if (hint === 'other_card') return <strong>{say('tap.torn.otherCard')}</strong>
  if (hint === 'cannot_tell') return <strong>{say('tap.torn.cannotTell')}</strong>
  return say(mayBeDebited ? 'tap.torn.maybeDebited' : 'tap.torn.detail')
}

function AmountSince({ tap, now }: { tap: Extract<TapView, { state: 'torn' | 'unknown' }>; now: number }) {
  const { say } = useTexts()
  return (
    <>
      <Amount value={tap.amount} />
      <span>{say('time.since', { time: formatSince(tap.since, now) })}</span>
    </>
  )
}

function Progress({ percent, label }: { percent: number; label: string }) {
  return (
    <ProgressBar value={percent} aria-label={label} className="progress" valueLabel={`${percent} %`}>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className="progress-ground" width="100" height="10" />
        <rect className="progress-done" width={percent} height="10" />
      </svg>
    </ProgressBar>
  )
}
