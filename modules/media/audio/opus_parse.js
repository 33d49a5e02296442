export function frames(bytes, at, length) @ "fletcher_opus_frames";
export function duration(bytes, at, length) @ "fletcher_opus_duration";
export function padding(bytes, at, length) @ "fletcher_opus_padding";
export function redundant(bytes, at, length) @ "fletcher_opus_redundant";
