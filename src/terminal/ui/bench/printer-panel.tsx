/** The printer as it is now, its self-test page, and the drawer. */
import type { BenchView } from '../../contract/index.ts'
import type { WordKey } from '../texts/keys.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from '../till/command-button.tsx'
import { Fact } from '../till/sheet-parts.tsx'
import { LevelShape } from '../till/tap-shapes.tsx'
import type { PanelProps } from './panels.ts'
import { useKeys } from './use-keys.ts'

export function PrinterPanel({ bench, snapshot, working, send }: PanelProps) {
  const { say, codes } = useTexts()
  const { printer } = bench
  const { level, code, detail } = snapshot.lights.printer
  const isThere = printer.status?.online === true
  const mayAsk = working && printer.doing === null
  const ask = (): void => void send({ command: 'ask_printer' })
  const print = (): void => void send({ command: 'print_test_page' })
  const pulse = (): void => void send({ command: 'open_test_drawer' })
  useKeys({ F5: mayAsk ? ask : null, F9: mayAsk ? print : null, F10: mayAsk && printer.mayOpenDrawer ? pulse : null })
  return (
    <section className="bench-box">
      <p className="bench-what">
        <LevelShape level={level} />{' '}
        {level === 'ok' ? say('bench.printer.well') : `${codes.statuses[code].what} ${codes.statuses[code].todo}`}
      </p>
      {isThere ? null : (
        <p>
          {say('bench.printer.setUp')} {say('bench.printer.selfTest')}
        </p>
      )}
      {printer.status?.paperNearEnd === true && level === 'ok' ? <p>{say('bench.printer.nearEnd')}</p> : null}
      {detail === '' ? null : <p className="code">{detail}</p>}
      <dl className="facts">
        <Fact term={say('bench.printer.profile')}>
          <span className="bytes">{printer.profile}</span>
        </Fact>
      </dl>
      <div className="bench-row">
        <CommandButton look="primary" keyShown="F9" isDisabled={!mayAsk} onPress={print}>
          {say('bench.printer.page')}
        </CommandButton>
        <CommandButton keyShown="F10" isDisabled={!mayAsk || !printer.mayOpenDrawer} onPress={pulse}>
          {say('bench.printer.drawer')}
        </CommandButton>
        <CommandButton keyShown="F5" isDisabled={!mayAsk} onPress={ask}>
          {say('bench.again')}
        </CommandButton>
      </div>
      {printer.mayOpenDrawer ? null : (
        <p className="quiet">{`${codes.faults.bench_drawer_money.what} ${codes.faults.bench_drawer_money.todo}`}</p>
      )}
      {printer.doing === 'asking' ? <p>{say('bench.printer.asking')}</p> : null}
      {printer.doing === 'printing' ? <p>{say('bench.printer.printing')}</p> : null}
      {printer.page === null ? null : (
        <p className="bench-what" data-page={printer.page.kind}>
          {say(pageKey(printer.page))} {troubleOf(printer.page)}
        </p>
      )}
      {printer.page === null || printer.page.kind === 'failed' ? null : <p>{say('bench.printer.look')}</p>}
      {printer.drawer === null ? null : (
        <p className="bench-what">
          {say(`bench.drawer.${printer.drawer.kind}`)} {troubleOf(printer.drawer)}
        </p>
      )}
    </section>
  )
}

type Outcome = { readonly kind: string; readonly trouble?: string; readonly detail?: string }

function pageKey(page: NonNullable<BenchView['printer']['page']>): WordKey {
  switch (page.kind) {
    case 'printed':
      return 'bench.page.printed'
    case 'handed-over':
      return 'bench.page.handed_over'
    case 'failed':
      return `bench.page.${page.paper}`
  }
}

/** Technical, small: the device host's own words. */
function troubleOf({ trouble, detail }: Outcome) {
  return trouble === undefined ? null : <span className="code">{`${trouble} ${detail ?? ''}`}</span>
}
