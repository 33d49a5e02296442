/** Push to talk: a device is heard while its button is pressed, by signals and at a GPIO line, and not while others speak in half duplex. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { executable, root, TestDevice, temporaryFolder } from "./device.ts";
import type { KvDevice } from "./kv.ts";
import { hearsMore, joinPeer, startKvDevice, startKvServer } from "./kv.ts";

/** Time for a packet to be played, and for the last one to have come. */
const SETTLE_MS = 400;
/** Level of a tone of a quarter of full loudness, at least. */
const LOUD = 3_000;
/** Bytes of a change as the kernel tells it. */
const EVENT_BYTES = 48;

const press = (device: KvDevice): void => void process.kill(device.process.pid as number, "SIGUSR1");
const release = (device: KvDevice): void => void process.kill(device.process.pid as number, "SIGUSR2");

async function talking(device: KvDevice): Promise<number> {
	return (await device.metrics()).kv.talking;
}

test("KV-14 push to talk: heard by the other device while the button is pressed, silence before and after; logged and counted", async (t) => {
	const server = await startKvServer(t);
	const speaker = await startKvDevice(t, { server, talk: "pushToTalk" });
	await server.located(1);
	const listener = await startKvDevice(t, {
		server,
		channel: server.channel.id,
		talk: "never",
		audio: { input: "null" },
	});
	await server.located(2);
	const peer = await joinPeer(t, server);
	await sleep(SETTLE_MS);
	assert.equal(peer.received.length, 0, "nothing before the button is pressed");
	assert.equal(await talking(speaker), 0);
	for (let times = 1; times <= 2; times += 1) {
		press(speaker);
		await speaker.process.waitForLog("kv", "talk-began", 2_000, times);
		assert.equal(await talking(speaker), 1);
		await hearsMore(peer, 30);
		assert.ok((await listener.metrics()).voice.heard.level > LOUD, "the other device does not hear it");
		release(speaker);
		await speaker.process.waitForLog("kv", "talk-ended", 2_000, times);
		assert.equal(await talking(speaker), 0);
		await sleep(SETTLE_MS);
		const heard: number = peer.received.length;
		const { packetsOut } = await speaker.channel();
		await sleep(2 * SETTLE_MS);
		assert.equal(peer.received.length, heard, "voice after the release");
		assert.equal((await speaker.channel()).packetsOut, packetsOut);
		assert.equal((await listener.metrics()).voice.heard.level, 0, "the other device hears something");
	}
	// Still a member, and a second press of a pressed button is none.
	press(speaker);
	press(speaker);
	await speaker.process.waitForLog("kv", "talk-began", 2_000, 3);
	await sleep(100);
	assert.equal(speaker.process.log.filter(({ event }) => event === "talk-began").length, 3);
});

test("KV-14 push to talk in half duplex: pressed while another one speaks it keeps silent, and for the hang-over", async (t) => {
	const server = await startKvServer(t);
	const audio = { halfDuplex: true };
	const first = await startKvDevice(t, { server, talk: "pushToTalk", audio });
	await server.located(1);
	const second = await startKvDevice(t, { server, channel: server.channel.id, talk: "pushToTalk", audio });
	await server.located(2);
	press(first);
	await first.process.waitForLog("kv", "talk-began");
	await sleep(SETTLE_MS);
	press(second);
	await second.process.waitForLog("kv", "talk-began");
	await sleep(2 * SETTLE_MS);
	assert.equal(await talking(second), 1, "pressed all the same");
	assert.equal((await second.channel()).packetsOut, 0, "it spoke while the other was heard");
	release(first);
	await first.process.waitForLog("kv", "talk-ended");
	const released = performance.now();
	while ((await second.channel()).packetsOut === 0) {
		assert.ok(performance.now() - released < 3_000, "it never spoke");
		await sleep(20);
	}
	assert.ok(performance.now() - released > 200, "it did not wait for the hang-over");
});

/** The shim is a program of 64 bits. */
const skip = readFileSync(executable)[4] === 2 ? false : "the fake GPIO chip is made for 64-bit programs";

