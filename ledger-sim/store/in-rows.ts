/** Rows that are written or read together. */

/** Databases bound how many values a statement may have, and prepare each length of the list anew. */
const rowsAtOnce = 50

/** Where Kysely builds each statement, one for a list takes a third of the time of one for each row. */
export async function inRows<Row>(
  rows: readonly Row[],
  write: (some: readonly Row[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) await write(rows.slice(start, start + rowsAtOnce))
}

/** Far below the 32,766 values that a statement of SQLite takes. */
const idsAtOnce = 10_000

/** What is found for each of many ids. */
export async function inSlices<Row>(
  ids: readonly string[],
  read: (some: readonly string[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: (readonly Row[])[] = []
  for (let start = 0; start < ids.length; start += idsAtOnce) rows.push(await read(ids.slice(start, start + idsAtOnce)))
  return rows.flat()
}
