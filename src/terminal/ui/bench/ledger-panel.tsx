/** Is the ledger there, is it the right one, do the clocks agree? With what to do where not. */
import { useEffect, useRef } from 'react'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { Fact } from '../till/sheet-parts.tsx'
import { LevelShape } from '../till/tap-shapes.tsx'
import type { PanelProps } from './panels.ts'
import { shownMs } from './shown-ms.ts'
import { useKeys } from './use-keys.ts'

/** A signed time has whole seconds, and a way to go. */
const sameMs = 2_000

export function LedgerPanel({ bench, working, send }: PanelProps) {
  const { say, language } = useTexts()
  const { address, way, isAsking, result } = bench.ledger
  const mayAsk = working && !isAsking
  const ask = (): void => void send({ command: 'check_ledger' })
  const isNew = useRef(result === null && mayAsk)
  useEffect(() => {
    if (isNew.current) void send({ command: 'check_ledger' })
    isNew.current = false
    // Once, as the panel is opened.
  }, [send])
  useKeys({ F5: mayAsk ? ask : null, F9: mayAsk ? ask : null })
  return (
    <section className="bench-box">
      {result === null ? (
        <p>{say('bench.ledger.asking')}</p>
      ) : (
        <p className="bench-what" data-finding={result.finding}>
          <LevelShape level={result.finding === 'well' ? 'ok' : 'off'} />{' '}
          {[say(`bench.ledger.${result.finding}.what`), say(`bench.ledger.${result.finding}.todo`)].join(' ')}
        </p>
      )}
      <dl className="facts">
        <Fact term={say('bench.ledger.address')}>
          <span className="bytes">{address}</span>
        </Fact>
        <Fact term={say('bench.ledger.way')}>{say(`bench.way.${way}`)}</Fact>
        {result === null ? null : (
          <>
            <Fact term={say('bench.ledger.answer')}>
              {say(`bench.ledger.${result.isSigned ? 'signed' : 'notSigned'}`, {
                ms: shownMs(result.tookMs, language),
              })}
            </Fact>
            <Fact term={say('bench.ledger.difference')}>
              <Difference ms={result.clockAheadMs} />
            </Fact>
            <Fact term={say('bench.ledger.package')}>
              <PackageVersion version={result.packageVersion} hasNewer={result.hasNewerPackage} />
            </Fact>
          </>
        )}
      </dl>
      <div className="bench-row">
        <CommandButton look="primary" keyShown="F9" isDisabled={!mayAsk} onPress={ask}>
          {say('bench.ledger.ask')}
        </CommandButton>
      </div>
      {result === null || result.detail === '' ? null : <p className="code">{result.detail}</p>}
    </section>
  )
}

function Difference({ ms }: { readonly ms: number | null }) {
  const { say } = useTexts()
  if (ms === null) return '–'
  if (Math.abs(ms) <= sameMs) return say('bench.ledger.same')
  return say(`bench.ledger.${ms > 0 ? 'ahead' : 'behind'}`, { seconds: Math.round(Math.abs(ms) / 1_000) })
}

function PackageVersion({ version, hasNewer }: { readonly version: number | null; readonly hasNewer: boolean | null }) {
  const { say } = useTexts()
  if (version === null) return say('bench.ledger.packageNone')
  if (hasNewer === null) return version
  return say(hasNewer ? 'bench.ledger.packageNewer' : 'bench.ledger.packageNewest', { version: String(version) })
}
