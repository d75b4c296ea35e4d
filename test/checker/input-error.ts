/** What was to be checked is missing or not in the form that this checker knows: nothing can be said about the run. */
export class CheckerInputError extends Error {}
