/** One text for one content, whatever the order of its fields. */
export function canonical(content: unknown): string {
  if (Array.isArray(content)) return `[${content.map(canonical).join()}]`
  if (typeof content !== 'object' || content === null) return JSON.stringify(String(content))
  const fields = Object.entries(content).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${fields.map(([name, value]) => `${name}:${canonical(value)}`).join()}}`
}