interface Chip {
	readonly folder: string;
	readonly environment: NodeJS.ProcessEnv;
	/** The line reads so from now on; undefined: the chip is gone. */
	set(level: 0 | 1 | undefined): void;
}

function fakeChip(t: TestContext): Chip {
	const folder = temporaryFolder(t);
	const shim = join(folder, "fake_gpio.so");
	execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", shim, join(root, "tests/system/fake_gpio.c"), "-ldl"]);
	const events = join(folder, "events");
	execFileSync("mkfifo", [events]);
	const level = join(folder, "level");
	writeFileSync(level, "0");
	return {
		folder,
		environment: { LD_PRELOAD: shim, FAKE_GPIO: folder },
		set: (value) => {
			if (value === undefined) rmSync(level);
			else writeFileSync(level, String(value));
			writeFileSync(events, Buffer.alloc(EVENT_BYTES), { flag: "r+" });
		},
	};
}

test("KV-14 push to talk at a GPIO line: inverted, pulled up and debounced by the kernel; a chip that goes is told and is silence", {
	skip,
}, async (t) => {
	const chip = fakeChip(t);
	const server = await startKvServer(t);
	const device = await startKvDevice(t, {
		server,
		talk: "pushToTalk",
		kv: { button: "gpiochip7:17", buttonDebounce: 30 },
		own: { environment: chip.environment },
	});
	await server.located(1);
	const peer = await joinPeer(t, server);
	assert.equal(
		readFileSync(join(chip.folder, "request"), "utf8"),
		"line 17 of 1 input active-low pull-up debounced 30000 us for fletcher push to talk",
	);
	for (let times = 1; times <= 2; times += 1) {
		chip.set(1);
		await device.process.waitForLog("kv", "talk-began", 2_000, times);
		await hearsMore(peer, 20);
		chip.set(0);
		await device.process.waitForLog("kv", "talk-ended", 2_000, times);
	}
	chip.set(1);
	await device.process.waitForLog("kv", "talk-began", 2_000, 3);
	chip.set(undefined);
	const lost = await device.process.waitForLog("kv", "button-lost");
	assert.equal(lost["reason"], "button gpiochip7:17 is gone (ENODEV)");
	await device.process.waitForLog("kv", "talk-ended", 2_000, 3);
	assert.equal(await talking(device), 0);
	await device.process.stopOrderly();
});

test("KV-14 push to talk: a button that is held when the device starts is pressed; active high is pulled down", {
	skip,
}, async (t) => {
	const chip = fakeChip(t);
	chip.set(1);
	const server = await startKvServer(t);
	const kv = { button: "gpiochip7:0", buttonActive: "high", buttonDebounce: 0 };
	const device = await startKvDevice(t, { server, talk: "pushToTalk", kv, own: { environment: chip.environment } });
	await device.process.waitForLog("kv", "talk-began");
	assert.equal(
		readFileSync(join(chip.folder, "request"), "utf8"),
		"line 0 of 1 input pull-down debounced 0 us for fletcher push to talk",
	);
	await server.located(1);
	await hearsMore(await joinPeer(t, server), 20);
});

for (const [what, button, reason, faked] of [
	["no such chip", "gpiochip99:1", "button gpiochip99:1 is not there: the machine has no such GPIO chip (ENOENT)", false],
	["no chip", "null:1", "button null:1 is on no GPIO chip (ENOTTY)", false],
	["no such line", "gpiochip7:32", "button gpiochip7:32 is not there: the chip has 32 lines", true],
	["a line in use", "gpiochip7:5", 'button gpiochip7:5 is in use by "door bell" (EBUSY)', true],
] as const)
	test(`KV-14 push to talk: ${what} is named at the start, exit status 1`, { skip: faked && skip }, async (t) => {
		const configuration = {
			audio: { input: "tone:440" },
			kv: { server: "127.0.0.1:1", talk: "pushToTalk", button },
			log: { format: "json" },
		};
		const environment = faked ? fakeChip(t).environment : {};
		const device = new TestDevice(temporaryFolder(t), { configuration, environment });
		const failed = await device.waitForLog("device", "start-failed");
		assert.equal(failed["reason"], reason);
		assert.equal((await device.ended).code, 1);
	});
