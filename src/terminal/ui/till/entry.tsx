/** Ringing up: catalogue tiles with a search, and the keypad for bare amounts. */
import type { RefObject } from 'react'
import { Button, Input, SearchField } from 'react-aria-components'
import type { Snapshot } from '../../contract/index.ts'
import { screenKeys } from '../input/intent.ts'
import { formatTyped } from '../input/keypad.ts'
import { foundItems } from '../input/search.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Amount } from './amount.tsx'
import { CommandButton, enterArrow } from './command-button.tsx'
import { ScrollArea } from './scroll-area.tsx'

interface CatalogueProps {
  readonly snapshot: Snapshot
  readonly search: string
  readonly editable: boolean
  readonly searchField: RefObject<HTMLInputElement | null>
  readonly onSearch: (text: string) => void
  readonly onItem: (itemId: string) => void
}

export function Catalogue({ snapshot, search, editable, searchField, onSearch, onItem }: CatalogueProps) {
  const { say, name } = useTexts()
  const items = foundItems(snapshot.catalogue, search)
  return (
    <section className="catalogue" aria-label={say('catalogue.search')}>
      <SearchField className="search" aria-label={say('catalogue.search')} value={search} onChange={onSearch}>
        <Input className="search-input" placeholder={say('catalogue.search')} ref={searchField} />
        <kbd className="key">{screenKeys.search}</kbd>
      </SearchField>
      <ScrollArea className="tiles" label={say('catalogue.search')}>
        {items.length === 0 && search !== '' ? (
          <p className="panel-empty">{say('catalogue.nothingFound', { text: search })}</p>
        ) : null}
        {items.map((item) => (
          <Button
            key={item.itemId}
            className="tile"
            data-item={item.itemId}
            preventFocusOnPress
            isDisabled={!editable}
            onPress={() => onItem(item.itemId)}
          >
            <span className="tile-name">{name(item.name)}</span>
            <Amount value={item.unitPrice} look="small" />
          </Button>
        ))}
      </ScrollArea>
    </section>
  )
}

interface KeypadProps {
  readonly snapshot: Snapshot
  readonly typed: string
  readonly category: string | null
  readonly editable: boolean
  readonly onKey: (character: string) => void
  readonly onBackspace: () => void
  /** The amount typed goes into the basket as goods of this kind. */
  readonly onAdd: (category: string) => void
}

const rows = ['7', '8', '9', '4', '5', '6', '1', '2', '3', ',', '0'] as const

export function Keypad(props: KeypadProps) {
  const { snapshot, typed, category, editable, onKey, onBackspace, onAdd } = props
  const { say, name } = useTexts()
  return (
    <section className="keypad" aria-label={say('keypad.title')}>
      <div className="keys">
        {rows.map((character) => (
          <Button
            key={character}
            className="keypad-key"
            preventFocusOnPress
            isDisabled={!editable}
            {...(character === ',' ? { 'aria-label': say('keypad.comma') } : {})}
            onPress={() => onKey(character)}
          >
            {character}
          </Button>
        ))}
        <Button
          className="keypad-key"
          preventFocusOnPress
          isDisabled={!editable}
          aria-label={say('keypad.backspace')}
          onPress={onBackspace}
        >
          <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M8 5 h13 v14 h-13 l-6 -7 z M11 9 l6 6 M17 9 l-6 6" />
          </svg>
        </Button>
      </div>
      <div className="typed">
        <output className={typed === '' ? 'display display-empty' : 'display'} aria-label={say('keypad.title')}>
          {formatTyped(typed)}
        </output>
        <div className="categories" role="group" aria-label={say('keypad.category')}>
          {snapshot.amountCategories.map((candidate) => {
            const taken = typed !== '' && candidate.category === category
            return (
              <CommandButton
                key={candidate.category}
                look={taken ? 'primary' : 'plain'}
                label={say('keypad.add', { name: name(candidate.name) })}
                isDisabled={!editable || typed === ''}
                {...(taken ? { keyShown: enterArrow } : {})}
                onPress={() => onAdd(candidate.category)}
              >
                + {name(candidate.name)}
              </CommandButton>
            )
          })}
        </div>
      </div>
    </section>
  )
}
