/**
 * The built UI in memory. A request is looked up by its whole path, so that no path that somebody invents ever reaches
 * the file system.
 */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
}

export interface UiFile {
  readonly content: Uint8Array<ArrayBuffer>
  /** A media type, for `content-type`. */
  readonly type: string
}

export interface UiFiles {
  /** The file for the path of a URL ("/" is index.html), or null. */
  find(urlPath: string): UiFile | null
}

/** Reads the folder once. Files of a type that is not in the list above (source maps) are not served. */
export async function readUiFiles(folder: string): Promise<UiFiles> {
  const files = new Map<string, UiFile>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const urlPath = `/${relative(folder, path).split(sep).map(encodeURIComponent).join('/')}`
    files.set(urlPath, { content: new Uint8Array(await readFile(path)), type })
  }
  const index = files.get('/index.html')
  if (index === undefined) throw new Error(`${folder} has no index.html: it is not a built user interface`)
  files.set('/', index)
  return { find: (urlPath) => files.get(urlPath) ?? null }
}
