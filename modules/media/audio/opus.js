export function opusEncoderBytes() @ "fletcher_opus_encoder_bytes";
export function opusDecoderBytes() @ "fletcher_opus_decoder_bytes";

export class OpusEncoder @ "fletcher_opus_encoder_destructor" {
	constructor(options) @ "fletcher_opus_encoder"
	encode(buffer, from, samples, to, limit) @ "fletcher_opus_encode"
	tune(bitrate, expectedLoss) @ "fletcher_opus_tune"
	close() @ "fletcher_opus_encoder_close"
}

export class OpusDecoder @ "fletcher_opus_decoder_destructor" {
	constructor(rate) @ "fletcher_opus_decoder"
	decode(buffer, from, length, to, limit) @ "fletcher_opus_decode"
	conceal(buffer, from, length, to, samples) @ "fletcher_opus_conceal"
	reset() @ "fletcher_opus_reset"
	close() @ "fletcher_opus_decoder_close"
}
