/** Sales that were paid while the cashier saw another: whether their goods were given nobody but the cashier knows. */

interface Tables {
  get(sql: string, ...values: readonly unknown[]): unknown
  all(sql: string, ...values: readonly unknown[]): unknown[]
}

export class JournalGoodsQuestions {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The sales of which it is not known, the one that was paid first at the top. */
  open(): readonly string[] {
    const found = this.#tables.all('SELECT sale_id AS saleId FROM goods_question ORDER BY sequence')
    return (found as { saleId: string }[]).map(({ saleId }) => saleId)
  }

  isOpen(saleId: string): boolean {
    return this.#tables.get('SELECT 1 FROM goods_question WHERE sale_id = ?', saleId) !== undefined
  }
}
