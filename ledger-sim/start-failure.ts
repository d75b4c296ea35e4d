/** Why the ledger cannot start, in one sentence with the remedy. */
export class StartFailure extends Error {}
