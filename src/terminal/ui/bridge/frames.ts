/** How frames from the core become what the screen sees: the newest snapshot wins, an old one never comes back. */
import type { BridgeView, DownFrame } from '../../contract/index.ts'

export const nothingYet: BridgeView = { snapshot: null, connection: 'connecting', readOnly: false }

export function viewAfter(view: BridgeView, frame: Exclude<DownFrame, { type: 'answer' | 'input' }>): BridgeView {
  if (frame.type === 'shell') {
    return { ...view, connection: frame.core === 'running' ? 'running' : 'core_restarting', readOnly: frame.readOnly }
  }
  // A restarted core may count its revisions from the start; within one connection they only rise.
  const older = view.snapshot !== null && frame.snapshot.revision < view.snapshot.revision
  if (older && view.connection === 'running') return view
  return { ...view, snapshot: frame.snapshot, connection: 'running' }
}
