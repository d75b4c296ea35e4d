/**
 * Statements that are asked with every sale. Kysely builds and compiles a query anew each time, which takes several
 * times what SQLite takes to run it; these are built and compiled once, and run with other values each time.
 */
import type { Compilable, CompiledQuery } from 'kysely'
import type { Connection } from './open-store.ts'

/** Stands in a query for a value that it gets when it is run. */
class ValueOf {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

export type Statement<Values, Row> = (connection: Connection, values: Values) => Promise<readonly Row[]>

/**
 * @param build makes the query; `values` may stand wherever a single value may, and be looked at no further
 * @returns runs it in one connection and gives its rows; of an insert or update those that it returns
 */
export function statement<Values extends object, Row>(
  build: (connection: Connection, values: Values) => Compilable<Row>,
): Statement<Values, Row> {
  // By store: each may speak a dialect of its own.
  const compiled = new WeakMap<object, CompiledQuery<Row>>()
  return async (connection, values) => {
    const executor = connection.getExecutor()
    let query = compiled.get(executor.adapter)
    if (query === undefined) {
      query = build(connection, places as Values).compile()
      compiled.set(executor.adapter, query)
    }
    const named = values as Readonly<Record<string, unknown>>
    const parameters = query.parameters.map((value) => (value instanceof ValueOf ? named[value.name] : value))
    const { rows } = await executor.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}

/** Has a place for every name. */
const places: unknown = new Proxy({}, { get: (_target, name) => new ValueOf(String(name)) })
