/** What one channel counts, since boot. Plain numbers for the device's metrics. */
export class ChannelCounters {
	/** Voice packets taken and sent. */
	packetsIn = 0;
	packetsOut = 0;
	/** Voice that was not sent: not joined, or the network took none. */
	unsent = 0;
	/** Frames that no datagram holds. */
	tooLong = 0;
	/** System packets taken and sent. */
	systemIn = 0;
	systemOut = 0;
	/** Acknowledgements of own packets, and those that did not come. */
	acks = 0;
	ackTimeouts = 0;
	/** Datagrams dropped (section 6), by reason. */
	wrongSize = 0;
	wrongSource = 0;
	ownPackets = 0;
	illegalUid = 0;
	wrongChecksum = 0;
	unknownOperation = 0;
	strayAcks = 0;
	notJoined = 0;
	/** Sends that the host refused. */
	sendErrors = 0;
	/** Times joined, and times lost. */
	joins = 0;
	losses = 0;
	/** JOINs of a member that had heard nothing from one look to the next. */
	rejoins = 0;
	refusals = 0;
	/** CLOSE packets, and those that the server's list proved wrong. */
	closes = 0;
	forgedCloses = 0;
	/** Looks at the server's list, and how many failed. */
	checks = 0;
	checksFailed = 0;
}

/** What the control side counts. */
export class ControlCounters {
	requests = 0;
	refused = 0;
	connectFailures = 0;
	timeouts = 0;
	resets = 0;
	truncated = 0;
	malformed = 0;
}
