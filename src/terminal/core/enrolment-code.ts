/**
 * The one-time enrolment code on its way to the core: in the environment of its process, which its own user reads
 * only. A command line is read by everybody on the machine.
 */
const variable = 'TOLEM_ENROLMENT_CODE'

/** Takes the code out of an environment, so that no other child inherits it. Undefined when there is none. */
export function takeEnrolmentCode(environment: NodeJS.ProcessEnv): string | undefined {
  const code = environment[variable]
  delete environment[variable]
  return code === undefined || code === '' ? undefined : code
}

/** What a process that enrols gets beside its environment. */
export function withEnrolmentCode(code: string | undefined): Readonly<Record<string, string>> {
  return code === undefined ? {} : { [variable]: code }
}
