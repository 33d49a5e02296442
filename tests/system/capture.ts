/** What travels over an interface, written down by tcpdump and read back packet by packet. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { atEnd } from "./at_end.ts";
import type { Network } from "./netns.ts";

/** Bytes kept of each packet: every header that is looked at. */
const SNAP_BYTES = 96;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const MAGIC = 0xa1b2c3d4;
const ETHERNET = 1;

export interface Packet {
	/** Seconds. */
	readonly time: number;
	readonly from: string;
	readonly to: string;
	readonly kind: "arp" | "tcp" | "icmp" | "udp" | "other";
	/** Numeric IPv4 addresses; of ARP the sender's and the one that is asked for. "" where there is none. */
	readonly source: string;
	readonly target: string;
	/** Ports of TCP; 0 otherwise. */
	readonly sourcePort: number;
	readonly targetPort: number;
	/** TCP: SYN without ACK. ICMP: echo request. ARP: request. */
	readonly begins: boolean;
}

export interface Capture {
	/** Ends it. @returns all packets in order. */
	stop(): Promise<Packet[]>;
}

/** Writes down what passes an interface of the network's cameras ("pdev": all between the device and them). */
export async function capture(test: TestContext, network: Network, link: string, folder: string): Promise<Capture> {
	const file = join(folder, `${link}.pcap`);
	const options = ["-i", link, "-n", "-U", "-Z", "root", "-s", String(SNAP_BYTES), "-B", "8192", "-w", file];
	const [program = "", ...before] = network.inside(network.lan);
	const child = spawn(program, [...before, "tcpdump", ...options], { stdio: ["ignore", "ignore", "pipe"] });
	const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
	atEnd(test, async () => {
		child.kill("SIGKILL");
		await ended;
	});
	let said = "";
	await new Promise<void>((resolve, reject) => {
		child.once("error", reject);
		child.once("close", () => reject(new Error(`tcpdump ended: ${said}`)));
		child.stderr.on("data", (text: Buffer) => {
			said += text.toString();
			if (said.includes("listening on")) resolve();
		});
	});
	return {
		stop: async () => {
			// What the kernel holds back is handed over within a second.
			await new Promise((resolve) => setTimeout(resolve, 1_200));
			child.kill("SIGINT");
			await ended;
			const dropped = /(\d+) packets? dropped by kernel/.exec(said)?.[1];
			if (dropped !== "0") throw new Error(`the capture is not whole: ${said}`);
			return readCapture(readFileSync(file));
		},
	};
}

const mac = (data: Buffer, at: number): string =>
	Array.from(data.subarray(at, at + 6), (octet) => octet.toString(16).padStart(2, "0")).join(":");
const address = (data: Buffer, at: number): string => Array.from(data.subarray(at, at + 4)).join(".");

function readPacket(time: number, data: Buffer): Packet {
	const base = {
		time,
		to: mac(data, 0),
		from: mac(data, 6),
		source: "",
		target: "",
		sourcePort: 0,
		targetPort: 0,
		begins: false,
	};
	const type = data.readUInt16BE(12);
	if (type === 0x0806) {
		return { ...base, kind: "arp", source: address(data, 28), target: address(data, 38), begins: data.readUInt16BE(20) === 1 };
	}
	if (type !== 0x0800) return { ...base, kind: "other" };
	const ends = { source: address(data, 26), target: address(data, 30) };
	const body = 14 + (data.readUInt8(14) & 15) * 4;
	const protocol = data.readUInt8(23);
	if (protocol === 1) return { ...base, ...ends, kind: "icmp", begins: data.readUInt8(body) === 8 };
	if (protocol === 17) return { ...base, ...ends, kind: "udp" };
	if (protocol !== 6) return { ...base, ...ends, kind: "other" };
	const ports = { sourcePort: data.readUInt16BE(body), targetPort: data.readUInt16BE(body + 2) };
	return { ...base, ...ends, ...ports, kind: "tcp", begins: (data.readUInt8(body + 13) & 0x12) === 0x02 };
}

/** Reads a file of the classic format: microseconds, Ethernet, this machine's byte order. */
export function readCapture(data: Buffer): Packet[] {
	if (data.readUInt32LE(0) !== MAGIC || data.readUInt32LE(20) !== ETHERNET) throw new Error("not a capture of Ethernet");
	const packets: Packet[] = [];
	let at = FILE_HEADER;
	while (at + PACKET_HEADER <= data.length) {
		const length = data.readUInt32LE(at + 8);
		const time = data.readUInt32LE(at) + data.readUInt32LE(at + 4) / 1e6;
		packets.push(readPacket(time, data.subarray(at + PACKET_HEADER, at + PACKET_HEADER + length)));
		at += PACKET_HEADER + length;
	}
	return packets;
}
