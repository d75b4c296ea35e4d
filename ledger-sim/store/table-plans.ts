/** How the ledger's tables are planned: what is the same in SQLite and PostgreSQL. */
export type Column = readonly [name: string, type: 'text' | 'bigint', nullable?: 'nullable']

export interface TablePlan {
  readonly name: string
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly references?: readonly (readonly [column: string, table: string, target: string])[]
  readonly checks?: readonly string[]
}

export const text = (name: string): Column => [name, 'text']
export const whole = (name: string): Column => [name, 'bigint']
export const textOrNull = (name: string): Column => [name, 'text', 'nullable']
export const wholeOrNull = (name: string): Column => [name, 'bigint', 'nullable']

export type IndexPlan = readonly [name: string, table: string, columns: readonly string[]]
