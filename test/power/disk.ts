/**
 * What a disk holds when the power goes, by what was asked of it until then (docs/design/09-disk-proof.md, "The disk").
 *
 * - A file's bytes are safe once an fsync of that file has returned; a name (a new file, a rename, a removal, a new
 *   folder) once an fsync of the folder in which it stands has. Nothing else makes either safe.
 * - `only_synced`: all the rest is gone.
 * - `torn`: of the bytes, any of the 512-byte sectors may be there; of what was done to names, any number of the oldest
 *   (file systems keep names in a log of their own). The size of a file may have come without its bytes: zeros.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SeededRandom } from '../simulation/random.ts'
import type { Traced } from './trace.ts'

export type Loss = 'only_synced' | 'torn'

/** Folders and files by their paths; a folder has no bytes. */
export type Image = ReadonlyMap<string, Buffer | null>

export const sectorBytes = 512

type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly size: number }

interface StoredFile {
  safe: Buffer
  /** Since the last fsync, oldest first. */
  unsafe: Change[]
  size: number
}

type NameChange =
  | { readonly kind: 'stands'; readonly path: string; readonly what: StoredFile | 'folder' }
  | { readonly kind: 'moved'; readonly from: string; readonly path: string }
  | { readonly kind: 'gone'; readonly path: string }

export class Disk {
  readonly #now = new Map<string, StoredFile | 'folder'>()
  readonly #safe = new Map<string, StoredFile | 'folder'>()
  #unsafe: NameChange[] = []
  readonly #places = new Map<number, number>()

  readonly #root: string

  /**
   * @param root the folder around them all; it stands, and its own names are as unsafe as any
   * @param image is all of it safe
   */
  constructor(root: string, image: Image) {
    this.#root = root
    for (const [path, bytes] of image) {
      const what = bytes === null ? 'folder' : { safe: bytes, unsafe: [], size: bytes.length }
      this.#now.set(path, what)
      this.#safe.set(path, what)
    }
  }

  /** @throws Error for what cannot be: the trace or this model is wrong. */
  does(call: Traced): void {
    switch (call.kind) {
      case 'told':
        return
      case 'folder_made':
        return this.#names({ kind: 'stands', path: call.path, what: 'folder' })
      case 'opened':
        return this.#opens(call)
      case 'written': {
        const file = this.#file(call.path)
        const offset = call.offset ?? this.#places.get(call.handle) ?? 0
        if (call.offset === null) this.#places.set(call.handle, offset + call.bytes.length)
        file.unsafe.push({ offset, bytes: call.bytes })
        file.size = Math.max(file.size, offset + call.bytes.length)
        return
      }
      case 'cut_to': {
        const file = this.#file(call.path)
        file.unsafe.push({ size: call.size })
        file.size = call.size
        return
      }
      case 'synced': {
        const what = call.path === this.#root ? 'folder' : this.#now.get(call.path)
        if (what === undefined) throw new Error(`${call.path} was synced, and is not there`)
        if (what === 'folder') return this.#syncsNamesIn(call.path)
        what.safe = applied(what.safe, what.unsafe)
        what.unsafe = []
        return
      }
      case 'renamed':
        return this.#names({ kind: 'moved', from: call.path, path: call.to })
      case 'removed':
        return this.#names({ kind: 'gone', path: call.path })
    }
  }

