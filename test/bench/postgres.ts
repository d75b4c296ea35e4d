/** A PostgreSQL of this run alone, as durable as it comes out of the box: the measure for a ledger on one machine. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const installed = '/usr/lib/postgresql'

/** Why there is none here, as a sentence; null where there is one. */
export const whyNoPostgres: string | null = existsSync(installed)
  ? null
  : 'PostgreSQL is not installed (on Debian and Ubuntu: sudo apt-get install postgresql)'

export interface RunningPostgres {
  /** The folder of its socket, as `host` of a client. */
  readonly socket: string
  /** Transactions a second of pgbench's TPC-B, with so many clients for so many seconds. */
  tpcB(clients: number, seconds: number): number
  stop(): void
}

/** It does not run as root. */
const asPostgres = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : []

export function startPostgres(): RunningPostgres {
  const [version] = readdirSync(installed).toSorted((a, b) => Number(b) - Number(a))
  const program = (name: string): string => join(installed, version ?? '', 'bin', name)
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-postgres-'))
  if (asPostgres.length > 0) run('chown', 'postgres:postgres', folder)
  chmodSync(folder, 0o700)
  const data = join(folder, 'data')
  postgres(program('initdb'), '-D', data, '-A', 'trust', '-U', 'bench', '--no-sync', '-E', 'UTF8')
  const options = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c max_wal_size=4GB`
  postgres(program('pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start')
  const pgbench = (...parameters: readonly string[]): string =>
    postgres(program('pgbench'), '-h', folder, '-U', 'bench', ...parameters, 'postgres')
  return {
    socket: folder,
    tpcB: (clients, seconds) => {
      pgbench('-i', '-q', '-s', String(clients))
      const said = pgbench('-c', String(clients), '-j', '2', '-T', String(seconds))
      const perSecond = Number(/^tps = ([\d.]+)/m.exec(said)?.[1])
      if (!(perSecond > 0)) throw new Error(`pgbench said no figure: ${said}`)
      return perSecond
    },
    stop: () => {
      postgres(program('pg_ctl'), '-D', data, '-m', 'immediate', 'stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function postgres(program: string, ...parameters: readonly string[]): string {
  const [first = program, ...rest] = [...asPostgres, program]
  return run(first, ...rest, ...parameters)
}

function run(program: string, ...parameters: readonly string[]): string {
  const done = spawnSync(program, parameters, { encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  if (done.status !== 0) throw new Error(`${program} ${parameters.join(' ')}: ${done.stderr || String(done.error)}`)
  return done.stdout
}
