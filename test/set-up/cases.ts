/**
 * The set-up matrix: who runs a README command, on what machine, and how that must end. Either it works, or it ends by
 * itself with a sentence that holds the remedy. Nothing prompts, nothing hangs, nothing is left running.
 */

/** What a machine lacks: Debian packages by name; `electron`: the copy for tests, and npm's way to it (ADR 5). */
export type Lacking = 'chromium' | 'pcscd' | 'xvfb' | 'electron'

export interface SetUpCase {
  readonly name: string
  readonly command: 'start' | 'test'
  readonly user: 'root' | 'plain'
  /** Major version of the Node that is first on the PATH. */
  readonly node: 12 | 18 | 20 | 24
  readonly network: 'up' | 'cut'
  /** What lies in node_modules before. `partly`: as after `npm ci --omit=optional`, with no Node 24. */
  readonly packages: 'installed' | 'none' | 'partly'
  readonly lacks: readonly Lacking[]
  /** `full`: node_modules on a disk of 50 MB; `fullData`: the data folder on one of 64 KB; `readOnly`: the checkout. */
  readonly disk: 'normal' | 'full' | 'fullData' | 'readOnly'
  /** Puts a `sudo` on the machine that wants a password and would wait for it for ever. */
  readonly sudoAsks: boolean
  /** Runs with `npm test` in the slice that takes under a minute. */
  readonly inNpmTest: boolean
  readonly ends: Works | Says
}

export interface Works {
  readonly how: 'works'
  /** Of `npm test`: each line of LEFT OUT matches one of these, and each of these matches a line. */
  readonly leavesOut: readonly RegExp[]
}

export interface Says {
  readonly how: 'says'
  /** Each is found in what the command says last. */
  readonly sentences: readonly RegExp[]
}

const works: Works = { how: 'works', leavesOut: [] }
const leavesOut = (...lines: readonly RegExp[]): Works => ({ how: 'works', leavesOut: lines })
const says = (...sentences: readonly RegExp[]): Says => ({ how: 'says', sentences })

const usual = {
  command: 'start',
  user: 'root',
  node: 20,
  network: 'up',
  packages: 'installed',
  lacks: [],
  disk: 'normal',
  sudoAsks: false,
  inNpmTest: false,
  ends: works,
} as const satisfies Omit<SetUpCase, 'name'>

const one = (name: string, differs: Partial<SetUpCase>): SetUpCase => ({ ...usual, name, ...differs })

const noSudo = /not root, and sudo would ask for a password\. Remedy: sudo apt-get install /
const noNamespaces = /no right to make namespaces/
const noBrowserTests = /hostile-page-and-the-till\.test\.ts: .* — \/usr\/bin\/chromium is not installed/
const noElectronTests = /page-crash\.test\.ts: .* — /
const noReaderTests = /reader\/start\.test\.ts: .* — Debian package pcscd is not installed/

