/** HID devices: what the machine has, what the till takes each for, and the raw reports of those that it has opened. */
import type { HidBenchView } from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { CopyButton } from './copy-button.tsx'
import { HidDevices } from './hid-devices.tsx'
import { HidReport, Meaning, reportLine } from './hid-report.tsx'
import type { PanelProps } from './panels.ts'
import { useKeys } from './use-keys.ts'

export function HidPanel({ bench, working, send }: PanelProps) {
  const { say, codes } = useTexts()
  const { hid } = bench
  const listing = hid?.listing ?? null
  const reports = hid?.reports ?? []
  const hasDisplay = listing !== null && isDisplayThere(listing)
  const mayTest = working && hasDisplay
  const mayKeep = working && listing !== null
  const mayClear = working && reports.length > 0
  const test = (): void => void send({ command: 'test_display' })
  const keep = (): void => void send({ command: 'export_hid' })
  const clear = (): void => void send({ command: 'clear_hid' })
  useKeys({ F7: mayKeep ? keep : null, F8: mayClear ? clear : null, F9: mayTest ? test : null })
  // A window that only watches opens no panel for itself.
  const waits = working ? 'bench.hid.asking' : 'window.readOnly.what'
  if (hid === null || listing === null) return <p className="bench-empty">{say(waits)}</p>
  return (
    <>
      <section className="bench-box">
        <LastReport reports={reports} />
        <p className="quiet">{say('bench.hid.reportsNote')}</p>
        <div className="bench-row">
          <CommandButton look={hasDisplay ? 'primary' : 'plain'} keyShown="F9" isDisabled={!mayTest} onPress={test}>
            {say('bench.hid.testDisplay')}
          </CommandButton>
          <CommandButton keyShown="F7" isDisabled={!mayKeep} onPress={keep}>
            {say('bench.console.export')}
          </CommandButton>
          <CommandButton keyShown="F8" isDisabled={!mayClear} onPress={clear}>
            {say('bench.console.clear')}
          </CommandButton>
        </div>
        {hid.displayTests === 0 || !hasDisplay ? null : (
          <p data-display-tests={hid.displayTests}>
            {say('bench.hid.displayLook', { letters: 'ӘҒҚҢӨҰҮҺІ ₸', latin: 'AGQNOUUHI tg', total: '1 850,00' })}{' '}
            {say('bench.hid.displayBack')}
          </p>
        )}
        {hid.exported === null ? null : (
          <p className="bytes">{say('bench.console.exported', { path: hid.exported })}</p>
        )}
      </section>
      <section className="bench-box">
        <h2>{say('bench.hid.devices')}</h2>
        {hid.trouble === null ? null : (
          <div className="bench-warning">
            <p>
              <strong>{`${codes.statuses[hid.trouble.code].what} ${codes.statuses[hid.trouble.code].todo}`}</strong>
            </p>
            <p className="code">{hid.trouble.detail}</p>
          </div>
        )}
        {listing.devices.length === 0 && hid.trouble === null ? <NoDevice scanners={listing.scanners} /> : null}
        <HidDevices listing={listing} />
        <Help />
      </section>
      {reports.length === 0 ? null : (
        <section className="bench-box">
          <div className="bench-row">
            <div>
              <h2>{say('bench.hid.reports')}</h2>
            </div>
            <CopyButton text={reports.map(reportLine).join('\n')} />
          </div>
          {hid.skipped === 0 ? null : (
            <p className="bench-warning">{say('bench.hid.skipped', { count: hid.skipped })}</p>
          )}
          <ol className="exchanges">
            {reports.toReversed().map((report) => (
              <HidReport key={report.number} report={report} />
            ))}
          </ol>
        </section>
      )}
    </>
  )
}

/** What the last report meant that meant anything: seen from where the scanner is. */
function LastReport({ reports }: Pick<HidBenchView, 'reports'>) {
  const { say } = useTexts()
  const ofDevices = reports.filter(({ direction }) => direction === 'in')
  const last = ofDevices.findLast(({ meaning }) => meaning.kind !== 'nothing') ?? ofDevices.at(-1)
  return (
    <p className="bench-what">
      {last === undefined ? (
        say('bench.hid.empty')
      ) : (
        <>
          {say('bench.hid.from', { device: last.device })} <Meaning meaning={last.meaning} />
        </>
      )}
    </p>
  )
}

type Listing = NonNullable<HidBenchView['listing']>

function isDisplayThere({ devices, places }: Listing): boolean {
  return devices.some(({ place }) => place !== null && places[place]?.use === 'display')
}

function NoDevice({ scanners }: Pick<Listing, 'scanners'>) {
  const { say } = useTexts()
  return (
    <p className="bench-warning" data-no-device>
      <strong>{say(scanners === null ? 'bench.hid.notWanted' : 'bench.hid.none')}</strong>
    </p>
  )
}

function Help() {
  const { say } = useTexts()
  return (
    <>
      <p>
        {say('bench.hid.helpScanner')} {say('bench.hid.helpTyping')}
      </p>
      <p>
        {say('bench.hid.helpNamed')} {say('bench.hid.helpVirtual')}
      </p>
      <p className="quiet">{say('bench.hid.helpLinux')}</p>
    </>
  )
}
