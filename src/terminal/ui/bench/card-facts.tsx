/** One card in words: what it is, whether the till takes it and why not, and what it said. */
import {
  benchProfiles,
  fromHex,
  knownApplications,
  toHex,
  type BenchView,
  type CardIdentityView,
} from '../../contract/index.ts'
import { useTexts } from '../texts/use-texts.ts'
import { Fact } from '../till/sheet-parts.tsx'
import { CopyButton } from './copy-button.tsx'

interface CardFactsProps {
  readonly card: BenchView['cards'][number]
  readonly identity: CardIdentityView
}

export function CardFacts({ card, identity }: CardFactsProps) {
  const { say, name } = useTexts()
  const { profile, schemes } = card
  return (
    <>
      {identity.isPartial ? <p className="bench-warning">{say('bench.card.partial')}</p> : null}
      <p className="bench-what">
        {profile === null ? say('bench.card.notTaken') : say('bench.card.taken', { profile })}{' '}
        {profile === null
          ? ''
          : schemes.length === 0
            ? say('bench.card.noScheme')
            : say('bench.card.schemes', { names: schemes.map(name).join(', ') })}
      </p>
      <dl className="facts">
        <Fact term={say('bench.fact.profiles')}>
          <Profiles profiles={identity.profiles} />
        </Fact>
        <Fact term={say('bench.fact.chip')}>
          <Chip version={identity.version} />
        </Fact>
        {identity.originality === null ? null : (
          <Fact term={say('bench.fact.originality')}>{say(`bench.original.${identity.originality}`)}</Fact>
        )}
        <Fact term={say('bench.fact.applications')}>
          <Applications identity={identity} />
        </Fact>
        <Fact term={say('bench.fact.uid')}>
          <Uid uid={identity.uid} />
        </Fact>
        <Fact term={say('bench.fact.atr')}>
          <Atr hex={card.atr} atr={identity.atr} />
        </Fact>
        <Fact term={say('bench.fact.ats')}>
          <Ats ats={identity.ats} />
        </Fact>
        <Fact term={say('bench.fact.tillSays')}>
          <span className="bytes">{identity.tillSays}</span>
        </Fact>
      </dl>
    </>
  )
}

function Profiles({ profiles }: Pick<CardIdentityView, 'profiles'>) {
  const { say } = useTexts()
  return (
    <ul>
      {benchProfiles.map((profile) => {
        const obstacle = profiles[profile]
        return (
          <li key={profile} className={obstacle === null ? 'found' : 'quiet'}>
            <span className="bytes">{profile}</span>:{' '}
            {obstacle === null ? say('bench.profile.takes') : say(`bench.obstacle.${obstacle}`)}
          </li>
        )
      })}
    </ul>
  )
}

const twoDigits = (value: number): string => toHex(Uint8Array.of(value))

function Chip({ version }: Pick<CardIdentityView, 'version'>) {
  const { say } = useTexts()
  if (version === null) return say('bench.chip.none')
  const { vendor, type, subtype, major, minor, storage, made } = version
  const { atLeast, atMost } = storage
  const parts = [
    say('bench.chip.version', {
      vendor: twoDigits(vendor),
      type: twoDigits(type),
      subtype: twoDigits(subtype),
      major: twoDigits(major),
      minor: twoDigits(minor),
    }),
    atLeast === atMost
      ? say('bench.chip.memory', { bytes: String(atLeast) })
      : say('bench.chip.memoryAbout', { least: String(atLeast), most: String(atMost) }),
    ...(made === null ? [] : [say('bench.chip.made', { week: made.week, year: String(made.year) })]),
  ]
  return parts.join(' · ')
}

function Applications({ identity: { applications, applet, atr } }: { readonly identity: CardIdentityView }) {
  const { say } = useTexts()
  if (applications.length === 0) return atr.kind === 'read' && atr.storage !== null ? say('bench.app.none') : '–'
  return (
    <ul>
      {applications.map(({ application, isFound, status, lists }) => {
        const isOurs = application === 'tolem_voucher' || application === 'tolem_cbdc'
        const parts = [
          isFound
            ? say('bench.app.found')
            : say('bench.app.absent', { status: toHex(Uint8Array.of(status >> 8, status & 0xff)) }),
          ...(lists.length === 0 ? [] : [say('bench.app.lists', { names: lists.join(', ') })]),
          ...(isOurs && isFound && applet !== null ? [say(appletKey(applet))] : []),
        ]
        return (
          <li key={application} className={isFound ? 'found' : 'quiet'}>
            <span>{say(`bench.app.${application}`)}</span>
            <span className="bytes"> {toHex(knownApplications[application])}</span>
            <span>: {parts.join(', ')}</span>
          </li>
        )
      })}
    </ul>
  )
}

const appletKey = ({ isBlank }: NonNullable<CardIdentityView['applet']>) =>
  isBlank ? 'bench.applet.blank' : 'bench.applet.issued'

function Uid({ uid }: Pick<CardIdentityView, 'uid'>) {
  const { say } = useTexts()
  if (uid === null) return '–'
  return (
    <>
      <span className="bytes">{uid.bytes} </span>
      <span>{say(`bench.uid.${uid.kind}`, { bytes: fromHex(uid.bytes).length })} </span>
      {uid.bytes === '' ? null : <CopyButton text={uid.bytes} />}
    </>
  )
}

function Atr({ hex, atr }: { readonly hex: string; readonly atr: CardIdentityView['atr'] }) {
  const { say } = useTexts()
  const parts =
    atr.kind === 'malformed'
      ? [say('bench.atr.malformed')]
      : [
          say(`bench.atr.${atr.saidBy}`, { protocols: atr.protocols.join(', ') }),
          ...(atr.storage === null
            ? []
            : [
                say('bench.atr.storage', {
                  standard: twoDigits(atr.storage.standard),
                  name: toHex(Uint8Array.of(atr.storage.name >> 8, atr.storage.name & 0xff)),
                }),
              ]),
          ...(atr.historical === '' ? [] : [say('bench.atr.historical', { bytes: atr.historical })]),
          ...(atr.checksum === 'wrong' ? [say('bench.atr.checksum')] : []),
        ]
  return (
    <>
      <span className="bytes">{hex}</span> {parts.join(', ')} <CopyButton text={hex} />
    </>
  )
}

function Ats({ ats }: Pick<CardIdentityView, 'ats'>) {
  const { say } = useTexts()
  if (ats === null) return say('bench.ats.none')
  const { interface: of, historical } = ats
  const parts = [
    ...(of === null
      ? []
      : [say('bench.ats.interface', { bytes: of.frameBytes, rate: of.kilobitsPerSecond, wait: of.waitMs })]),
    ...(historical === '' ? [] : [say('bench.atr.historical', { bytes: historical })]),
  ]
  return parts.join(', ')
}
