export const DatagramStatus = Object.freeze({
	AGAIN: -1,
	NO_MEMORY: -2,
	FAILED: -3,
});

export class Datagram @ "fletcher_datagram_destructor" {
	constructor(options) @ "fletcher_datagram"
	read(buffer, offset, length) @ "fletcher_datagram_read"
	readMany(buffer, table, count, limit) @ "fletcher_datagram_readMany"
	write(buffer, offset, length, peer, trafficClass) @ "fletcher_datagram_write"
	writeMany(buffer, table, count) @ "fletcher_datagram_writeMany"
	peer(address, port) @ "fletcher_datagram_peer"
	forget(peer) @ "fletcher_datagram_forget"
	peerAddress(peer) @ "fletcher_datagram_peerAddress"
	peerPort(peer) @ "fletcher_datagram_peerPort"
	want(events) @ "fletcher_datagram_want"
	close() @ "fletcher_datagram_close"
	get source() @ "fletcher_datagram_get_source"
	get port() @ "fletcher_datagram_get_port"
	get truncated() @ "fletcher_datagram_get_truncated"
	get errors() @ "fletcher_datagram_get_errors"
}
