/**
 * Everybody asks for everything, in whatever order, alone and in batches, again and with other terms, over expiries and
 * the ends of periods: the ledger says and moves what one model of the whole says and moves, which shares no code with
 * it (`whole/state.ts` and the files named there; docs/design/18-platform-api.md, "Tests").
 *
 * Method: random stories against a real ledger on disk, through its signed door. After each step the answers, every
 * balance, the tenders, the uses of slots, debts and alerts are the model's, and no tiyn is made or lost; at the end
 * the audit looks. What met in the stories is counted by name. The seed is fixed, so that what has to meet always does,
 * and only with it is that asked: `TOLEM_SEED` takes another one, and is red only where ledger and model disagree.
 * `TOLEM_STORIES` draws more of them. fast-check makes a failing story as small as it can (`TOLEM_SHRINK=no`: leaves it
 * as it is), and its trace is printed. What it finds: `npm run ledger-faults`.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { operations } from '../../../ledger-sim/operations.ts'
import { eachOnce, stories } from './whole/acts.ts'
import { door } from './whole/door.ts'
import { hasToMeetOfGone } from './whole/gone-scenes.ts'
import { hasToMeetOfAgain } from './whole/again-scenes.ts'
import { hasToMeetOfBread } from './whole/bread-scenes.ts'
import { hasToMeetOfBridges } from './whole/bridge-scenes.ts'
import { hasToMeetOfCarrying } from './whole/carrying-scenes.ts'
import { hasToMeetOfLeases } from './whole/lease-scenes.ts'
import { hasToMeetOfPeople } from './whole/person-scenes.ts'
import { hasToMeetOfPolicies } from './whole/policy-scenes.ts'
import { hasToMeetOfPools } from './whole/pool-scenes.ts'
import { hasToMeetOfQrs } from './whole/qr-scenes.ts'
import { Story } from './whole/story.ts'
import { wholeWorld } from './whole/world.ts'

const givenSeed = process.env['TOLEM_SEED']
const seed = Number(givenSeed ?? 5)
const fewStories = 30
const drawnStories = Number(process.env['TOLEM_STORIES'] ?? fewStories)
const examples = eachOnce(seed)
const numRuns = examples.length + drawnStories

/** Beside those of `whole/door.ts`. */
const drawnElsewhere = [
  '/v1/batches',
  '/v1/role-keys',
  '/v1/terminal/authorisations',
  '/v1/terminal-exports',
  '/v1/terminal/batches',
  '/v1/terminal/heads',
  '/v1/terminal/inquiries',
  '/v1/terminal/packages',
  '/v1/terminal/payment-requests',
]

const setUp = 'is in the world before a story begins'
const noMoney = 'moves no money and changes nothing of what money may do'
const counting = 'cards that count have stories of their own: test/property/ledger/counting-cards.test.ts'
const ofAccounts = 'cards of accounts pay as wallets do: card-payments.test.ts and payment-requests.test.ts (property)'
const names = 'names for those whom leases and orders are drawn with: test/integration/ledger/groups.test.ts'
/** Operations that change something and are not drawn, each with the reason. */
const excluded: Readonly<Record<string, string>> = {
  '/v1/terminals': setUp,
  '/v1/terminal-enrolment-codes': setUp,
  '/v1/terminal-enrolments': setUp,
  '/v1/applet-cards': counting,
  '/v1/applet-card-reissues': counting,
  '/v1/desk-certificates': counting,
  '/v1/card-pin-orders': counting,
  '/v1/card-scripts': counting,
  '/v1/card-receipts': counting,
  '/v1/terminal/card-scripts': counting,
  '/v1/terminal/card-receipts': counting,
  '/v1/card-rekeyings': 'keys of cards: test/integration/ledger/rekeying.test.ts',
  '/v1/card-rekeyings/done': 'keys of cards, as above',
  '/v1/terminal/card-sessions': 'keys of cards: test/integration/ledger/authorisation.test.ts',
  '/v1/terminal/card-session-keys': 'keys of cards, as above',
  '/v1/account-cards': ofAccounts,
  '/v1/account-card-blocks': ofAccounts,
  '/v1/account-card-unblocks': ofAccounts,
  '/v1/terminal/payment-requests/card-payments': ofAccounts,
  '/v1/client-keys': 'whose word counts, not what money does: test/integration/ledger/client-keys.test.ts',
  '/v1/terminal/key-rotations': 'a till’s keys: whose word counts, not what money does',
  '/v1/groups': names,
  '/v1/group-changes': names,
  '/v1/terminal/events': noMoney,
  '/v1/alert-decisions': noMoney,
  '/v1/disclosures': noMoney,
  '/v1/webhooks': noMoney,
  '/v1/webhook-removals': noMoney,
}

