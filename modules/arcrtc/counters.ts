/** Why received packets were dropped (section 6), since boot. Plain numbers for the device's metrics. */
export class DropCounters {
	/** First byte, length, version or header that cannot be. */
	format = 0;
	/** No such SSRC, payload type or context. */
	unknown = 0;
	/** Behind the replay window, or seen before. */
	old = 0;
	replay = 0;
	/** Tag or HMAC wrong. */
	auth = 0;
	/** Of a key that is not there yet: held, and of those dropped. */
	held = 0;
	heldDropped = 0;
}
