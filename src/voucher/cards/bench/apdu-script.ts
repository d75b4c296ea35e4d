/**
 * What is typed on the console, and what it exports: one command in hex on each line, `#` begins a remark, `>` before a
 * command is passed over, and lines that begin with `<` are answers. So an exported session can be played again.
 */
import { fromHex } from '../bytes.ts'

/** CLA INS P1 P2; a reader's limit is 261 bytes (shared/facts/cards-and-readers.md §1.6). */
const shortest = 4
export const commandBytesMax = 261
export const scriptCommandsMax = 200

export type ScriptFault = 'empty' | 'not_hex' | 'too_short' | 'too_long' | 'too_many'

export type Script =
  | { readonly kind: 'script'; readonly commands: readonly Uint8Array[] }
  /** @field line from 1; null where no line is meant */
  | { readonly kind: 'fault'; readonly fault: ScriptFault; readonly line: number | null }

export function readScript(text: string): Script {
  const commands: Uint8Array[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const hex = line.replace(/#.*$/, '').replace(/^\s*</, '#').replace(/^\s*>/, '').replace(/[\s:]/g, '')
    if (hex === '' || hex.startsWith('#')) continue
    const fault = faultOf(hex)
    if (fault !== null) return { kind: 'fault', fault, line: index + 1 }
    commands.push(fromHex(hex))
  }
  if (commands.length === 0) return { kind: 'fault', fault: 'empty', line: null }
  if (commands.length > scriptCommandsMax) return { kind: 'fault', fault: 'too_many', line: null }
  return { kind: 'script', commands }
}

function faultOf(hex: string): ScriptFault | null {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) return 'not_hex'
  if (hex.length < 2 * shortest) return 'too_short'
  return hex.length > 2 * commandBytesMax ? 'too_long' : null
}
