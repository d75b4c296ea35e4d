/**
 * Method: types are generated from the server's own /openapi.json (openapi-typescript), a program of an integrator's
 * that uses them (openapi-fetch) is type-checked by tsc, with five mistakes in it that must be errors, and then run
 * against the server, signing by tokens that it makes with `jose` alone.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import openapiTS, { astToString } from 'openapi-typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { balanceOf, demoLedger, temporaryFolder, type DemoLedger } from './demo-ledger.ts'

const root = resolve(import.meta.dirname, '../../..')
const run = promisify(execFile)
const folder = temporaryFolder()
let demo: DemoLedger
let http: RunningHttp

beforeAll(async () => {
  demo = await demoLedger()
  http = await startHttp({ ledger: demo.ledger, port: 0 })
  const document = (await (await fetch(`${http.url}/openapi.json`)).json()) as Parameters<typeof openapiTS>[0]
  writeFileSync(join(folder.path, 'ledger.d.ts'), astToString(await openapiTS(document)))
  copyFileSync(join(root, 'test/fixtures/generated-client/program.txt'), join(folder.path, 'program.ts'))
  symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'), 'junction')
  writeFileSync(join(folder.path, 'package.json'), '{"type":"module"}')
  const compilerOptions = {
    strict: true,
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
  }
  writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
})
afterAll(async () => {
  await http.close()
  await demo.close()
  folder.remove()
})

test('the client’s types are right, and its mistakes are errors', async () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const checked = await run(process.execPath, [tsc, '-p', folder.path]).catch((error: { stdout: string }) => error)
  expect(checked.stdout).toBe('')
})

test('the client does what the document says', async () => {
  const keyOf = (role: string) => JSON.stringify(demo.world.roleKeys.find((key) => key.role === role)?.privateJwk)
  const seconds = String(Math.floor(demo.clock.now / 1000))
  const program = [join(folder.path, 'program.ts'), http.url, keyOf('bank'), keyOf('agency'), seconds]
  const { stdout } = await run(process.execPath, program)
  expect(JSON.parse(stdout)).toEqual({
    opened: 'created',
    paid: 'created',
    short: 'bring money',
    code: 'insufficient_funds',
    balance: '299749999',
    batch: [200],
  })
  expect(await balanceOf(demo, 'stock-farm')).toBe(250_001n)
})
