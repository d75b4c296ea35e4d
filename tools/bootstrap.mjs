// The first file that runs on a fresh clone, on whatever Node 20 or newer there is and with nothing installed.
// It sees to the npm packages, then hands over to the real script on the Node 24 that came with them.
// Its syntax is Node 12's (no `??`, no `?.`): an older Node must get far enough to say that it is too old.
// Everything it says goes to stderr: stdout belongs to the script.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const nodeMajor = Number(process.versions.node.split('.')[0])
const nodeWanted = readFileSync(join(root, '.nvmrc'), 'utf8').trim()

const scripts = {
  start: 'tools/start.ts',
  demo: 'tools/demo.ts',
  pictures: 'tools/pictures.ts',
  package: 'tools/package.ts',
  ledger: 'ledger-sim/main.ts',
  mocks: 'hardware-mocks/main.ts',
  sim: 'test/simulation/main.ts',
  'reader-soak': 'tools/reader-soak.ts',
  'applet-check': 'tools/applet-check.ts',
  doctor: 'tools/doctor.ts',
  crash: 'test/crash/main.ts',
  chaos: 'test/chaos/main.ts',
  power: 'test/power/main.ts',
  disk: 'test/disk/main.ts',
  tear: 'test/tear/main.ts',
  'setup-check': 'test/set-up/main.ts',
  'verify-receipt': 'tools/verify-receipt.ts',
  scheme: 'tools/scheme.ts',
  till: 'tools/till.ts',
  'till-by-curl': 'tools/till-by-curl.ts',
  'ledger-token': 'tools/ledger-token.ts',
  'api-fuzz': 'test/api-fuzz/main.ts',
  'ledger-faults': 'test/ledger-faults/main.ts',
  'integrator-tables': 'tools/integrator-tables.ts',
  lifecycle: 'src/terminal/payment/lifecycle-document.ts',
  bench: 'test/bench/main.ts',
  test: 'tools/test.ts',
  ready: 'tools/ready.ts',
}

function say(text) {
  process.stderr.write(`tolem: ${text}\n`)
}

/** Ends the process with what is wrong and what to do about it. */
function stop(problem, remedy) {
  process.stderr.write(`\ntolem: ${problem}\n  Remedy: ${remedy}\n`)
  process.exit(1)
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return null
  }
}

/**
 * Why node_modules is not what package-lock.json describes, or null when it is. npm writes its own record,
 * node_modules/.package-lock.json, as the last act of an installation, so a broken-off one has none.
 */
