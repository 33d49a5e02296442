import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { chromium } from "playwright-core";
import { listenOn } from "../peers/arrow_service.ts";
import { poll } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { root } from "./device.ts";

interface Started {
	readonly child: ChildProcess;
	output(): string;
	/** Resolves with the exit code. */
	readonly ended: Promise<number | null>;
}

/** `npm start` with arguments, as the head of a process group, which is what a terminal makes of it. */
function start(t: TestContext, ...args: string[]): Started {
	const child = spawn(process.execPath, [join(root, "tools/run.mjs"), "start", ...args], { cwd: root, detached: true });
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.on("data", (text: Buffer) => {
			output += text.toString();
		});
	}
	const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
	atEnd(t, async () => {
		if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
		await ended;
	});
	return { child, output: () => output, ended };
}

/** Processes whose process group is this one. */
function group(leader: number): string[] {
	const members: string[] = [];
	for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
		try {
			const fields = readFileSync(`/proc/${name}/stat`, "latin1")
				.replace(/^.*\) /s, "")
				.split(" ");
			if (Number(fields[2]) === leader && fields[0] !== "Z") members.push(name);
		} catch {
			// It ended while its folder was read.
		}
	}
	return members;
}

async function openPage(t: TestContext, port: string): Promise<{ page: Page; faults: string[] }> {
	const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", chromiumSandbox: process.getuid?.() !== 0 });
	atEnd(t, () => browser.close());
	const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
	const faults: string[] = [];
	page.on("pageerror", (error) => faults.push(error.message));
	await page.goto(`http://localhost:${port}/`);
	return { page, faults };
}

const shot = (page: Page): Promise<Buffer> => page.locator("#live").screenshot();

async function waitForMotion(page: Page): Promise<void> {
	const first = await shot(page);
	let moved = false;
	for (let tries = 0; tries < 50 && !moved; tries += 1) {
		await page.waitForTimeout(100);
		moved = !(await shot(page)).equals(first);
	}
	assert.ok(moved, "two screenshots of the picture are the same");
}

/** The second half: meters of both devices move, the network does what its sliders say, the sound arrives in the page. */
async function lookAtVoice(page: Page): Promise<void> {
	for (const place of ["gate", "house"])
		for (const what of ["says", "hears"])
			await page.waitForFunction(`parseFloat(document.querySelector("#${place} [data-part=${what}] i").style.width) > 20`);
	await page.locator("#loss").fill("30");
	await page.waitForFunction("document.querySelector('#loss-value').textContent === '30 %'");
	await page.waitForFunction("Number(/([\\d.]+) % lost/.exec(document.querySelector('#network-note').textContent)?.[1]) > 15");
	await page.locator("#loss").fill("0");
	await page.locator("#delay").fill("200");
	await page.waitForFunction("Number(/(\\d+) ms on/.exec(document.querySelector('#network-note').textContent)?.[1]) > 180");
	await page.click("[data-listen=house]");
	await page.waitForFunction("Number(document.querySelector('[data-listen=house]').dataset.played) > 32000");
	await page.click("[data-listen=house]");
	await page.waitForFunction("document.querySelector('[data-listen=house]').getAttribute('aria-pressed') === 'false'");
	await page.click("#voice-move");
	await page.click("#voice-cut");
	await page.waitForFunction("document.querySelector('#network').hasAttribute('data-cut')");
	await page.waitForFunction("document.querySelector('#network').hasAttribute('data-live')");
	await page.waitForFunction("parseFloat(document.querySelector('#house [data-part=hears] i').style.width) > 20");
}

test("DEMO --check fetches pictures through the tunnel, hears voice at both ends, ends with 0 and leaves no process", async (t) => {
	const { child, output, ended } = start(t, "--check");
	assert.equal(await ended, 0, output());
	assert.match(output(), /20 whole pictures through the tunnel/);
	assert.match(output(), /voice in 8 s of sound: \d+ % of the time at the gate, \d+ % of the time at the house/);
	assert.deepEqual(group(child.pid ?? 0), []);
});

test("DEMO the page shows a moving picture, figures and the log; a cut tunnel comes back; Ctrl-C ends all of it", async (t) => {
	const { child, output, ended } = start(t, "--port", "0");
	await poll(() => /http:\/\/localhost:\d+\//.test(output()) || child.exitCode !== null, 60_000, output);
	const port = /http:\/\/localhost:(\d+)\//.exec(output())?.[1];
	assert.ok(port, output());
	const { page, faults } = await openPage(t, port);

	await page.waitForFunction("document.querySelector('#live').naturalWidth > 0");
	await waitForMotion(page);
	await page.waitForFunction("document.querySelectorAll('#sessions tr').length >= 1");
	await page.waitForFunction(
		"document.querySelectorAll('.gauge').length >= 2 && document.querySelectorAll('#plan li').length > 3",
	);
	await page.waitForFunction("Number(document.querySelector('#rtt').textContent) > 0");
	assert.match((await page.locator("#log").textContent()) ?? "", /arrow/);

	await page.click("#viewer");
	await page.waitForFunction("document.querySelectorAll('#sessions tr').length >= 2");
	await page.click("#ping");
	await page.waitForFunction("/Answered in/.test(document.querySelector('#answer').value)");

	await page.click("#cut");
	await page.waitForFunction("document.body.dataset.tunnel === 'down'");
	await page.waitForFunction("document.body.dataset.tunnel === 'up'");
	await waitForMotion(page);
	await lookAtVoice(page);
	assert.deepEqual(faults, []);

	process.kill(-(child.pid ?? 0), "SIGINT");
	assert.equal(await ended, 0, output());
	assert.deepEqual(group(child.pid ?? 0), []);
});

test("DEMO a taken port, a wrong option and --help are answered by a clear line", async (t) => {
	const taken = createServer();
	const port = await listenOn(taken, 0);
	atEnd(t, () => taken.close());
	const refused = start(t, "--port", String(port));
	assert.equal(await refused.ended, 1);
	assert.match(refused.output(), new RegExp(`^fletcher: port ${port} is taken: give another one with --port$`, "m"));
	const wrong = start(t, "--prot", "1");
	assert.equal(await wrong.ended, 1);
	assert.match(wrong.output().trim(), /^fletcher: Unknown option '--prot'[^\n]*$/);
	const number = start(t, "--port", "65536");
	assert.equal(await number.ended, 1);
	assert.match(number.output().trim(), /^fletcher: --port 65536[^\n]*$/);
	const help = start(t, "--help");
	assert.equal(await help.ended, 0);
	assert.match(help.output(), /^usage: npm start/);
});
