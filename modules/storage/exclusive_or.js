export function exclusiveOr(buffer, to, from, length) @ "fletcher_exclusive_or";