test('each operation that changes something is drawn, or is left out for a reason', () => {
  const posts = operations.filter(({ method }) => method === 'POST').map(({ path }) => path)
  const drawn = [...Object.keys(door), ...drawnElsewhere]
  const known = [...drawn, ...Object.keys(excluded)]
  expect(posts.filter((path) => !known.includes(path))).toEqual([])
  expect(known.filter((path) => !posts.includes(path) || known.indexOf(path) !== known.lastIndexOf(path))).toEqual([])
})

/** Stories in which these never meet would prove little. */
const hasToMeet = [
  'again',
  'again with other terms',
  'again, by anybody',
  'a reversal after its day',
  'what is left of a refunded payment is reversed',
  'a request under an id that was disowned',
  'a sale under an id that its till disowned',
  'a role changes its key',
  'a request by a former key',
  'a request by a key that is heard no more',
  'a batch of four or more',
  'items are handed over in another order',
  'a bank redeems all of its DT',
  'a bank spends what its cashback is paid from, within a batch',
  'a bank has not got its cashback',
  'a cashback up to the sum of its period',
  'a rule’s share in the reversed payment of a person at the limit',
  'a person owes a cashback',
  'the tax authority owes',
  'netted: share',
  'netted: reversal',
  'netted: refund',
  'money comes back above a limit of balance',
  'a refund to who may spend no more',
  'a capture from who may spend no more',
  'a hold ended before its capture',
  'a hold ended while its payer may spend no more',
  'a late payment by QR: expired',
  'a late payment by QR: already_paid',
  'a merchant owes for a payment by QR that was reversed',
  'a merchant owes for a voucher that was reversed',
  'a merchant owes for a refund',
  'a voucher is reversed while its agency is dry',
  'a voucher is reversed while its agency is dry and another waits',
  'a presentment waits for its agency’s money',
  'what waited is paid',
  'a slot stays used, for nobody covers it',
  'a sale is paid after all, when the slot was free again',
  'a slot is free again, for a debt was netted',
  'a sale is paid after all, when money made its slot free',
  'a slot is free again, for its agency has money',
  'a sale that stands before the surrender which came first',
  'an agency bears what came too late',
  'a refund after the period of its slot',
  'a slot moves into the next lease of its till',
  'a lease ends with money in escrow',
  'a scheme is suspended',
  'goods are given after a refusal',
  'an appeal is paid from the slot',
  'an appeal is paid beside the slot',
  'marked money is asked to leave',
  'a holder joins a household',
  'a member leaves a household',
  'two cards on one slot',
  'a sale to who has left since',
  'a sale to who had left',
  'an agency makes a card for another’s holder',
  'an agency blocks or unblocks a card of another’s holder',
  'an agency entitles another’s holder',
  'a card names a holder',
  'an entitlement names a holder',
  'an alert',
  'an alert about what left through a bank',
  'a lower tier than what is held',
  ...hasToMeetOfPools,
  ...hasToMeetOfQrs,
  ...hasToMeetOfGone,
  ...hasToMeetOfCarrying,
  ...hasToMeetOfBread,
  ...hasToMeetOfBridges,
  ...hasToMeetOfLeases,
  ...hasToMeetOfPeople,
  ...hasToMeetOfPolicies,
  ...hasToMeetOfAgain,
]

test('whatever everybody asks for, the ledger says and moves what the model does', async () => {
  const heard = new Map<string, number>()
  const met = new Map<string, number>()
  console.info(`whole: ${numRuns} stories, ${drawnStories} of them drawn, TOLEM_SEED=${seed}`)
  let failing: readonly string[] = []
  try {
    await fc.assert(
      fc.asyncProperty(stories, async (acts) => {
        const world = await wholeWorld('story')
        const story = await Story.begin(world, heard)
        try {
          for (const act of acts) await story.play(act)
          expect(world.recovered).toEqual([])
          world.audit()
          for (const [name, count] of story.whole.met) met.set(name, (met.get(name) ?? 0) + count)
        } catch (error) {
          failing = story.trace
          throw error
        } finally {
          await world.close()
        }
      }),
      // A failing story is made smaller for as long as there is time.
      {
        seed,
        numRuns,
        examples,
        endOnFailure: process.env['TOLEM_SHRINK'] === 'no',
        interruptAfterTimeLimit: 100_000 + numRuns * 4_000,
        markInterruptAsFailure: true,
      },
    )
  } finally {
    if (failing.length > 0) console.info(failing.join('\n'))
  }
  if (process.env['TOLEM_STORIES'] !== undefined) console.info(Object.fromEntries([...met].toSorted()))
  if (givenSeed !== undefined || drawnStories < fewStories) return
  const drawn = [...Object.keys(door), ...drawnElsewhere]
  expect([...hasToMeet.filter((name) => !met.has(name)), ...drawn.filter((path) => !heard.has(path))]).toEqual([])
}, 4_000_000)
