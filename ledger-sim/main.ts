/**
 * The ledger simulator as a process.
 *
 *   npm run ledger -- --data DIR [--port N] [--seed demo] [--clock URL]
 *   npm run ledger -- audit --data DIR [--json]
 *   npm run ledger -- key --data DIR --role ROLE --owner NAME --jwk FILE [--json]
 *
 * Prints one JSON line `{"event":"ready","ledgerUrl":…}`, after it one with a link to the operator's page that is good
 * once and for ten minutes, and stops cleanly on SIGINT and SIGTERM. The next link is always in DIR/operator-link.json.
 * What keeps it from starting is one sentence with the remedy on stderr, and exit code 2.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Settings } from './process.ts'
import { StartFailure } from './start-failure.ts'

const usage = `Use: npm run ledger -- --data DIR [--port N] [--seed demo] [--clock URL]
     npm run ledger -- audit --data DIR [--json]
     npm run ledger -- key --data DIR --role ROLE --owner NAME --jwk FILE|- [--json]`
const commands = ['serve', 'audit', 'key'] as const

/** After the sentence, before how the command is used. */
function withCode(said: string, code: string): string {
  const [sentence, ...rest] = said.split('\n')
  return [`${sentence} (${code})`, ...rest].join('\n')
}

function readSettings(): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      port: { type: 'string', default: '0' },
      seed: { type: 'string' },
      clock: { type: 'string' },
      role: { type: 'string' },
      owner: { type: 'string' },
      jwk: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  const [given = 'serve', ...rest] = positionals
  const command = commands.find((one) => one === given)
  if (command === undefined || rest.length > 0)
    throw new StartFailure(`There is no command "${positionals.join(' ')}".\n${usage}`)
  if (values.data === undefined) throw new StartFailure(`A data folder is needed: --data DIR.\n${usage}`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartFailure(`--port ${values.port} is no port. Give a number from 0 (any free one) to 65535.`)
  if (values.seed !== undefined && !/^demo(-[a-z0-9-]{1,40})?$/.test(values.seed)) {
    throw new StartFailure(`There is no scenario "${values.seed}". Use --seed demo.`)
  }
  const { seed, clock, json, role = '', owner = '', jwk = '' } = values
  if (command === 'key' && (role === '' || owner === '' || jwk === ''))
    throw new StartFailure(`A key is registered with --role ROLE, --owner NAME and --jwk FILE.\n${usage}`)
  return { command, data: resolve(values.data), port, seed, clock, json, key: { role, owner, file: jwk } }
}

try {
  const settings = readSettings()
  // Loaded only now: who asked wrongly, or for the usage, is answered at once.
  const { run } = await import('./process.ts')
  await run(settings)
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (!(error instanceof StartFailure) && !isUsage) throw error
  // Node's sentence goes on with what to do about an option that is meant as a file's name.
  const said = isUsage ? `${error.message.split('. ')[0]}.\n${usage}` : error.message
  const code = error instanceof StartFailure ? error.code : 'command_malformed'
  process.stderr.write(`${process.argv.includes('key') ? withCode(said, code) : said}\n`)
  process.exitCode = 2
}
