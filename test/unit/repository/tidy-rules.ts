/**
 * What the formatter, the linter and the boundaries cannot say: line and file length, calls that belong to composition
 * roots, left-over marks, paths and hosts of somebody's machine. A finding names the place and what to write instead.
 */

interface Rule {
  readonly name: string
  /** Files it looks at, as paths from the repository's root. */
  readonly where: RegExp
  readonly except: readonly string[]
  readonly pattern: RegExp
  readonly instead: string
}

const code = /\.(ts|tsx|mjs|cjs|js|css|html)$/
const productCode = /^(src|ledger-sim|hardware-mocks)\/.*\.(ts|tsx|mjs|cjs)$/
const text = /\.(ts|tsx|mjs|cjs|js|json|css|html|md|sql|yml|yaml|sh)$|^\.ci\/run$|^\.npmrc$/

/** Files that show these very words. */
const ownFiles = ['test/unit/repository/tidy-rules.ts', 'test/unit/repository/tidy.test.ts']

/**
 * Composition roots and the edges of real sockets, each with what it is: the only files of the product that touch the
 * real clock and real randomness. Everything else is handed them. An entry that no longer needs to stand here is a
 * finding itself.
 */
const compositionRootReasons: Readonly<Record<string, string>> = {
  'hardware-mocks/process.ts': 'the virtual hardware as a process',
  'ledger-sim/process.ts': 'the ledger simulator',
  'hardware-mocks/network/network-proxy.ts': 'delays bytes between real sockets',
  'hardware-mocks/reader/remote.ts': 'names presences apart for each real connection',
  'src/drivers/host/main.ts': 'the device host',
  'src/drivers/scheduler.ts': "the drivers' real scheduler itself",
  'src/terminal/core/injected-clock.ts': "keeps the demo driver's clock running between its answers",
  'src/terminal/core/core-process.ts': 'the core',
  'src/terminal/core/real-ports.ts': "the core's real clock and randomness themselves",
  'src/terminal/shell-electron/main.ts': 'the Electron shell',
  'src/terminal/ui/input/window-clock.ts': "the window's clocks, for the age of what was pressed",
  'src/terminal/shell-browser/this-machine.ts': 'the browser host',
}
export const compositionRoots: readonly string[] = Object.keys(compositionRootReasons)

/** Audits open the file themselves, in SQL of their own: PostgreSQL would have audits of its own. */
const auditsOfTheFile = ['ledger-sim/audit.ts', 'ledger-sim/audit-individuals.ts', 'ledger-sim/rules/audit-rules.ts']
/** The store's opening: how a file of SQLite is locked and made durable. */
const storeOpening = ['ledger-sim/store/folder-lock.ts', 'ledger-sim/store/open-store.ts']

/** Files that may exceed `fileLinesMax`, each with its reason. */
export const longFiles: Readonly<Record<string, string>> = {
  'hardware-mocks/cards/ntag424.ts': "one card's command set, read beside the data sheet",
  'src/sync/journal/journal.ts': 'one writer and one reader of one chain',
  'src/terminal/core/till.ts': 'each command of the cashier beside what it does',
  'test/unit/sync/engine.test.ts': 'one scripted ledger and every way in which it can answer',
}

export const lineLengthMax = 120
export const fileLinesMax = 500

