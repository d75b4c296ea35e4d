/** What stands between this machine and a till that works, with what to do about it; and the file for support. */
import { useEffect, useRef } from 'react'
import {
  countsOf,
  doctorTexts,
  filled,
  levelOf,
  wordsOf,
  type BundleOutcome,
  type Finding,
  type Level,
  type Light,
} from '../../contract/index.ts'
import { formatTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { LevelShape } from '../till/tap-shapes.tsx'
import { CopyButton } from './copy-button.tsx'
import type { PanelProps } from './panels.ts'
import { useKeys } from './use-keys.ts'

const worstFirst: readonly Level[] = ['fault', 'warning', 'ok']
const lights: Readonly<Record<Level, Light['level']>> = { fault: 'off', warning: 'limited', ok: 'ok' }

export function DoctorPanel({ bench, working, send }: PanelProps) {
  const { say } = useTexts()
  const { doing, examination, trouble, bundle } = bench.doctor
  const mayAsk = working && doing === null
  const examine = (): void => void send({ command: 'examine_machine' })
  const write = (): void => void send({ command: 'write_support_bundle' })
  const isNew = useRef(examination === null && trouble === null && mayAsk)
  useEffect(() => {
    if (isNew.current) void send({ command: 'examine_machine' })
    isNew.current = false
    // Once, as the panel is opened.
  }, [send])
  useKeys({ F5: mayAsk ? examine : null, F9: mayAsk ? examine : null, F10: mayAsk ? write : null })
  return (
    <>
      <section className="bench-box" data-doing={doing ?? 'nothing'}>
        <p className="quiet">{say('bench.doctor.what')}</p>
        <div className="bench-row">
          <CommandButton look="primary" keyShown="F9" isDisabled={!mayAsk} onPress={examine}>
            {say('bench.doctor.examine')}
          </CommandButton>
          <CommandButton keyShown="F10" isDisabled={!mayAsk} onPress={write}>
            {say('bench.doctor.bundle')}
          </CommandButton>
        </div>
        <div role="status">{doing === null ? null : <p>{say(`bench.doctor.${doing}`)}</p>}</div>
        {trouble === null ? null : (
          <div className="bench-warning" role="alert" data-trouble={trouble.kind}>
            <p>{say(`bench.doctor.${trouble.kind}`, { seconds: trouble.seconds })}</p>
            {trouble.of === 'bundling' ? <p>{say('bench.doctor.none')}</p> : null}
            {examination === null ? null : <p>{say('bench.doctor.earlier')}</p>}
          </div>
        )}
        {bundle === null ? null : <Bundle bundle={bundle} />}
      </section>
      {examination === null ? null : (
        <section className="bench-box">
          <Summary findings={examination.findings} />
          <p className="quiet">
            {say('bench.doctor.took', {
              time: formatTime(examination.at),
              seconds: Math.round(examination.tookMs / 1_000),
            })}
          </p>
          <ol className="findings">
            {worstFirst.flatMap((level) =>
              examination.findings
                .filter((finding) => levelOf(finding) === level)
                .map((finding, index) => <FindingRow key={`${level} ${index}`} {...{ finding, level }} />),
            )}
          </ol>
        </section>
      )}
    </>
  )
}

function Summary({ findings }: { readonly findings: readonly Finding[] }) {
  const { language } = useTexts()
  const { warnings, faults } = countsOf(findings)
  const worst = worstFirst.find((level) => findings.some((finding) => levelOf(finding) === level)) ?? 'ok'
  const seen = { warnings: String(warnings), faults: String(faults) }
  return (
    <p className="bench-what" data-worst={worst}>
      <LevelShape level={lights[worst]} /> {filled(doctorTexts[language].end[worst], seen)}
    </p>
  )
}

function FindingRow({ finding, level }: { readonly finding: Finding; readonly level: Level }) {
  const { language } = useTexts()
  const { checks, levels } = doctorTexts[language]
  const { says, remedy } = wordsOf(finding, language)
  return (
    <li className="finding" data-code={finding.code}>
      <LevelShape level={lights[level]} />
      <p>
        <strong>
          {levels[level]} · {checks[finding.check]}
        </strong>{' '}
        {says}
      </p>
      {remedy === null ? null : (
        <>
          <p className="remedy">{remedy}</p>
          <CopyButton text={remedy} />
        </>
      )}
    </li>
  )
}

function Bundle({ bundle }: { readonly bundle: BundleOutcome }) {
  const { say } = useTexts()
  if (bundle.kind === 'refused')
    return (
      <div className="bench-warning" role="alert" data-bundle={bundle.fault}>
        <p>{say(`bench.doctor.not.${bundle.fault}`)}</p>
        <p className="code">{bundle.detail}</p>
      </div>
    )
  return (
    <div className="bundle" data-bundle="written">
      <p className="bench-what">{say('bench.doctor.written', { kilobytes: Math.ceil(bundle.bytes / 1_000) })}</p>
      <p className="bundle-file">
        <span className="bytes">{bundle.file}</span> <CopyButton text={bundle.file} />
      </p>
      <p>{say('bench.doctor.inside')}</p>
      <p>{say('bench.doctor.outside')}</p>
      <p>{say('bench.doctor.look')}</p>
    </div>
  )
}
