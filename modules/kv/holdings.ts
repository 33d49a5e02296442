import { COMMAND_DELETE, COMMAND_UNREGISTER } from "kv/constants";

/** What a session has at its server, as far as is known. */
export class Holdings {
	/** The user is registered, or was given. */
	known = false;
	/** The channel is there to be joined. */
	found = false;
	/** The session's channel is one that it had created: the server may still have it. */
	look = false;
	/** The server has listed the channel just now. */
	listed = false;
	/** The user and the channel are the session's own, and the server certainly has them. */
	user = false;
	channel = false;

	/** The server made a user. */
	registered(): void {
		this.known = true;
		this.user = true;
	}

	/** The server made the channel, or still has it. */
	made(): void {
		this.found = true;
		this.channel = true;
	}

	/**
	 * Ids that the server gave are of no use any more.
	 * @param known the user was given; @param found the channel was; @param look the server may still have the one that was made.
	 * @param same it is certainly still the same server, so that what it has can be deleted there.
	 */
	forget(known: boolean, found: boolean, look: boolean, same: boolean): void {
		this.known = known;
		this.found = found;
		this.look = look;
		if (same) return;
		this.user = false;
		this.channel = false;
	}

	/** The next command that deletes what is the session's own, the channel before the user, who may not be asked for afterwards; 0: nothing is left. */
	delete(): number {
		if (this.channel) {
			this.channel = false;
			return COMMAND_DELETE;
		}
		if (!this.user) return 0;
		this.user = false;
		return COMMAND_UNREGISTER;
	}
}
