import type { Id } from "kv/id";
import { formatHex } from "wire/hex";

/* Datagrams and ids as hex, written by the protocol's document alone: what these tests compare with. */

/** Hex without blanks. */
export function plain(hex: string): string {
	return hex.split(" ").join("");
}

export function bytesOf(hex: string): Uint8Array {
	const text = plain(hex);
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

/** 16 hex digits with their octets in the opposite order. */
export function reversed(hex: string): string {
	const text = plain(hex);
	let result = "";
	for (let i = text.length - 2; i >= 0; i -= 2) result += text.slice(i, i + 2);
	return result;
}

export function zeros(count: number): string {
	return "00".repeat(count);
}

/** The text of an id without "0x". */
export function digits(id: Id): string {
	return id.toString().slice(2);
}

/** The checksum by the document's formula, from the low half of the user id and the acknowledgement id, as little-endian hex. */
export function sumOf(uid: string, ack: number): string {
	const low = parseInt(plain(uid).slice(8), 16);
	const sum = ((((low * 256) % 0x100000000) ^ 0x0acdd400 ^ ack) >>> 0).toString(16).padStart(8, "0");
	return reversed(sum);
}

/** A system packet of 512 bytes: operation 0..4, user id of 16 digits, acknowledgement id. */
export function system(operation: number, uid: string, ack = 0): string {
	const ackHex = reversed(ack.toString(16).padStart(8, "0"));
	return "ffffffff8000000" + operation + reversed(uid) + ackHex + sumOf(uid, ack) + zeros(488);
}

/** A voice packet of 512 bytes: user id of 16 digits, and how its payload begins. */
export function voice(uid: string, payload: string): string {
	const start = plain(payload);
	return reversed(uid) + start + zeros(504 - start.length / 2);
}

/** "KEEPALIVE 7", "JOIN 0", ... of a system packet; "voice" of any other; with what is wrong with it. */
export function nameOf(packet: string): string {
	if (packet.length !== 1024) return "datagram of " + packet.length / 2 + " bytes";
	if (!packet.startsWith("ffffffff8000000")) return "voice";
	const name = ["KEEPALIVE", "JOIN", "LEAVE", "ACK", "CLOSE"][Number(packet[15])];
	const uid = reversed(packet.slice(16, 32));
	const ack = parseInt(reversed(packet.slice(32, 40)), 16);
	if (packet.slice(40, 48) !== sumOf(uid, ack)) return name + " with a wrong checksum";
	if (packet.slice(48) !== zeros(488)) return name + " with bytes that are not zero";
	return name + " " + ack;
}

export function hexOf(buffer: ArrayBuffer, offset: number, length: number): string {
	return formatHex(new Uint8Array(buffer), offset, length);
}
