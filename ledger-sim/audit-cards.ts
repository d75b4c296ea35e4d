/**
 * Cards that count themselves, held against their scripts, records and transfers (docs/design/25-policy-card.md); and
 * the epochs of cards that are re-keyed (docs/design/30-rekeying.md).
 */
import type { Rule } from './audit-requests.ts'

const holdings = `
  select card_slot.*, loaded_count - removed_count - debited_count as left_count,
    loaded_amount - removed_amount - debited_amount as left_amount from card_slot`

export const cardRules: readonly Rule[] = [
  {
    rule: 'the escrow of a card is what lies there for its slots, and at least what it may still be debited for',
    wrong: `
      select card_escrow.account_id as subject,
        'holds ' || balance || ', its slots say ' || coalesce(funds, 0) as detail
      from card_escrow join account on account.account_id = card_escrow.account_id
      left join (select card, scheme_id, sum(funds) as funds from card_slot group by card, scheme_id) held
        on held.card = card_escrow.card and held.scheme_id = card_escrow.scheme_id
      where balance <> coalesce(funds, 0)
      union all
      select card || ' ' || slot_id, 'has ' || funds || ' for ' || left_amount from (${holdings})
      where state = 'open' and funds < left_amount`,
  },
  {
    rule: 'what a card was given and debited is what its scripts and records say',
    wrong: `
      select card_slot.card || ' ' || card_slot.slot_id as subject, 'loaded ' || loaded_amount || ' in ' || loaded_count
        || ', scripts say ' || coalesce(loads.amount, 0) || ' in ' || coalesce(loads.count, 0)
        || '; debited ' || debited_amount || ' in ' || debited_count
        || ', records say ' || coalesce(debits.amount, 0) || ' in ' || coalesce(debits.count, 0) as detail
      from card_slot
      left join (select card, slot_id, sum(amount) as amount, sum(count) as count from card_load group by card, slot_id
        ) loads on loads.card = card_slot.card and loads.slot_id = card_slot.slot_id
      left join (select card, slot_id, sum(amount) as amount, count(*) as count from card_record
        where standing = 'counts' group by card, slot_id
        ) debits on debits.card = card_slot.card and debits.slot_id = card_slot.slot_id
      where loaded_amount <> coalesce(loads.amount, 0) or loaded_count <> coalesce(loads.count, 0)
        or debited_amount <> coalesce(debits.amount, 0) or debited_count <> coalesce(debits.count, 0)
        or loaded_amount < removed_amount + debited_amount or loaded_count < removed_count + debited_count`,
  },
  {
    rule: 'every debit of a card is a tender of that amount from that slot, or waits',
    wrong: `
      select card_record.tender_id as subject, card_record.standing || ' for ' || card_record.amount
        || ', the tender is ' || tender.state || ' for ' || tender.amount as detail
      from card_record join tender on tender.tender_id = card_record.tender_id
      where tender.terminal_id <> card_record.terminal_id
        or (tender.tombstone = 0 and (tender.amount <> card_record.amount or tender.slot_id <> card_record.slot_id))
        or (standing = 'counts'
          and tender.state not in ('settled', 'awaiting_funds', 'in_review', 'not_paid', 'reversed'))
        or (standing in ('second', 'beyond') and tender.state not in ('not_paid', 'reversed'))
        or (standing = 'waits' and tender.state not in ('awaiting_proof', 'not_paid', 'reversed')
          and not exists (select 1 from card_record proved
            where proved.tender_id = tender.tender_id and proved.standing <> 'waits'))
      union all
      select tender_id, 'waits for a record that it has not' from tender
      where state = 'awaiting_proof' and not exists (select 1 from card_record
        where card_record.tender_id = tender.tender_id and standing = 'waits')`,
  },
  {
    rule: 'one debit of a card counts under each of its numbers',
    wrong: `
      select card || ' ' || atc as subject, count(*) || ' debits' as detail from card_record where standing = 'counts'
      group by card, atc having count(*) > 1`,
  },
  {
    rule: 'only loads, sales and what came back of them move the escrow of a card',
    wrong: `
      select card_escrow.account_id as subject, 'moved by ' || kind as detail from card_escrow
      join transfer on debit = account_id or credit = account_id
      where kind not in ('card-funding', 'card-return', 'voucher-payment', 'voucher-reversal', 'voucher-refund',
        'review-hold', 'lease-funding')`,
  },
  {
    rule: 'what cards hold of a slot, no till holds and no bridge lends, and nothing of it is promised twice',
    wrong: `
      select slot.slot_id as subject, 'held by ' || held.cards || ' cards: ' || held.amount || ' in ' || held.count
        || ', used ' || coalesce(used.amount, 0) || ' in ' || coalesce(used.count, 0) || ', allows '
        || amount_allowed || ' in ' || count_allowed as detail
      from (select slot_id, count(*) as cards, sum(left_amount) as amount, sum(left_count) as count
        from (${holdings}) where state = 'open' group by slot_id) held
      join slot on slot.slot_id = held.slot_id
      left join (select slot_id, sum(amount) as amount, count(*) as count from slot_use group by slot_id) used
        on used.slot_id = held.slot_id
      where slot.lease_id is not null or exists (select 1 from slot bridge where bridge.bridge_of = slot.slot_id)
        or held.amount + coalesce(used.amount, 0) > amount_allowed
        or held.count + coalesce(used.count, 0) > count_allowed`,
  },
  {
    rule: 'scripts of a card are numbered one by one',
    wrong: `
      select card as subject, count(*) || ' scripts up to ' || max(counter) as detail from card_script
      group by card having min(counter) <> 1 or max(counter) <> count(*)`,
  },
  {
    rule: 'a card has been in each epoch up to its present one, and has the key of each former one',
    wrong: `
      select card.card as subject, 'in epoch ' || card.epoch || ', former keys up to ' || coalesce(max(former.epoch), 0)
        || ' in ' || count(former.epoch) as detail
      from card left join former_card_key former on former.card = card.card
      group by card.card, card.epoch
      having card.epoch < 1 or count(former.epoch) <> card.epoch - 1
        or coalesce(max(former.epoch), 0) <> card.epoch - 1`,
  },
  {
    rule: 'counters are of epochs that their card was in, and the highest one is of its present epoch',
    wrong: `
      select card.card as subject, 'counts up to ' || highest_counter || ' in epoch ' || card.epoch || ', showed '
        || coalesce(present.counter, 0) || ' there, last in epoch ' || coalesce(shown.epoch, 0) as detail
      from card
      left join (select card, epoch, max(counter) as counter from card_counter group by card, epoch) present
        on present.card = card.card and present.epoch = card.epoch
      left join (select card, max(epoch) as epoch from card_counter group by card) shown on shown.card = card.card
      where highest_counter <> coalesce(present.counter, 0) or coalesce(shown.epoch, 0) > card.epoch`,
  },
  {
    rule: 'a card that is being re-keyed is leased to no till, and no till has the key of a later epoch than the card',
    wrong: `
      select card as subject, 'is being re-keyed and not exposed' as detail from card
      where rekeying_since is not null and exposed_at is null
      union all
      select lease_card.card, 'sealed in epoch ' || lease_card.epoch || ', the card is in ' || card.epoch
      from lease_card join card on card.card = lease_card.card where lease_card.epoch > card.epoch`,
  },
]
