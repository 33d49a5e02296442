/** A failure that one line explains; no stack is wanted. */
export class PlainError extends Error {}
