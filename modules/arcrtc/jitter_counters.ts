/** What happened to the packets of one stream. `received = taken + held + late + duplicates + dropped`. Plain numbers for metrics. */
export class JitterCounters {
	/** Packets that came or were recovered, and those that were taken. */
	received = 0;
	taken = 0;
	/** Numbers given up, as far as is known: one that comes later is late, and lost no more. */
	lost = 0;
	/** Packets that came when those behind them had been taken. */
	late = 0;
	duplicates = 0;
	/** Packets that came behind one with a higher number, and in time. */
	reordered = 0;
	/** Pushed out by others, or no room for them. */
	dropped = 0;
	/** Taken, and made by FEC. */
	recovered = 0;
	/** The sender's media time jumped, or went on after a pause. */
	jumps = 0;
}
