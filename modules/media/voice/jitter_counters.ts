/** What happened to the packets of one stream since it began. `received - duplicates - strange - late - dropped - held` were played. */
export class JitterCounters {
	/** Packets that came, of whatever use. */
	received = 0;
	played = 0;
	/** Numbers whose packet never came, as far as is known. */
	lost = 0;
	/** Packets that came when their time was over. */
	late = 0;
	duplicates = 0;
	/** Packets that came after one with a higher number, and in time. */
	reordered = 0;
	/** Packets that were held and given up: too many, or too old. */
	dropped = 0;
	/** Packets that did not fit the stream. */
	strange = 0;
	/** Frames made up, and those of them that the packet behind brought (in-band FEC). */
	concealed = 0;
	recovered = 0;
	/** Pauses of the sender, and streams that began again after a long one or at another number. */
	pauses = 0;
	restarts = 0;

	clear(): void {
		this.received = 0;
		this.played = 0;
		this.lost = 0;
		this.late = 0;
		this.duplicates = 0;
		this.reordered = 0;
		this.dropped = 0;
		this.strange = 0;
		this.concealed = 0;
		this.recovered = 0;
		this.pauses = 0;
		this.restarts = 0;
	}
}
