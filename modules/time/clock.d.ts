/** Milliseconds since an arbitrary start, never going back, with a fraction where the host has one. Does not allocate. */
export function monotonic(): number;

/** Milliseconds since 1970-01-01 UTC as the system has it; may jump. Does not allocate. */
export function wall(): number;
