import { build, clock } from './elements.js'

const endings = { full: 'cut', partial: 'cut', torn: 'torn off' }

function faultWords(faults) {
  const [first] = faults
  if (first === undefined) return null
  const count = `${faults.length} fault${faults.length > 1 ? 's' : ''}`
  return build('p', { text: `${count}: ${first.command}, ${first.detail}` })
}

/** The slips as paper, the newest first. */
export function drawSlips(slips) {
  if (slips.length === 0) return [build('p', { class: 'empty', text: 'Nothing printed yet.' })]
  return slips.toReversed().map((slip) => {
    const image = build('img', { src: `/api/slips/${slip.number}.png`, alt: slip.text })
    // The picture may still be on its way from the drawing thread.
    image.addEventListener('error', () =>
      setTimeout(() => {
        image.src = `/api/slips/${slip.number}.png?again=${Date.now()}`
      }, 150),
    )
    return build(
      'article',
      { class: 'slip' },
      build(
        'header',
        {},
        build('span', { text: `No ${slip.number}, ${endings[slip.ended]}` }),
        build('time', { text: clock(slip.endedAt) }),
      ),
      image,
      slip.interruptions.length > 0
        ? build('p', { text: `Interrupted: ${slip.interruptions.map(({ reason }) => reason).join(', ')}` })
        : null,
      faultWords(slip.faults),
    )
  })
}
