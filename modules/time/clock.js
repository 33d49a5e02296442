export function monotonic() @ "fletcher_clock_monotonic";
export function wall() @ "fletcher_clock_wall";
