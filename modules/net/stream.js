export const StreamStatus = Object.freeze({
	AGAIN: 0,
	END: -1,
	FAILED: -2,
});

export const Want = Object.freeze({
	NOTHING: 0,
	READ: 1,
	WRITE: 2,
	BOTH: 3,
	END: 4,
});

export class Stream @ "fletcher_stream_destructor" {
	constructor(options) @ "fletcher_stream"
	connect(address, port) @ "fletcher_stream_connect"
	read(buffer, offset, length) @ "fletcher_stream_read"
	write(buffer, offset, length) @ "fletcher_stream_write"
	want(events) @ "fletcher_stream_want"
	shutdown() @ "fletcher_stream_shutdown"
	close() @ "fletcher_stream_close"
	abort() @ "fletcher_stream_abort"
	get opened() @ "fletcher_stream_get_opened"
	get unread() @ "fletcher_stream_get_unread"
	get error() @ "fletcher_stream_get_error"
	get localAddress() @ "fletcher_stream_get_localAddress"
	get localPort() @ "fletcher_stream_get_localPort"
	get remoteAddress() @ "fletcher_stream_get_remoteAddress"
	get remotePort() @ "fletcher_stream_get_remotePort"
}

export class Listener @ "fletcher_listener_destructor" {
	constructor(options) @ "fletcher_listener"
	accept(stream) @ "fletcher_listener_accept"
	want(events) @ "fletcher_listener_want"
	close() @ "fletcher_listener_close"
	get port() @ "fletcher_listener_get_port"
}
