export const UNITY = 4096;

export const Format = Object.freeze({ U8: 0, S16: 1, S24: 2, S32: 3, F32: 4, ALAW: 5, MULAW: 6 });

export function add(buffer, from, to, samples) @ "fletcher_samples_add";
export function sum(buffer, from, stride, count, to, samples) @ "fletcher_samples_sum";
export function gain(buffer, offset, samples, first, last) @ "fletcher_samples_gain";
export function level(buffer, offset, samples) @ "fletcher_samples_level";
export function peak(buffer, offset, samples) @ "fletcher_samples_peak";
export function tone(buffer, offset, samples, phase, step, amplitude) @ "fletcher_samples_tone";
export function convert(buffer, from, format, channels, to, frames) @ "fletcher_samples_convert";

export function alawEncode(buffer, from, to, samples) @ "fletcher_samples_alaw_encode";
export function alawDecode(buffer, from, to, samples) @ "fletcher_samples_alaw_decode";
export function mulawEncode(buffer, from, to, samples) @ "fletcher_samples_mulaw_encode";
export function mulawDecode(buffer, from, to, samples) @ "fletcher_samples_mulaw_decode";

export function resamplerBytes(ratio) @ "fletcher_samples_resampler_bytes";
export function resamplerStart(buffer, state, ratio) @ "fletcher_samples_resampler_start";
export function resamplerNeed(buffer, state, samples, ratio) @ "fletcher_samples_resampler_need";
export function resample(buffer, state, from, samples, to, limit, ratio) @ "fletcher_samples_resample";
