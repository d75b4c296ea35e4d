/** Looks for a value in bytes in each form in which a program writes one down. */

/** The value as text, as bytes where it is the hex or base64url of some, and both in hex, base64 and base64url. */
export function formsOf(value: string): readonly Buffer[] {
  const meanings = [Buffer.from(value)]
  if (/^([0-9a-f]{2}){4,}$/i.test(value)) meanings.push(Buffer.from(value, 'hex'))
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
    meanings.push(Buffer.from(value.replaceAll('-', ''), 'hex'))
  if (/^[A-Za-z0-9_-]{16,}$/.test(value)) meanings.push(Buffer.from(value, 'base64url'))
  return meanings.flatMap((bytes) => [
    bytes,
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()),
    // Without the padding and the last letters, which depend on what follows.
    Buffer.from(bytes.toString('base64').slice(0, Math.floor(bytes.length / 3) * 4)),
    Buffer.from(bytes.toString('base64url').slice(0, Math.floor(bytes.length / 3) * 4)),
  ])
}

/** Those of the values that stand in these bytes, in any form. */
export function foundIn(bytes: Buffer, values: Iterable<string>): readonly string[] {
  return [...values].filter((value) => formsOf(value).some((form) => form.length > 2 && bytes.includes(form)))
}

/** Every text in a value of JSON. The names of fields are the program’s, and no value of anybody. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return Object.values(value).flatMap(textsIn)
}
