export const INTERFACE_BYTES = 32;
export const InterfaceField = Object.freeze({ NAME: 0, ADDRESS: 16, PREFIX: 20, FLAGS: 21, MAC: 22, INDEX: 28 });
export const InterfaceFlag = Object.freeze({ UP: 1, LOOPBACK: 2, ARP: 4 });

export const NEIGHBOUR_BYTES = 12;
export const NeighbourField = Object.freeze({ ADDRESS: 0, STATE: 4, MAC: 6 });
export const NeighbourState = Object.freeze({ SILENT: 0, STALE: 1, LIVE: 2 });

export const SolicitStatus = Object.freeze({ SENT: 0, AGAIN: -1, DENIED: -2 });

export function interfaces(buffer, offset, length) @ "fletcher_network_interfaces";

export class Neighbours @ "fletcher_neighbours_destructor" {
	constructor() @ "fletcher_neighbours"
	open() @ "fletcher_neighbours_open"
	next(buffer, offset) @ "fletcher_neighbours_next"
	get whole() @ "fletcher_neighbours_get_whole"
	solicit(index, address) @ "fletcher_neighbours_solicit"
	close() @ "fletcher_neighbours_close"
}
