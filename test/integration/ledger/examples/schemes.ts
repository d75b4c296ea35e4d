/** Examples of what an agency does with schemes, beneficiaries and cards, and a bank with merchants. */
import { demoAgency, schoolLunch } from '../../../../ledger-sim/scenarios/demo-schemes.ts'
import { shop, shopTiles } from '../../../../ledger-sim/scenarios/demo-merchants.ts'
import type { Story } from './stage.ts'

export const story: Story = async (stage) => {
  const agency = stage.as('agency')
  const bank = stage.as('bank')
  const lunch = schoolLunch(stage.demo.clock.now)
  const week = lunch.periods.filter(({ from }) => from <= stage.demo.clock.now).slice(-2)
  const breakfast = {
    ...lunch,
    schemeId: 'school-breakfast',
    name: { kk: 'Мектептегі таңғы ас', ru: 'Школьный завтрак', en: 'School breakfast' },
    periods: week,
    order: 3,
  }
  await agency.post('An agency publishes a scheme', '/v1/schemes', breakfast)
  await agency.post('The next version comes in its place', '/v1/schemes', { ...breakfast, version: 2, order: 4 })
  await agency.post('A former version is sent again', '/v1/schemes', breakfast)
  await agency.post('That version says something else', '/v1/schemes', { ...breakfast, order: 5 }, 409)
  await agency.post('The first version is 1, the next is the third', '/v1/schemes', { ...breakfast, version: 4 }, 409)
  await agency.post('An agency publishes its own', '/v1/schemes', { ...breakfast, agencyId: 'medeu-education' }, 403)
  const unsafe = { ...breakfast, schemeId: 'school-dinner', periods: [...week, ...week] }
  await agency.post('A period is named twice', '/v1/schemes', unsafe, 409)

  const fundings = '/v1/scheme-fundings'
  const funding = { transferId: stage.id(), accountId: demoAgency, schemeId: 'school-breakfast', amount: '1000000' }
  await agency.post('Money is marked for a scheme', fundings, funding)
  await agency.post('The id means another amount', fundings, { ...funding, amount: '1' }, 409)
  await agency.post('There is no such scheme', fundings, { ...funding, transferId: stage.id(), schemeId: 'none' }, 404)
  await agency.post(
    'The agency has too little',
    fundings,
    { ...funding, transferId: stage.id(), amount: '99999999999' },
    409,
  )

  const beneficiaries = '/v1/beneficiaries'
  const entitled = { schemeId: 'school-breakfast', beneficiary: 'b'.repeat(32), holder: 'a'.repeat(32) }
  await agency.post('A holder is entitled', beneficiaries, entitled)
  await agency.post('The pseudonym is another holder’s', beneficiaries, { ...entitled, holder: 'c'.repeat(32) }, 409)
  await agency.post('There is no such scheme', beneficiaries, { ...entitled, schemeId: 'none' }, 404)

  const registered = await agency.post('A card of that holder', '/v1/cards', {
    uid: '04A1B2C3D4E5F6',
    holder: 'a'.repeat(32),
  })
  const members = '/v1/household-members'
  const joining = { ...entitled, holder: 'c'.repeat(32), member: 'a'.repeat(32) }
  await agency.post('A second holder shares the allowance', members, joining)
  const misfit = { ...joining, beneficiary: 'd'.repeat(32), holder: 'e'.repeat(32) }
  await agency.post('The named member has another beneficiary', members, misfit, 409)
  const endings = '/v1/entitlement-endings'
  await agency.post('A member leaves', endings, { ...entitled, holder: 'c'.repeat(32) })
  await agency.post('Who was never in it', endings, { ...entitled, holder: 'e'.repeat(32) }, 404)
  const own = { ...entitled, beneficiary: 'd'.repeat(32), holder: 'c'.repeat(32) }
  await agency.post('Who left has an allowance alone', beneficiaries, own)
  await agency.post('That one ends first', members, joining, 409)
  await agency.post('There is no such scheme', members, { ...joining, schemeId: 'none' }, 404)

  const otherHolder = { uid: '04A1B2C3D4E5F6', holder: 'c'.repeat(32) }
  await agency.post('The card belongs to another holder', '/v1/cards', otherHolder, 409)
  const carried = { uid: '0A1B2C3D', holder: 'a'.repeat(32), profile: 'uid' }
  await agency.post('A card that the holder carries already, known by its UID', '/v1/cards', carried)
  const tag = { uid: '04E10CDA993C80', holder: 'a'.repeat(32), profile: 'ntag21x' }
  await agency.post('An NTAG21x, with the record to write to it', '/v1/cards', tag)
  await agency.post('A card that shows another UID each time', '/v1/cards', { ...carried, uid: '08A1B2C3' }, 409)

  const activations = '/v1/activations'
  await agency.get('Nobody has activated the scheme yet', activations, { schemeId: 'school-breakfast' })
  await agency.get('There is no such scheme', activations, { schemeId: 'none' }, 404)

  const card = { card: registered['card'] }
  const unknown = { card: 'f'.repeat(32) }
  await agency.post('A card is blocked', '/v1/card-blocks', card)
  await agency.post('There is no such card', '/v1/card-blocks', unknown, 404)
  await agency.post('A card is unblocked', '/v1/card-unblocks', card)
  await agency.post('There is no such card', '/v1/card-unblocks', unknown, 404)

  const onDesk = { uid: '04A1B2C3D4E5F6', generation: 2 }
  await agency.post('A desk begins to re-key a card', '/v1/card-rekeyings', onDesk)
  await agency.post('A generation is left out', '/v1/card-rekeyings', { ...onDesk, generation: 4 }, 409)
  await agency.post('There is no such card', '/v1/card-rekeyings', { ...onDesk, uid: '04FFFFFFFFFFFF' }, 404)
  await agency.post('The card has its next keys', '/v1/card-rekeyings/done', onDesk)
  await agency.post('It was not begun', '/v1/card-rekeyings/done', { ...onDesk, generation: 3 }, 409)
  await agency.post('There is no such card', '/v1/card-rekeyings/done', { ...onDesk, uid: '04FFFFFFFFFFFF' }, 404)

  const reissues = '/v1/card-reissues'
  await agency.post('Another card in place of a lost one', reissues, { ...card, uid: '04A1B2C3D4E5F7' })
  await agency.post('It was replaced by another one', reissues, { ...card, uid: '04A1B2C3D4E5F8' }, 409)
  await agency.post('There is no such card', reissues, { ...unknown, uid: '04A1B2C3D4E5F9' }, 404)
  const random = { ...card, uid: '08A1B2C3', profile: 'uid' }
  await agency.post('No card can be known by such a UID', reissues, random, 409)
  await agency.post('A replaced card stays blocked', '/v1/card-unblocks', card, 409)

  const place = { region: '751210000', kind: '5411' }
  const kiosk = { ...shop, merchantId: 'kokbazar-kiosk', accountId: 'merchant.kokbazar-kiosk', ...place }
  const tiles = { catalogue: shopTiles.catalogue.slice(0, 1), categories: shopTiles.categories }
  await bank.post('A merchant with one tile', '/v1/merchants', { merchant: kiosk, ...tiles })
  const elsewhere = { ...kiosk, accountId: 'merchant.school-7-canteen' }
  await bank.post('The account is another’s', '/v1/merchants', { merchant: elsewhere, ...tiles }, 409)

  const foreign = await stage.holderOfAnother()
  const wanted = { uid: '04A1B2C3D4E5FA', holder: foreign }
  await agency.post('The holder is another agency’s', '/v1/cards', wanted, 404)

  await agency.disowned(fundings, funding)
}
