/** What control packets did, since boot. Plain numbers for the device's metrics; what was dropped is in `DropCounters`. */
export class ControlCounters {
	/** Datagrams of control that were sealed, and that opened. */
	sent = 0;
	received = 0;
	/** RTCP packets of other kinds that were skipped. */
	skipped = 0;
	/** Packets that were missing for some time, asked for (each time counted), and that came after they were asked for. */
	missed = 0;
	requested = 0;
	repaired = 0;
	/** Packets that were given up: too late, too often, too many. */
	givenUp = 0;
	/** Packets sent again and their bytes; asked for but not there any more, sent three times already, or over the share of the bit rate. */
	resent = 0;
	resentBytes = 0;
	resendGone = 0;
	resendOften = 0;
	resendOver = 0;
	/** Requests for a key frame: made and heard. */
	picturesAsked = 0;
	picturesHeard = 0;
}