export const cases: readonly SetUpCase[] = [
  one('start: root, Node 20', {}),
  one('start: root, Node 24', { node: 24 }),
  one('start: root, nothing installed by npm', { packages: 'none' }),
  one('start: root, npm left out optional packages', { packages: 'partly' }),
  one('start: root, network cut', { network: 'cut' }),
  one('start: root, no Chromium, no PC/SC, no Electron', { lacks: ['chromium', 'pcscd', 'xvfb', 'electron'] }),
  one('start: plain user, Node 20', { user: 'plain' }),
  one('start: plain user, Node 24, network cut', { user: 'plain', node: 24, network: 'cut' }),
  one('start: plain user, nothing installed by npm, npm’s cache empty', { user: 'plain', packages: 'none' }),
  one('start: plain user, no Chromium, no PC/SC, no Electron, network cut', {
    user: 'plain',
    network: 'cut',
    lacks: ['chromium', 'pcscd', 'xvfb', 'electron'],
    inNpmTest: true,
  }),
  // npm puts node_modules/.bin first, and with it Node 24: only a first start meets the old one.
  one('start: Node 18, packages installed', { node: 18 }),
  one('start: Node 18, nothing installed by npm', {
    node: 18,
    packages: 'none',
    ends: says(/Node 18\.\S+ is too old/, /Remedy: install Node 20 or newer/),
  }),
  one('start: Node 12, nothing installed by npm', {
    node: 12,
    packages: 'none',
    ends: says(/Node 12\.\S+ is too old/, /Remedy: install Node 20 or newer/),
  }),
  one('start: nothing installed by npm, network cut', {
    user: 'plain',
    packages: 'none',
    network: 'cut',
    ends: says(/"npm ci" ended with code/, /Remedy: is the npm registry reachable/),
  }),
  one('start: nothing installed by npm, disk full', {
    packages: 'none',
    disk: 'full',
    ends: says(/"npm ci"/, /Remedy: .*is the disk full/),
  }),
  one('start: nothing installed by npm, read-only checkout', {
    user: 'plain',
    packages: 'none',
    disk: 'readOnly',
    ends: says(/"npm ci" ended with code/, /Remedy: .*may you write to this folder/),
  }),
  one('start: data on a full disk', {
    disk: 'fullData',
    ends: says(/disk .*is full/, /Make room there and start again, or start with another --data folder/),
  }),
  one('start: read-only checkout', {
    user: 'plain',
    disk: 'readOnly',
    inNpmTest: true,
    ends: says(/the user interface cannot be built\. .*cannot be written/, /Give this user the right to write there/),
  }),

  one('test: root, Node 20', { command: 'test' }),
  one('test: root, Node 24', { command: 'test', node: 24 }),
  one('test: root, nothing installed by npm', { command: 'test', packages: 'none' }),
  one('test: root, network cut', { command: 'test', network: 'cut' }),
  one('test: root, no PC/SC', { command: 'test', lacks: ['pcscd'] }),
  one('test: root, no PC/SC, no Debian package to be had', {
    command: 'test',
    lacks: ['pcscd'],
    network: 'cut',
    ends: says(/the test through the real PC\/SC service .* Remedy: sudo apt-get install pcscd/, /\d+ failed$/),
  }),
  one('test: root, no Chromium, no Debian package to be had', {
    command: 'test',
    lacks: ['chromium'],
    network: 'cut',
    inNpmTest: true,
    ends: says(/the till in a browser .* Remedy: sudo apt-get install chromium/, /\d+ failed$/),
  }),
  one('test: root, no Electron to be had', {
    command: 'test',
    lacks: ['electron'],
    network: 'cut',
    ends: says(/the test in Electron — .*Remedy: /, /\d+ failed$/),
  }),
  one('test: plain user, Node 20', { command: 'test', user: 'plain', ends: leavesOut(noNamespaces) }),
  one('test: plain user, Node 24, network cut', {
    command: 'test',
    user: 'plain',
    node: 24,
    network: 'cut',
    ends: leavesOut(noNamespaces),
  }),
  one('test: plain user, no Chromium', {
    command: 'test',
    user: 'plain',
    lacks: ['chromium'],
    ends: leavesOut(noSudo, noBrowserTests, noNamespaces),
  }),
  one('test: plain user, no PC/SC, sudo wants a password', {
    command: 'test',
    user: 'plain',
    lacks: ['pcscd'],
    sudoAsks: true,
    ends: leavesOut(noSudo, noReaderTests),
  }),
  one('test: plain user, no Electron, network cut', {
    command: 'test',
    user: 'plain',
    lacks: ['xvfb', 'electron'],
    network: 'cut',
    ends: leavesOut(noSudo, /the test in Electron — .*Remedy: /, noElectronTests, noNamespaces),
  }),
  one('test: Node 18, nothing installed by npm', {
    command: 'test',
    node: 18,
    packages: 'none',
    ends: says(/Node 18\.\S+ is too old/, /Remedy: install Node 20 or newer/),
  }),
]

/** How much of `npm test`: all of it; one file without needs and one for each need; or only the first of these. */
export const parts = {
  whole: [],
  short: [
    '--',
    'test/unit/voucher/money.test.ts',
    'test/integration/shell/hostile-page-and-the-till.test.ts',
    'test/integration/reader/start.test.ts',
    'test/e2e/electron/page-crash.test.ts',
  ],
  least: ['--', 'test/unit/voucher/money.test.ts'],
} as const satisfies Readonly<Record<string, readonly string[]>>
