/** What of a datagram's priority a network sees: the class of service in its IP header, as another host's socket reads it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "./at_end.ts";

const UNIT = join(import.meta.dirname, "../../build/linux64/unit");

/** Listens on both loopback addresses and prints family, class of service and first byte of each datagram. */
const LISTENER = `
import select, socket, struct, sys
v4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v4.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
v4.bind(("127.0.0.1", 0))
port = v4.getsockname()[1]
v6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
v6.bind(("::1", port))
print(port, flush=True)
for _ in range(16):
	for s in select.select([v4, v6], [], [], 10)[0]:
		data, control, _, _ = s.recvmsg(100, 100)
		bits = control[0][2]
		print(4 if s is v4 else 6, bits[0] if len(bits) == 1 else struct.unpack("i", bits)[0], data[0], flush=True)
`;

test("ARC-P8 datagrams bear DSCP 46, 34, 36 and 8 by their priority, over IPv4 and IPv6, alone and in one call", {
	timeout: 30_000,
}, async (t) => {
	const listener = spawn("python3", ["-c", LISTENER], { stdio: ["ignore", "pipe", "inherit"] });
	atEnd(t, async () => {
		listener.kill("SIGKILL");
	});
	let said = "";
	listener.stdout.on("data", (text: Buffer) => {
		said += text.toString();
	});
	while (!said.includes("\n")) await once(listener.stdout, "data");
	const port = said.slice(0, said.indexOf("\n"));
	const sender = spawn(UNIT, ["--probe", "send-marked", port], { stdio: "inherit" });
	const [code] = (await once(sender, "close")) as [number];
	assert.equal(code, 0);
	const expected = ["184 0", "136 1", "144 2", "32 3"];
	while (said.trim().split("\n").length < 17) await once(listener.stdout, "data");
	const seen = said.trim().split("\n").slice(1);
	for (const family of ["4", "6"])
		assert.deepEqual(
			seen.filter((line) => line.startsWith(family)).map((line) => line.slice(2)),
			[...expected, ...expected],
			`IPv${family}`,
		);
});
