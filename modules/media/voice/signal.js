export function fingerprint(buffer, offset, length) @ "fletcher_signal_fingerprint";
export function stretch(buffer, offset, samples, rate, direction, likeness) @ "fletcher_signal_stretch";
