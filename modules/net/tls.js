export const Handshake = Object.freeze({ GOING_ON: 0, DONE: 1, FAILED: -1 });

export const TLSStatus = Object.freeze({ AGAIN: 0, END: -1, FAILED: -2 });

export default class TLS @ "fletcher_tls_destructor" {
	constructor(options) @ "fletcher_tls"
	start(name) @ "fletcher_tls_start"
	receive(buffer, offset, length) @ "fletcher_tls_receive"
	send(buffer, offset, size) @ "fletcher_tls_send"
	handshake() @ "fletcher_tls_handshake"
	read(buffer, offset, size) @ "fletcher_tls_read"
	write(buffer, offset, length) @ "fletcher_tls_write"
	end() @ "fletcher_tls_end"
	get reason() @ "fletcher_tls_get_reason"
	get version() @ "fletcher_tls_get_version"
	get cipher() @ "fletcher_tls_get_cipher"
	get memory() @ "fletcher_tls_get_memory"
	close() @ "fletcher_tls_close"
}
