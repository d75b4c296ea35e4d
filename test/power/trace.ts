/**
 * What `strace` wrote down of one life of the core, as a list of what the process asked of the system, in order: calls
 * that change files under the watched folders, and bytes that left for the shell or the network.
 *
 * A call of another process or thread may be cut in two lines (`<unfinished ...>`, `resumed`). A call counts from the
 * moment it returned; what was told to somebody counts from the moment it was asked for, as it may have arrived. A call
 * of which no end was written (the process was killed in it) happened, unless it is an fsync.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export type Traced = {
  /** Wall clock of the call, in milliseconds. */
  readonly at: number
} & (
  | { readonly kind: 'folder_made'; readonly path: string }
  /** `offset` of the writes that follow is 0, or the end of the file where `appends`. */
  | {
      readonly kind: 'opened'
      readonly path: string
      readonly handle: number
      readonly creates: boolean
      readonly empties: boolean
      readonly appends: boolean
    }
  /** `offset` null: where the handle stands. */
  | {
      readonly kind: 'written'
      readonly path: string
      readonly handle: number
      readonly bytes: Buffer
      readonly offset: number | null
    }
  | { readonly kind: 'cut_to'; readonly path: string; readonly size: number }
  | { readonly kind: 'synced'; readonly path: string }
  | { readonly kind: 'renamed'; readonly path: string; readonly to: string }
  | { readonly kind: 'removed'; readonly path: string }
  | { readonly kind: 'told'; readonly to: 'shell' | 'network'; readonly handle: number; readonly bytes: Buffer }
)

/** Node's channel to the process that started it: the first handle after stdin, stdout and stderr. */
const shellHandle = 3

