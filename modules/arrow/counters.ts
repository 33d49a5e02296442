/** What the client counts, since boot. Plain numbers for the device's metrics. */
export class ArrowCounters {
	/** Bytes of session data received and sent. */
	bytesIn = 0;
	bytesOut = 0;
	/** Messages received and sent, control and data. */
	messagesIn = 0;
	messagesOut = 0;
	/** Sessions opened, and CONNECTs refused. */
	sessions = 0;
	refused = 0;
	/** PINGs of the service answered, and own PINGs answered. */
	pingsIn = 0;
	pingsOut = 0;
	/** Connections that reached TLS, REGISTERs accepted, connections lost after that. */
	connections = 0;
	established = 0;
	losses = 0;
	redirects = 0;
	/** Bad input (section 7 of docs/protocols/arrow.md), each with its defined answer. */
	badVersion = 0;
	badSize = 0;
	shortMessages = 0;
	unexpected = 0;
	unknownTypes = 0;
	strayData = 0;
	strayAcks = 0;
	overruns = 0;
	badRedirects = 0;
	longMessages = 0;

	/** Malformed messages of all kinds. */
	get malformed(): number {
		return (
			this.badVersion +
			this.badSize +
			this.shortMessages +
			this.longMessages +
			this.unexpected +
			this.unknownTypes +
			this.strayData +
			this.strayAcks +
			this.badRedirects
		);
	}
}