function whyInstall() {
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (wanted === null) stop('package-lock.json is missing or unreadable.', 'git checkout -- package-lock.json')
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (present === null) return 'the npm packages are not installed yet'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const found = present[path]
    if (found === undefined) {
      if (entry.optional || entry.devOptional || entry.peer) continue
      return `${path} is not installed`
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is not the version that package-lock.json names`
    }
  }
  if (wanted[nodePackage] !== undefined && !existsSync(packagedNode)) {
    return `${nodePackage} and other optional packages are missing, as after "npm ci --omit=optional"`
  }
  return null
}

const onWindows = process.platform === 'win32'
const nodePackage = `node_modules/node-${onWindows ? 'win' : process.platform}-${process.arch}`
const packagedNode = join(root, nodePackage, 'bin', onWindows ? 'node.exe' : 'node')

/** The Node that runs the product: the one from npm, or this one if it is new enough (macOS has none on npm). */
function findNode() {
  if (existsSync(packagedNode)) return packagedNode
  return nodeMajor >= 24 ? process.execPath : null
}

/**
 * npm 10 does not link the command `node` into node_modules/.bin, npm 11 does. Without it `npm run typecheck` and the
 * like would run on the Node of the machine.
 */
function linkNode() {
  const link = join(root, 'node_modules', '.bin', 'node')
  if (onWindows || !existsSync(packagedNode) || existsSync(link)) return
  try {
    symlinkSync(relative(dirname(link), packagedNode), link)
  } catch (error) {
    say(
      `node_modules/.bin/node could not be made (${error.message}): prefer the commands that start with bootstrap.mjs.`,
    )
  }
}

/** The PATH without this repository's node_modules/.bin, whose node `npm ci` is about to delete. */
function outerPath() {
  const own = resolve(root, 'node_modules', '.bin')
  return (process.env.PATH || '')
    .split(delimiter)
    .filter((folder) => resolve(folder) !== own)
    .join(delimiter)
}

function install(reason) {
  say(`${reason}: running "npm ci" (about 620 MB, half a minute when the network is fast).`)
  const environment = { ...process.env, PATH: outerPath() }
  // Asked for by name, so that neither NODE_ENV=production nor an omit= in somebody's .npmrc leaves half of it out.
  // No package may run a script here: npm 10 does not read allowScripts, and would compile what ships prebuilt.
  // Of npm's own waits before it tries a dead network again, the last is a minute, in silence.
  const parts = ['ci', '--include=dev', '--include=optional', '--ignore-scripts', '--fetch-retry-maxtimeout=10000']
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env
  const throughNpm = npmFile !== undefined && npmFile.endsWith('.js') && existsSync(npmFile) && npmNode !== undefined
  // stdout of npm goes to our stderr.
  const options = { cwd: root, env: environment, stdio: ['ignore', 2, 2] }
  const outerNode = throughNpm && !resolve(npmNode).startsWith(join(root, 'node_modules')) ? npmNode : 'node'
  const done = throughNpm
    ? spawnSync(outerNode, [npmFile, ...parts], options)
    : spawnSync(['npm', ...parts].join(' '), { ...options, shell: true })
  if (done.signal !== null) process.kill(process.pid, done.signal)
  if (done.error !== undefined || done.status === 127) {
    stop('npm was not found.', 'install npm (on Debian and Ubuntu: apt-get install npm), then run the command again.')
  }
  if (done.status !== 0) {
    stop(
      `"npm ci" ended with code ${done.status}; its own message stands above.`,
      'is the npm registry reachable, is the disk full, may you write to this folder? Then run the command again.',
    )
  }
  const still = whyInstall()
  if (still !== null) {
    stop(
      `after "npm ci", ${still}.`,
      // npm 11 says "added" and ends with code 0 when the disk was full.
      'is the disk full? Make room, delete the folder node_modules, see that no omit= stands in your npm ' +
        'configuration, and run the command again.',
    )
  }
}

if (nodeMajor < 20) {
  stop(
    `Node ${process.versions.node} is too old; 20 is the oldest that can install the rest.`,
    `install Node 20 or newer (Node ${nodeWanted} itself is best), then run the command again.`,
  )
}

const [command, ...parameters] = process.argv.slice(2)
const script = Object.keys(scripts).includes(command) ? scripts[command] : undefined
if (script === undefined) {
  stop(
    command === undefined ? 'no command was named.' : `there is no command "${command}".`,
    `node tools/bootstrap.mjs with one of: ${Object.keys(scripts).join(', ')}`,
  )
}

const reason = whyInstall()
if (reason !== null) install(reason)
linkNode()

const node = findNode()
if (node === null) {
  stop(
    `npm has no Node ${nodeWanted} for ${process.platform} ${process.arch}, and this is ${process.versions.node}.`,
    `install Node ${nodeWanted} yourself (nvm install, or nodejs.org), then run the command again.`,
  )
}
if (!existsSync(join(root, script))) stop(`${script} is missing from this checkout.`, `git checkout -- ${script}`)

const child = spawn(node, [join(root, script), ...parameters], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: [join(root, 'node_modules', '.bin'), dirname(node), outerPath()].join(delimiter),
    // Every process here begins as TypeScript: with what V8 and the stripping of types made of it before, it starts in
    // half the time. Where this cannot be written, Node goes on without.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || join(root, 'node_modules', '.cache', 'node-compile'),
  },
})
// A terminal's Ctrl-C reaches the whole process group, so the script may see a signal twice and must not mind.
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']
const forward = (signal) => child.kill(signal)
for (const signal of forwarded) process.on(signal, forward)

// npm runs a script through a shell that dies of a signal without passing it on. Then our parent is another one.
const parent = process.ppid
if (process.env.npm_lifecycle_event !== undefined) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    forward('SIGTERM')
  }, 50)
}

child.on('error', (error) => {
  stop(
    `the Node from npm does not run here (${error.message}).`,
    `delete node_modules, install Node ${nodeWanted} yourself and run the command again with it.`,
  )
})
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code === null ? 1 : code)
  for (const name of forwarded) process.off(name, forward)
  process.kill(process.pid, signal)
  // Signals with no effect on this process (or none to send, on Windows) still end in the code a shell would show.
  setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 1_000)
})