const changing = ['openat', 'open', 'creat', 'ftruncate', 'truncate', 'mkdir', 'mkdirat', 'rmdir']
const naming = ['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'link', 'linkat', 'symlink', 'symlinkat']
const writing = ['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'sendmsg', 'sendto', 'sendmmsg']
const syncing = ['fsync', 'fdatasync', 'sync_file_range', 'sync', 'syncfs', 'msync']
const others = ['fallocate', 'copy_file_range', 'sendfile', 'splice', 'mmap', 'io_uring_enter', 'io_submit', 'dup']
const tracedCalls = [...changing, ...naming, ...writing, ...syncing, ...others]

/** The command line that runs `program` under strace, which writes to `file`. The started process is the program. */
export function straceArguments(file: string, program: readonly string[]): readonly string[] {
  // -DDD: the tracer is a process aside, so that signals and exit codes are the program's own.
  // --seccomp-bpf: only these calls stop the program. -yy: what a handle is. -x: bytes in full, none of them guessed.
  const options = ['-DDD', '-f', '--seccomp-bpf', '-yy', '-x', '-s', '16777216', '-ttt', '-q']
  return [...options, '-e', `trace=${tracedCalls.join(',')}`, '-e', 'signal=SIGKILL', '-o', file, ...program]
}

/** Why nothing can be traced on this machine, with the remedy; null where it can. */
export function whyNoTrace(): string | null {
  if (process.platform !== 'linux') return 'what the core asks of its disk can be written down on Linux only (strace)'
  const tried = spawnSync('strace', [...straceArguments('/dev/null', ['true'])], { encoding: 'utf8' })
  if (tried.error !== undefined) return 'strace is missing. Remedy: sudo apt-get install strace'
  return tried.status === 0 ? null : `strace may not trace here: ${tried.stderr.trim().split('\n').at(-1)}`
}

/** Whether the tracer has written the end of the process itself. */
export function isEnded(file: string, processId: number): boolean {
  const text = readFileSync(file, 'latin1')
  return new RegExp(`^${processId} +\\S+ \\+\\+\\+ (killed|exited)`, 'm').test(text.slice(-100_000))
}

interface Call {
  readonly at: number
  readonly name: string
  readonly given: readonly string[]
  /** What it returned; null where no end was written. */
  readonly result: string | null
}

/**
 * @param root the folder around `folders`, of which only its fsync is listed
 * @param folders only what lies in one of these is listed
 * @throws Error for a call on them that the model of the disk does not know: nothing is left out in silence
 */
export function readTrace(file: string, root: string, folders: readonly string[]): readonly Traced[] {
  const isWatched = (path: string): boolean =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
  return callsOf(readFileSync(file, 'latin1')).flatMap((call) => tracedOf(call, root, isWatched))
}

function callsOf(text: string): readonly Call[] {
  const calls: Call[] = []
  const unfinished = new Map<string, { readonly place: number; readonly at: number; readonly begun: string }>()
  for (const line of text.split('\n')) {
    const parts = /^(\d+) +(\d+\.\d+) (.*)$/s.exec(line)
    if (parts === null) continue
    const [, thread = '', seconds = '', rest = ''] = parts
    const at = Number(seconds) * 1000
    if (rest.startsWith('+++') || rest.startsWith('---')) continue
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed !== null) {
      const before = unfinished.get(thread)
      if (before === undefined) throw new Error(`the trace resumes what was not begun: ${rest.slice(0, 200)}`)
      unfinished.delete(thread)
      const whole = callOf(before.at, before.begun + rest.slice(resumed[0].length))
      // What is told counts from its beginning; all else from its end.
      if (isTelling(whole)) calls[before.place] = whole
      else calls.push(whole)
      continue
    }
    const cut = rest.lastIndexOf(' <unfinished ...>')
    if (cut < 0) {
      calls.push(callOf(at, rest))
      continue
    }
    const begun = rest.slice(0, cut)
    unfinished.set(thread, { place: calls.length, at, begun })
    // Holds the place, should it be the telling of something.
    calls.push({ at, name: 'nothing', given: [], result: '0' })
  }
  for (const { place, at, begun } of unfinished.values()) calls[place] = callOf(at, `${begun}) = ?`)
  return calls
}

function isTelling({ name, given }: Call): boolean {
  return writing.includes(name) && /<(UNIX|TCP)/.test(given[0] ?? '')
}

function callOf(at: number, text: string): Call {
  const open = text.indexOf('(')
  const name = text.slice(0, open)
  const given: string[] = []
  let depth = 0
  let start = open + 1
  let place = open + 1
  for (; place < text.length; place += 1) {
    const sign = text[place]
    if (sign === '"') {
      for (place += 1; text[place] !== '"' && place < text.length; place += 1) if (text[place] === '\\') place += 1
    } else if (sign === '[' || sign === '{' || sign === '(') depth += 1
    else if ((sign === ')' && depth > 0) || sign === ']' || sign === '}') depth -= 1
    else if (depth === 0 && (sign === ',' || sign === ')')) {
      given.push(text.slice(start, place).trim())
      start = place + 1
      if (sign === ')') break
    }
  }
  const result = / = (.*)$/s.exec(text.slice(place))?.[1] ?? null
  return { at, name, given, result: result === null || result.startsWith('?') ? null : result }
}

function tracedOf(call: Call, root: string, isWatched: (path: string) => boolean): Traced[] {
  const { at, name, given, result } = call
  if (result !== null && result.startsWith('-1 ')) return []
  const [first = '', second = ''] = given
  const handle = Number.parseInt(first, 10)
  const path = pathOf(first)
  switch (name) {
    case 'nothing':
      return []
    case 'open':
    case 'openat':
    case 'creat': {
      if (result === null) return []
      const opened = pathOf(result)
      const flags = name === 'openat' ? (given[2] ?? '') : name === 'creat' ? 'O_CREAT|O_TRUNC' : second
      if (!isWatched(opened)) return []
      if (/O_D?SYNC|O_DIRECT\b|O_TMPFILE/.test(flags)) throw unknownCall(call)
      const has = (flag: string): boolean => flags.split('|').includes(flag)
      const how = { creates: has('O_CREAT'), empties: has('O_TRUNC'), appends: has('O_APPEND') }
      return [{ at, kind: 'opened', path: opened, handle: Number.parseInt(result, 10), ...how }]
    }
    case 'mkdir':
      return isWatched(textOf(first)) ? [{ at, kind: 'folder_made', path: textOf(first) }] : []
    case 'rename':
      return isWatched(textOf(second)) || isWatched(textOf(first))
        ? [{ at, kind: 'renamed', path: textOf(first), to: textOf(second) }]
        : []
    case 'unlink':
      return isWatched(textOf(first)) ? [{ at, kind: 'removed', path: textOf(first) }] : []
    case 'ftruncate':
      return isWatched(path) ? [{ at, kind: 'cut_to', path, size: Number(second) }] : []
    case 'fsync':
    case 'fdatasync':
      return (isWatched(path) || path === root) && result !== null ? [{ at, kind: 'synced', path }] : []
    case 'mmap':
      // The index of the write-ahead log alone: it is made anew after a stop, and no image has it.
      if (/MAP_SHARED/.test(given[3] ?? '') && /PROT_WRITE/.test(given[2] ?? '')) {
        const mapped = pathOf(given[4] ?? '')
        if (isWatched(mapped) && !mapped.endsWith('-shm')) throw unknownCall(call)
      }
      return []
    case 'write':
    case 'pwrite64':
    case 'writev':
    case 'sendmsg':
    case 'sendto': {
      const isToShell = handle === shellHandle && first.includes('<UNIX')
      const isToNetwork = first.includes('<TCP')
      const isToFile = isWatched(path)
      if (!isToShell && !isToNetwork && !isToFile) return []
      const whole = Buffer.concat(stringsOf(given.slice(1).join(',')).map(bytesOf))
      const bytes = result === null ? whole : whole.subarray(0, Number.parseInt(result, 10))
      if (result !== null && bytes.length !== Number.parseInt(result, 10)) throw unknownCall(call)
      if (!isToFile) return [{ at, kind: 'told', to: isToShell ? 'shell' : 'network', handle, bytes }]
      const offset = name === 'pwrite64' ? Number(given[3]) : null
      return [{ at, kind: 'written', path, handle, bytes, offset }]
    }
    default:
      if (given.some((word) => isWatched(pathOf(word)) || isWatched(textOf(word))) || name === 'sync')
        throw unknownCall(call)
      return []
  }
}

function unknownCall({ name, given }: Call): Error {
  return new Error(`the model of the disk does not know ${name}(${given.join(', ').slice(0, 200)})`)
}

/** Of `5</a/path>`; empty where there is none. */
function pathOf(word: string): string {
  return /<(\/[^>]*)>/.exec(word)?.[1] ?? ''
}

function textOf(word: string): string {
  return word.startsWith('"') ? bytesOf(word.slice(1, word.lastIndexOf('"'))).toString('utf8') : ''
}

/** What stands between quotation marks. */
function stringsOf(words: string): readonly string[] {
  return [...words.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1] ?? '')
}

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8, '\\': 92, '"': 34 }

function bytesOf(text: string): Buffer {
  const bytes = Buffer.alloc(text.length)
  let length = 0
  for (let place = 0; place < text.length; place += 1) {
    const sign = text[place] ?? ''
    if (sign !== '\\') {
      bytes[length++] = sign.charCodeAt(0)
      continue
    }
    place += 1
    const escaped = text[place] ?? ''
    if (escaped === 'x') {
      bytes[length++] = Number.parseInt(text.slice(place + 1, place + 3), 16)
      place += 2
    } else if (escapes[escaped] !== undefined) bytes[length++] = escapes[escaped]
    else {
      const octal = /^[0-7]{1,3}/.exec(text.slice(place, place + 3))?.[0] ?? '0'
      bytes[length++] = Number.parseInt(octal, 8)
      place += octal.length - 1
    }
  }
  return bytes.subarray(0, length)
}
