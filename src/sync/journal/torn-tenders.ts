/** Which payments a card has left too early: the rows that say so, whatever has become of the payment since. */

interface Tables {
  all(sql: string, ...values: readonly unknown[]): unknown[]
}

export class JournalTears {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /**
   * The newest tears, each with its tender and when it was; a tender that was torn again stands here again.
   *
   * @param limit of rows
   */
  newest(limit: number): readonly { readonly tenderId: string; readonly at: number }[] {
    return this.#tables.all(
      `SELECT json_extract(payload.json, '$.tenderId') AS tenderId, row.at
         FROM row JOIN payload USING (sequence) WHERE row.kind = 'tender_torn' ORDER BY row.sequence DESC LIMIT ?`,
      limit,
    ) as { tenderId: string; at: number }[]
  }
}