  /** What is left when the power goes now. `chance` decides what `torn` keeps. */
  image(loss: Loss, chance: SeededRandom): Image {
    const names = new Map(this.#safe)
    const kept = loss === 'torn' ? chance.between(0, this.#unsafe.length) : 0
    for (const change of this.#unsafe.slice(0, kept)) apply(names, change)
    const share = chance.pick([0, 0.1, 0.5, 0.9, 1])
    const image = new Map<string, Buffer | null>()
    for (const [path, what] of names) {
      if (!this.#stands(names, path)) continue
      if (what === 'folder') image.set(path, null)
      // What SQLite maps into memory is no truth: whatever lies there is made anew.
      else if (path.endsWith('-shm')) image.set(path, Buffer.from(chance.bytes(chance.between(0, 4_096))))
      else image.set(path, loss === 'torn' ? torn(what, share, chance) : what.safe)
    }
    return image
  }

  /** Whether the folders above it are there: a file in a folder that is gone is gone. */
  #stands(names: ReadonlyMap<string, unknown>, path: string): boolean {
    const above = dirname(path)
    return above === this.#root || (names.get(above) === 'folder' && this.#stands(names, above))
  }

  #opens({ path, handle, creates, empties, appends }: Extract<Traced, { kind: 'opened' }>): void {
    let what = this.#now.get(path)
    if (what === undefined) {
      if (!creates) throw new Error(`${path} was opened, and is not there`)
      what = { safe: Buffer.alloc(0), unsafe: [], size: 0 }
      this.#names({ kind: 'stands', path, what })
    }
    if (what === 'folder') return
    if (empties && what.size > 0) {
      what.unsafe.push({ size: 0 })
      what.size = 0
    }
    this.#places.set(handle, appends ? what.size : 0)
  }

  #file(path: string): StoredFile {
    const what = this.#now.get(path)
    if (what === undefined || what === 'folder') throw new Error(`${path} was written, and is no file`)
    return what
  }

  #names(change: NameChange): void {
    if (change.kind === 'moved' && dirname(change.from) !== dirname(change.path))
      throw new Error(`${change.from} was moved to another folder, which this model does not know`)
    apply(this.#now, change)
    this.#unsafe.push(change)
  }

  #syncsNamesIn(folder: string): void {
    const isOfIt = ({ path }: NameChange): boolean => dirname(path) === folder
    for (const change of this.#unsafe.filter(isOfIt)) apply(this.#safe, change)
    this.#unsafe = this.#unsafe.filter((change) => !isOfIt(change))
  }
}

function apply(names: Map<string, StoredFile | 'folder'>, change: NameChange): void {
  if (change.kind === 'stands') names.set(change.path, change.what)
  if (change.kind === 'gone') names.delete(change.path)
  if (change.kind !== 'moved') return
  const what = names.get(change.from)
  if (what === undefined) throw new Error(`${change.from} was renamed, and is not there`)
  names.delete(change.from)
  names.set(change.path, what)
}

function applied(safe: Buffer, changes: readonly Change[]): Buffer {
  if (changes.length === 0) return safe
  const ends = changes.map((change) => ('size' in change ? change.size : change.offset + change.bytes.length))
  const bytes = resized(safe, Math.max(safe.length, ...ends))
  let { length } = safe
  for (const change of changes) {
    if ('size' in change) {
      if (change.size < length) bytes.fill(0, change.size, length)
      length = change.size
    } else {
      change.bytes.copy(bytes, change.offset)
      length = Math.max(length, change.offset + change.bytes.length)
    }
  }
  return bytes.subarray(0, length)
}

/** A copy of that size; zeros where it grew. */
function resized(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.alloc(size)
  bytes.copy(copy, 0, 0, Math.min(size, bytes.length))
  return copy
}

/** @param share of the sectors that are kept */
function torn({ safe, unsafe, size }: StoredFile, share: number, chance: SeededRandom): Buffer {
  const kept = unsafe.flatMap((change): Change[] => {
    if ('size' in change) return chance.chance(share) ? [change] : []
    const { offset, bytes } = change
    const sectors: Change[] = []
    for (let from = 0; from < bytes.length;) {
      const until = Math.min(bytes.length, from + sectorBytes - ((offset + from) % sectorBytes))
      if (chance.chance(share)) sectors.push({ offset: offset + from, bytes: bytes.subarray(from, until) })
      from = until
    }
    return sectors
  })
  const left = applied(safe, kept)
  return left.length < size && chance.chance(0.5) ? resized(left, size) : left
}

/** What lies in these folders now, those left out that are not there. */
export function readImage(folders: readonly string[]): Image {
  const image = new Map<string, Buffer | null>()
  const read = (folder: string): void => {
    image.set(folder, null)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) read(path)
      else image.set(path, readFileSync(path))
    }
  }
  for (const folder of folders) if (existsSync(folder)) read(folder)
  return image
}

/**
 * Makes the disk hold this and nothing else below `folders`.
 * @param moved where a path of the image is to lie
 */
export function writeImage(image: Image, folders: readonly string[], moved: (path: string) => string): void {
  for (const folder of folders) rmSync(moved(folder), { recursive: true, force: true })
  for (const [path, bytes] of [...image].toSorted(([a], [b]) => a.localeCompare(b))) {
    if (bytes === null) mkdirSync(moved(path), { recursive: true, mode: 0o700 })
    else writeFileSync(moved(path), bytes, { mode: 0o600 })
  }
}
