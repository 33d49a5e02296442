export function deviceBytes() @ "fletcher_alsa_bytes";

export class DeviceInput @ "fletcher_alsa_input_destructor" {
	constructor(options) @ "fletcher_alsa_input"
	read(buffer, offset, samples) @ "fletcher_alsa_read"
	get lost() @ "fletcher_alsa_input_get_missed"
	get capacity() @ "fletcher_alsa_input_get_capacity"
	get error() @ "fletcher_alsa_input_get_error"
	close() @ "fletcher_alsa_input_close"
}

export class DeviceOutput @ "fletcher_alsa_output_destructor" {
	constructor(options) @ "fletcher_alsa_output"
	write(buffer, offset, samples) @ "fletcher_alsa_write"
	get queued() @ "fletcher_alsa_get_queued"
	get capacity() @ "fletcher_alsa_output_get_capacity"
	get starved() @ "fletcher_alsa_output_get_missed"
	get error() @ "fletcher_alsa_output_get_error"
	close() @ "fletcher_alsa_output_close"
}