export const rules: readonly Rule[] = [
  {
    name: 'real clock',
    where: productCode,
    except: compositionRoots,
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.hrtime\b/,
    instead: 'take the clock as a parameter; only composition roots (tidy-rules.ts) touch the real one',
  },
  {
    name: 'real randomness',
    where: productCode,
    except: compositionRoots,
    pattern: /\brandomUUID\(|\brandomBytes\(|\brandomInt\(|\bgetRandomValues\(/,
    instead: 'take the source of randomness as a parameter; only composition roots (tidy-rules.ts) touch the real one',
  },
  {
    name: 'Math.random',
    where: code,
    except: ownFiles,
    // Choosing a seed is what it may be used for: in a test, on a line that says so.
    pattern: /^(?!.*seed).*\bMath\.random\b/i,
    instead: 'node:crypto at a composition root, a printed seed in a test',
  },
  {
    name: 'timer in pure code',
    where: /^src\/(voucher|sync\/protocol)\//,
    except: [],
    pattern: /\b(setTimeout|setInterval|setImmediate)\(/,
    instead: 'an absolute deadline as data; the composition root waits for it',
  },
  {
    name: 'SQLite opened',
    where: /^(src|ledger-sim|hardware-mocks|tools)\//,
    except: [],
    pattern: /(from|import|require)\s*\(?\s*['"](better-sqlite3|node:sqlite)['"]/,
    instead: 'src/sync/journal/ or ledger-sim/store/: they alone set WAL and synchronous=FULL',
  },
  {
    name: 'SQL of SQLite alone',
    where: /^ledger-sim\/.*\.ts$/,
    except: auditsOfTheFile,
    // Of functions what PostgreSQL has under no such name, and `min` and `max` of two values, which it calls otherwise.
    pattern: new RegExp(
      [
        '\\bjson_(extract|each|tree|type|valid|set|insert|replace|remove|patch|quote|group_array|group_object)\\s*\\(',
        '\\b(strftime|julianday|unixepoch|ifnull|iif|instr|group_concat|printf|randomblob|last_insert_rowid)\\s*\\(',
        '(?<![.\\w])(min|max)\\([^()]*,',
        '\\b(insert|update)\\s+or\\s+(replace|ignore|abort|fail|rollback)\\b',
        '\\breplace\\s+into\\b|\\browid\\b|\\bautoincrement\\b|\\bcollate\\s+nocase\\b|\\bsqlite_(master|schema)\\b',
      ].join('|'),
      'i',
    ),
    instead: 'what PostgreSQL has too, or read the rows and decide in code (docs/design/04-ledger.md)',
  },
  {
    name: 'pragma',
    where: /^ledger-sim\/.*\.ts$/,
    except: storeOpening,
    pattern: /\bpragma\b/i,
    instead: 'ledger-sim/store/open-store.ts: what is asked of SQLite itself is asked where its file is opened',
  },
  {
    name: 'floating point near money',
    where: /^(src\/(voucher|sync|terminal)|ledger-sim)\//,
    except: [],
    pattern: /\bparseFloat\(|\.toFixed\(/,
    instead: 'amounts are bigint tiyn: parse and format them with src/voucher/money.ts',
  },
  {
    name: 'left-over mark',
    where: text,
    except: [...ownFiles, 'package-lock.json'],
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    instead: 'do it, or file it',
  },
  {
    name: 'focused test',
    where: /^test\//,
    except: ownFiles,
    pattern: /\b(test|it|describe)\.only\(/,
    instead: 'run one file with npx vitest run FILE; commit them all',
  },
  {
    name: 'machine path',
    where: text,
    // X servers are reached where they all are, wherever temporary files lie.
    except: [...ownFiles, 'test/e2e/electron/x-keyboard.ts'],
    pattern: /(^|[^\w.$}/])\/(work|root|farm|home|Users|tmp)\/[A-Za-z.]/,
    instead: 'os.tmpdir(), os.homedir() or a path from the repository',
  },
  {
    name: 'registry host',
    where: text,
    except: ownFiles,
    pattern: /^\s*registry\s*=|"resolved": "https?:|\/\/[\w.-]*(verdaccio|artifactory|nexus)[\w.-]*/,
    instead: 'no host at all: .npmrc sets omit-lockfile-registry-resolved, and everybody has a registry of their own',
  },
  {
    name: 'package host',
    where: text,
    except: ownFiles,
    pattern: /\b(deb|security)\.debian\.org\b|\bregistry\.npmjs\b/,
    instead: 'no host at all: where a machine has its packages from is its own business',
  },
]

/** Folders that may open SQLite: the two stores, whose contract is durability. */
const sqliteFolders = /^(src\/sync\/journal|ledger-sim\/store)\//

/** Everything untidy in one file, one line of text each. */
export function findingsIn(path: string, content: string): readonly string[] {
  const findings: string[] = []
  const lines = content.split('\n')
  for (const rule of rules) {
    if (!rule.where.test(path) || rule.except.includes(path)) continue
    if (rule.name === 'SQLite opened' && sqliteFolders.test(path)) continue
    lines.forEach((line, index) => {
      const found = rule.pattern.exec(line)
      if (found !== null)
        findings.push(`${path}:${index + 1}: ${rule.name} (${found[0].trim()}). Instead: ${rule.instead}`)
    })
  }
  if (code.test(path)) {
    lines.forEach((line, index) => {
      if (line.length > lineLengthMax)
        findings.push(`${path}:${index + 1}: ${line.length} columns, ${lineLengthMax} at most`)
    })
    const count = lines.length - 1
    if (count > fileLinesMax && longFiles[path] === undefined) {
      findings.push(`${path}: ${count} lines, ${fileLinesMax} at most: does it have one reason to change?`)
    }
  }
  return findings
}

/** Entries of the lists above that no file needs any more. `read` answers null for a file that does not exist. */
export function idleExceptions(read: (path: string) => string | null): readonly string[] {
  const idle = [compositionRoots, auditsOfTheFile, storeOpening].flatMap((except) =>
    except.filter((path) => {
      const lines = read(path)?.split('\n') ?? []
      return !lines.some((line) => rules.some((rule) => rule.except === except && rule.pattern.test(line)))
    }),
  )
  const idleLong = Object.keys(longFiles).filter((path) => (read(path)?.split('\n').length ?? 0) - 1 <= fileLinesMax)
  return [...idle, ...idleLong].map((path) => `${path}: no longer needs its exception in tidy-rules.ts`)
}
