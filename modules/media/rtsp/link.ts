/** What the client needs of whoever carries its packets. */
export interface RTSPLink {
	/** Local port of a track's packets by UDP; its control packets come to the next one. */
	port(track: number): number;
	/** The server's ports for a track, and its address if it is another one, are known. @returns false when it cannot be reached. */
	located(track: number): boolean;
	/** Sends a control packet of a track by UDP. */
	report(track: number, offset: number, length: number): void;
	/** `stop` is done. */
	left(): void;
}
