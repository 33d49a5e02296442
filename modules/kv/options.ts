import {
	DEFAULT_PORT,
	PERMISSION_ADD_CHANNEL,
	PERMISSION_ADD_USER,
	PERMISSION_ADMIN,
	PERMISSION_DELETE_USER,
	PERMISSION_KICK_USER,
	PERMISSION_REGISTER_USER,
	PERMISSION_REMOVE_CHANNEL,
} from "kv/constants";
import { Id, parseId } from "kv/id";
import { type KVSwitches, withSwitches } from "kv/switches";
import { type KVTimes, withTimes } from "kv/times";
import { type HostPort, parseHostPort } from "wire/host_port";

/** Channels that one device may be in at a time. */
export const CHANNEL_LIMIT = 4;
/** What stands for a channel of its own. */
const CREATE = "create";

export interface RegisterOptions {
	/** User id of an administrator, in whose name it is registered; none: a regular user. */
	readonly administrator?: string;
	/** Names of the permissions that the user is to have; most servers give none without `administrator`. */
	readonly permissions?: readonly string[];
}

/** The configuration's `kv` object. Ids are text: hex with "0x", or decimal. */
export interface KVOptions {
	/** `host[:port]`; port 8085 when it is left out. */
	readonly server: string;
	/** How to register; without it and without `uid` as a regular user. */
	readonly register?: RegisterOptions;
	/** A user id that is registered already. */
	readonly uid?: string;
	/** "create" or the id of a channel. Default "create". */
	readonly channel?: string;
	/** Several channels at a time, in place of `channel`. */
	readonly channels?: readonly string[];
	/** At a stop also delete what it had made: the channel and the user. Default false. */
	readonly cleanUp?: boolean;
	readonly switches?: Partial<KVSwitches>;
}

/** Checked options, with everything filled in. */
export interface KVSettings {
	readonly address: HostPort;
	/** The given user; undefined: it registers. */
	readonly uid: Id | undefined;
	/** Zero: none. */
	readonly administrator: Id;
	readonly permissions: Id;
	/** undefined: one of its own. */
	readonly channels: readonly (Id | undefined)[];
	readonly cleanUp: boolean;
	readonly switches: KVSwitches;
	readonly times: KVTimes;
}

/** Checks options. @throws RangeError naming the key and what it should be. */
export function settingsOf(options: KVOptions, times?: Partial<KVTimes>): KVSettings {
	const address = parseHostPort(options.server, DEFAULT_PORT);
	if (!address) throw new RangeError("kv.server: host[:port] expected, not " + options.server);
	const { uid, register, channel } = options;
	if (uid !== undefined && register !== undefined) throw new RangeError("kv.uid: not together with kv.register");
	if (channel !== undefined && options.channels !== undefined) throw new RangeError("kv.channels: not together with kv.channel");
	const administrator = register?.administrator;
	const permissions = register?.permissions ?? [];
	const checked = withTimes(times);
	if (checked.retry > checked.retryLimit)
		throw new RangeError("kv.times.retry: must not be above kv.times.retryLimit, is " + checked.retry);
	return {
		address,
		uid: uid === undefined ? undefined : userOf(uid, "kv.uid"),
		administrator: administrator === undefined ? new Id() : userOf(administrator, "kv.register.administrator"),
		permissions: new Id().set(0, permissionsOf(permissions)),
		channels: channelsOf(options.channels ?? [channel ?? CREATE]),
		cleanUp: options.cleanUp ?? false,
		switches: withSwitches(options.switches),
		times: checked,
	};
}

/** Whether a text is a user's id that may be one. */
export function isUser(text: string): boolean {
	const id = parseId(text);
	return id ? id.legal && !id.zero : false;
}

/** Whether a text names a channel. */
export function isChannel(text: string): boolean {
	if (text === CREATE) return true;
	const id = parseId(text);
	return id ? !id.zero : false;
}

function userOf(text: string, key: string): Id {
	const id = isUser(text) ? parseId(text) : undefined;
	if (!id) throw new RangeError(key + ": a user id expected, neither half of it all ones, not " + text);
	return id;
}

function channelsOf(texts: readonly string[]): (Id | undefined)[] {
	if (texts.length < 1 || texts.length > CHANNEL_LIMIT) throw new RangeError("kv.channels: 1.." + CHANNEL_LIMIT + " expected");
	const channels: (Id | undefined)[] = [];
	for (let i = 0; i < texts.length; i++) {
		const text = texts[i];
		if (!isChannel(text)) throw new RangeError('kv.channel: "create" or the id of a channel expected, not ' + text);
		const id = text === CREATE ? undefined : parseId(text);
		for (let j = 0; id && j < i; j++)
			if (channels[j]?.equals(id)) throw new RangeError("kv.channels[" + i + "]: the same channel twice");
		channels.push(id);
	}
	return channels;
}

function permissionsOf(names: readonly string[]): number {
	let sum = 0;
	for (let i = 0; i < names.length; i++) sum |= permissionOf(names[i]);
	return sum;
}

function permissionOf(name: string): number {
	switch (name) {
		case "register_user":
			return PERMISSION_REGISTER_USER;
		case "delete_user":
			return PERMISSION_DELETE_USER;
		case "add_channel":
			return PERMISSION_ADD_CHANNEL;
		case "rm_channel":
			return PERMISSION_REMOVE_CHANNEL;
		case "add_user":
			return PERMISSION_ADD_USER;
		case "kick_user":
			return PERMISSION_KICK_USER;
		case "admin":
			return PERMISSION_ADMIN;
		default:
			throw new RangeError("kv.register.permissions: no permission is called " + name);
	}
}
