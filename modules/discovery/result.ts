/** How a host was found; the sum is the flags octet of an Arrow host record (docs/protocols/arrow.md). 0: by an open TCP port alone. */
export const FOUND_ARP = 1;
export const FOUND_ICMP = 2;

/** A service that a scan found. */
export interface FoundService {
	/** "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg" or "tcp". */
	readonly type: string;
	/** Numeric address. */
	readonly address: string;
	readonly port: number;
	/** With its query; "" for types that have none. */
	readonly path: string;
	/** "02:00:00:12:34:56", "" when it is not known (a host behind a router). */
	readonly mac: string;
}

/** What a finished scan found, read by index; it stays until the next scan is finished. */
export interface ScanResult {
	readonly hostCount: number;
	/** Sum of FOUND_…. */
	hostFlags(host: number): number;
	/** Numeric address. */
	hostAddress(host: number): string;
	/** As {@link FoundService.mac}. */
	hostMAC(host: number): string;
	/** How many open ports were found, and each of them. */
	hostPortCount(host: number): number;
	hostPort(host: number, index: number): number;
	readonly serviceCount: number;
	serviceAt(index: number): FoundService;
}

/** What runs scans; one at a time. */
export interface Discovery {
	readonly scanning: boolean;
	/** The last finished scan, undefined before the first. */
	readonly result: ScanResult | undefined;
	/** Begins a scan unless one runs. @returns whether it began. */
	scan(): boolean;
}
