/** Examples of the door's own operations: limits, keys of a role, many operations in one request, refusals. */
import { signTagged } from '../../../../src/sync/protocol/keys.ts'
import { p256 } from '../demo-ledger.ts'
import type { Story } from './stage.ts'

export const story: Story = async (stage) => {
  await stage.anyone().get('What the door takes', '/v1/limits')

  const bank = stage.as('bank')
  const batches = '/v1/batches'
  const opening = {
    method: 'POST',
    path: '/v1/accounts/legal-entities',
    body: { accountId: 'stock-farm', owner: 'stock-farm', name: 'Stock farm (demo)', kind: 'legal-entity' },
  }
  const issue = {
    method: 'POST',
    path: '/v1/conversions/non-cash-to-dt/bank-central-bank',
    body: { transferId: stage.id(), bank: 'dala-bank', amount: '99999999999' },
  }
  await bank.post('Each item has its own result', batches, {
    items: [opening, opening, issue, { method: 'POST', path: '/v1/nothing', body: {} }],
  })

  const roleKeys = '/v1/role-keys'
  const former = stage.demo.role('bank').key
  const next = p256('examples/next')
  const named = { formerKey: former.keyId, nextKey: next.jwk, formerEndsAfterSeconds: 86_400 }
  const proof = signTagged(next, 'tolem/role-key/1', { role: 'bank', owner: 'dala-bank', ...named })
  await bank.post('A bank registers its next key', roleKeys, { ...named, proof })
  await bank.post('The answer was lost', roleKeys, { ...named, proof })
  const sooner = { ...named, formerEndsAfterSeconds: 0 }
  const soonerProof = signTagged(next, 'tolem/role-key/1', { role: 'bank', owner: 'dala-bank', ...sooner })
  await bank.post('The key follows after another time', roleKeys, { ...sooner, proof: soonerProof }, 409)
  await bank.post('The next key has not signed this', roleKeys, { ...sooner, proof }, 409)
  await bank.get('The keys of the bank', roleKeys)

  await stage.as('auditor').get('What was refused', '/v1/refusals', { limit: '10' })
}
