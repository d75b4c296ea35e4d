/** Sales that were paid while nobody saw it at the till: only a cashier knows whether their goods were given. */
import type { Tiyn } from '../../voucher/money.ts'

interface Tables {
  all(sql: string, ...values: readonly unknown[]): unknown[]
}

interface Returns {
  wentBackOfEach(saleIds: readonly string[]): ReadonlyMap<string, Tiyn>
}

export class JournalGoodsQuestions {
  readonly #tables: Tables
  readonly #returns: Returns

  constructor(tables: Tables, returns: Returns) {
    this.#tables = tables
    this.#returns = returns
  }

  /**
   * The sales of which it is not known, the one that was paid first at the top. One that has gone back as a whole, or
   * is on its way, needs no answer; should the ledger refuse that, it does.
   */
  open(): readonly string[] {
    const found = this.#tables.all(
      'SELECT sale_id AS saleId, total FROM goods_question JOIN sale USING (sale_id) ORDER BY goods_question.sequence',
    ) as { saleId: string; total: number }[]
    if (found.length === 0) return []
    const wentBack = this.#returns.wentBackOfEach(found.map(({ saleId }) => saleId))
    return found.flatMap(({ saleId, total }) => ((wentBack.get(saleId) ?? 0n) < BigInt(total) ? [saleId] : []))
  }
}
