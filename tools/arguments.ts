/**
 * What one of the project's commands was asked on its command line: `--help` says how it is used and ends with 0, what
 * the command does not know ends with 2, the sentence and the usage. Nobody is shown a stack for a slip of the keys.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** @param usage whole lines that begin with "Use: ". */
export function askedOf<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  const [given = ''] = process.argv.slice(2).join('\n').split(/^--$/m)
  if (/^(--help|-h)$/m.test(given)) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error
    // Node goes on with what to do about an option that is meant as a file's name.
    return askedWrongly(usage, `${error.message.split('. ')[0]?.replace(/\.$/, '')}.`)
  }
}

/** Ends the command for an argument that it knows and cannot use. */
export function askedWrongly(usage: string, sentence: string): never {
  process.stderr.write(`tolem: ${sentence} ${usage}\n`)
  process.exit(2)
}

/** A whole number from `least` on. */
export function wholeNumber(usage: string, name: string, given: string, least: number): number {
  const number = Number(given)
  if (!/^\d+$/.test(given) || !Number.isSafeInteger(number) || number < least)
    return askedWrongly(usage, `--${name} is a whole number of at least ${least}.`)
  return number
}
