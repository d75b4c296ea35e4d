/**
 * The table "Folders" of docs/architecture.md, as rules: which folder may import which. `npm run boundaries` checks
 * the tree; test/unit/repository/boundaries.test.ts plants a violation of every rule and sees it reported.
 */
const ours = '^(src|ledger-sim|hardware-mocks|test|tools)/'

/** A folder that may import nothing of ours but itself and `others` (regular expressions). */
const only = (name, comment, folder, others = []) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${folder}` },
  to: { path: ours, pathNot: [`^${folder}`, ...others] },
})

/** Node's modules that touch the world: files, network, processes, clocks, threads. */
const worldly = `^(node:)?(${[
  'child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|os',
  'process|readline|repl|sqlite|timers|tls|worker_threads',
].join('|')})(/|$)`

/**
 * The ports and what they speak of: the core's end of the device host, the printable document, its encoder, the page
 * that tests it, a printer's settings.
 */
const printerPorts = 'printer/(document|encode|profile|raster|self-test|settings)'
const driverPorts = `^src/drivers/(ports|event-source|host/(client|channel)|hid/settings|${printerPorts})\\.ts$`

module.exports = {
  forbidden: [
    only('voucher-imports-nothing-of-ours', 'src/voucher is the pure domain.', 'src/voucher/'),
    only('sync-imports-voucher-only', 'src/sync may import src/voucher.', 'src/sync/', ['^src/voucher/']),
    only('drivers-import-nothing-of-ours', 'A driver knows devices, not money.', 'src/drivers/'),
    only(
      'terminal-imports-drivers-by-their-ports',
      'src/terminal may import src/voucher, src/sync and, of src/drivers, the ports only (driverPorts in this file).',
      'src/terminal/',
      ['^src/voucher/', '^src/sync/', driverPorts],
    ),
    only(
      'ui-imports-the-contract-only',
      'The UI is a pure view of snapshots: it sees src/terminal/contract and nothing behind it.',
      'src/terminal/ui/',
      ['^src/terminal/contract/'],
    ),
    only(
      'ledger-imports-voucher-and-protocol',
      'ledger-sim may import src/voucher and src/sync/protocol: the rule function and the wire, not the till.',
      'ledger-sim/',
      ['^src/voucher/', '^src/sync/protocol/'],
    ),
    {
      name: 'ledger-never-sees-the-agency-registry',
      comment: 'Names, IIN and consent live in a process of their own that nothing imports.',
      severity: 'error',
      from: { path: ours, pathNot: ['^ledger-sim/agency-registry/', '^test/'] },
      to: { path: '^ledger-sim/agency-registry/' },
    },
    {
      name: 'agency-registry-sees-nothing-of-the-ledger',
      comment: 'ledger-sim/agency-registry imports nothing of the ledger.',
      severity: 'error',
      from: { path: '^ledger-sim/agency-registry/' },
      to: { path: '^ledger-sim/', pathNot: ['^ledger-sim/agency-registry/'] },
    },
    only(
      'hardware-mocks-import-port-types-only',
      'hardware-mocks is a product of its own: a mock that shares code with the terminal confirms itself.',
      'hardware-mocks/',
      ['^src/drivers/ports\\.ts$'],
    ),
    {
      name: 'hardware-mocks-import-ports-as-types',
      comment: 'Of src/drivers/ports.ts, hardware-mocks may take types (import type), no values.',
      severity: 'error',
      from: { path: '^hardware-mocks/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'checker-imports-nothing-of-the-product',
      comment: 'What is lost or doubled is found by code that shares nothing with the till or the ledger.',
      severity: 'error',
      from: { path: '^test/checker/' },
      to: { path: '^(src|ledger-sim)/' },
    },
    {
      name: 'product-imports-no-tests-or-tools',
      comment: 'Nothing that ships depends on test/ or tools/.',
      severity: 'error',
      from: { path: '^(src|ledger-sim|hardware-mocks)/' },
      to: { path: '^(test|tools)/' },
    },
    {
      name: 'voucher-has-no-world',
      comment: 'src/voucher has no I/O and no clock of its own.',
      severity: 'error',
      from: { path: '^src/voucher/' },
      to: { dependencyTypes: ['core'], path: worldly },
    },
    {
      name: 'contract-needs-no-node',
      comment: 'The contract runs in pages and in the sandboxed preload: nothing that it reaches may need Node.',
      severity: 'error',
      from: { path: '^src/terminal/contract/' },
      to: { path: '^(node:)?crypto$', reachable: true },
    },
    {
      name: 'no-circular-imports',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable-imports',
      comment: 'An import that cannot be resolved is not checked by any rule above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.json'],
    },
  },
}
