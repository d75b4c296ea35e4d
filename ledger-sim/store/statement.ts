/**
 * Statements that are asked with every sale. Kysely builds and compiles a query anew each time, which takes several
 * times what SQLite takes to run it; these are built and compiled once, and run with other values each time.
 */
import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './schema.ts'

/** In a transaction, or beside one for a question alone. */
type Connection = Kysely<Tables>

/** Stands in a query for a value that it gets when it is run. */
class ValueOf<Given> {
  readonly readFrom: (given: Given) => unknown

  constructor(readFrom: (given: Given) => unknown) {
    this.readFrom = readFrom
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
  return compiledOnce((connection) => build(connection, places as Values))
}

/** Has a place for every name. */
const places: unknown = new Proxy(
  {},
  { get: (_target, name) => new ValueOf<object>((values) => Reflect.get(values, name)) },
)

/** Databases bound how many values a statement may have: 32,766 in SQLite. */
const rowsAtOnce = 250
/** Of shorter lists each length is a statement of its own, so they are cut here: there are not to be too many. */
const lengthsMax = 64

/**
 * The same for rows that are written together: built and compiled once for each length of a list.
 *
 * @param columns what each row has
 * @param build makes the query for so many rows
 * @param most by one statement
 * @returns writes all rows, many by each statement, and gives what these return
 */
export function rowsStatement<Values extends object, Row>(
  columns: readonly (keyof Values & string)[],
  build: (connection: Connection, rows: readonly Values[]) => Compilable<Row>,
  most = rowsAtOnce,
): Statement<readonly Values[], Row> {
  const ofLength = new Map<number, Statement<readonly Values[], Row>>()
  const madeFor = (length: number): Statement<readonly Values[], Row> => {
    const rows = Array.from({ length }, (_, index) => placesOfRow(columns, index))
    const made = compiledOnce<readonly Values[], Row>((connection) => build(connection, rows))
    ofLength.set(length, made)
    return made
  }
  return async (connection, rows) => {
    const returned: Row[] = []
    for (let start = 0; start < rows.length;) {
      const some = rows.slice(start, start + (rows.length - start >= most ? most : Math.min(most, lengthsMax)))
      const write = ofLength.get(some.length) ?? madeFor(some.length)
      returned.push(...(await write(connection, some)))
      start += some.length
    }
    return returned
  }
}

function placesOfRow<Values extends object>(columns: readonly (keyof Values & string)[], index: number): Values {
  const place = (column: keyof Values) => new ValueOf<readonly Values[]>((rows) => rows[index]?.[column])
  return Object.fromEntries(columns.map((column) => [column, place(column)])) as unknown as Values
}

function compiledOnce<Given, Row>(build: (connection: Connection) => Compilable<Row>): Statement<Given, Row> {
  // By store: each may speak a dialect of its own.
  const compiled = new WeakMap<object, CompiledQuery<Row>>()
  return async (connection, given) => {
    const executor = connection.getExecutor()
    let query = compiled.get(executor.adapter)
    if (query === undefined) {
      query = build(connection).compile()
      compiled.set(executor.adapter, query)
    }
    const parameters = query.parameters.map((value) => (value instanceof ValueOf ? value.readFrom(given) : value))
    const { rows } = await executor.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}
