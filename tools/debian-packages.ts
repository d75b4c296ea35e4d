/**
 * Debian packages, on the machines where we may install them: as root, or where `sudo -n` works without asking.
 * Never a prompt; every command is said aloud with its reason; every command has a time limit.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** One thing wanted of Debian. */
export interface DebianNeed {
  /** Package names of which one is enough: Debian 13 and Ubuntu 24.04 renamed several libraries to …t64. */
  readonly oneOf: readonly [string, ...string[]]
  /** What it is for, as the end of the sentence "… is needed for". */
  readonly purpose: string
}

export type DebianOutcome =
  | { readonly kind: 'complete' }
  | {
      readonly kind: 'incomplete'
      readonly missing: readonly DebianNeed[]
      readonly reason: string
      readonly remedy: string
    }

const updateLimitSeconds = 300
const installLimitSeconds = 1_200

const library = (name: string, purpose: string): DebianNeed => ({ oneOf: [`${name}t64`, name], purpose })
const plain = (name: string, purpose: string): DebianNeed => ({ oneOf: [name], purpose })

/** A browser for the till: `npm start` opens it, the e2e tests drive it. */
export const browserNeeds: readonly DebianNeed[] = [plain('chromium', 'the till in a browser')]

/** The real PC/SC stack with a virtual reader, each test run in a network namespace of its own. */
export const smartCardNeeds: readonly DebianNeed[] = [
  plain('pcscd', 'the test through the real PC/SC service'),
  plain('vsmartcard-vpcd', 'the virtual reader of the PC/SC service'),
  plain('iproute2', 'a network namespace for the PC/SC service'),
  plain('util-linux', 'a network namespace for the PC/SC service'),
  plain('udev', 'the list of serial ports'),
]

/** A driver for the PC/SC service that the tests build (test/integration/drivers/escaping-reader.c). */
export const driverNeeds: readonly DebianNeed[] = [
  plain('gcc', 'the tests of what a reader is told without a card'),
  plain('libc6-dev', 'the tests of what a reader is told without a card'),
]

/** What the core asks of its disk, written down call by call. */
export const traceNeeds: readonly DebianNeed[] = [plain('strace', 'the proofs about power cuts and failing disks')]

/** A TPM without a chip, and the tools with which a till uses one. */
export const tpmNeeds: readonly DebianNeed[] = [
  plain('swtpm', 'the tests of keys that a TPM keeps'),
  plain('tpm2-tools', 'the tests of keys that a TPM keeps'),
]

const electronPurpose = 'the test in Electron'

/** What Electron links against, and a display that needs no screen. */
export const electronNeeds: readonly DebianNeed[] = [
  plain('xvfb', electronPurpose),
  plain('xauth', electronPurpose),
  plain('dbus', electronPurpose),
  library('libgtk-3-0', electronPurpose),
  library('libasound2', electronPurpose),
  library('libatk-bridge2.0-0', electronPurpose),
  library('libatspi2.0-0', electronPurpose),
  library('libcups2', electronPurpose),
  plain('libnss3', electronPurpose),
  plain('libgbm1', electronPurpose),
  plain('libxss1', electronPurpose),
  plain('libxtst6', electronPurpose),
  plain('libdrm2', electronPurpose),
  plain('libsecret-1-0', electronPurpose),
  plain('libnotify4', electronPurpose),
]

/** Whether this is Debian or one of its children, Ubuntu among them. */
export function isDebian(): boolean {
  return process.platform === 'linux' && existsSync('/etc/debian_version') && existsSync('/usr/bin/dpkg-query')
}

function installedPackages(names: readonly string[]): Set<string> {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n', ...names], {
    encoding: 'utf8',
  })
  const lines = query.stdout.split('\n').filter((line) => line.startsWith('installed '))
  return new Set(lines.map((line) => line.slice('installed '.length)))
}

function missingOf(needs: readonly DebianNeed[]): readonly DebianNeed[] {
  const installed = installedPackages(needs.flatMap((need) => need.oneOf))
  return needs.filter((need) => !need.oneOf.some((name) => installed.has(name)))
}

/** The name that this release can install, or null. Call it after `apt-get update`. */
function installableName(need: DebianNeed): string | null {
  for (const name of need.oneOf) {
    const policy = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    const candidate = /^\s*Candidate: (.+)$/m.exec(policy.stdout)?.[1]
    if (candidate !== undefined && candidate !== '(none)') return name
  }
  return null
}

/** The words before a command that must run as root, or null where that would take a password. */
function rootPrefix(): readonly string[] | null {
  if (process.getuid?.() === 0) return []
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 10_000 })
  return sudo.status === 0 ? ['sudo', '-n'] : null
}

/**
 * Installs what is missing of `needs`. `say` receives each step as one line of text. Where it is not allowed or not
 * possible, the answer names what is missing, why, and the command that a person with the right can run.
 */
export function installDebianPackages(needs: readonly DebianNeed[], say: (line: string) => void): DebianOutcome {
  const missing = missingOf(needs)
  if (missing.length === 0) return { kind: 'complete' }
  const remedy = `sudo apt-get install ${missing.map((need) => need.oneOf.at(-1)).join(' ')}`
  const prefix = rootPrefix()
  if (prefix === null)
    return { kind: 'incomplete', missing, reason: 'not root, and sudo would ask for a password', remedy }

  const run = (limitSeconds: number, words: readonly string[]): string | null => {
    // `timeout` stands inside, because a plain user may not kill what sudo started.
    const line = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'timeout', `${limitSeconds}`, ...words]
    say(`running: ${[...prefix, ...words].join(' ')}`)
    const [program, ...parameters] = line as [string, ...string[]]
    const done = spawnSync(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    if (done.status === 0) return null
    const why = done.status === 124 ? `no end after ${limitSeconds} s` : `exit code ${done.status}`
    return `apt-get: ${why} ${done.stderr.trim().split('\n').slice(-3).join(' ')}`.trim()
  }

  for (const need of missing) say(`Debian package ${need.oneOf.at(-1)} is missing; it is needed for ${need.purpose}.`)
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2']
  const updated = run(updateLimitSeconds, ['apt-get', ...options, 'update'])
  const names = missing.map(installableName)
  const unknown = missing.filter((_, index) => names[index] === null)
  if (names.some((name) => name !== null)) {
    const known = names.filter((name) => name !== null)
    const failed = run(installLimitSeconds, ['apt-get', ...options, 'install', '--no-install-recommends', ...known])
    if (failed !== null) return { kind: 'incomplete', missing: missingOf(needs), reason: failed, remedy }
  }
  if (unknown.length === 0) return { kind: 'complete' }
  return {
    kind: 'incomplete',
    missing: unknown,
    reason: updated ?? 'this release of Debian has no such package',
    remedy,
  }
}
