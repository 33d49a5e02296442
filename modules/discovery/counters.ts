/** What scans have done since boot; for metrics. */
export class Counters {
	scans = 0;
	/** Connections begun. */
	connects = 0;
	/** Echo and ARP requests. */
	echoes = 0;
	solicits = 0;
	/** Most sockets ever in use. */
	socketsPeak = 0;
	/** Addresses that were left alone as the configuration wants it. */
	excluded = 0;
	/** Hosts and services beyond the table. */
	hostsOver = 0;
	servicesOver = 0;
	/** Answers at open ports that were over a limit or could not be read. */
	malformed = 0;
	/** Connections that this host had no room for. */
	noRoom = 0;

	/** Packets that began something. */
	get packets(): number {
		return this.connects + this.echoes + this.solicits;
	}
}
