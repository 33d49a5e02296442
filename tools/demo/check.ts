/** `npm start -- --check`: what a person would look at, looked at by the program. */
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { jpegFault, pictures } from "./jpeg_stream.ts";
import { PlainError } from "./plain_error.ts";
import { PLACES } from "./voice_demo.ts";
import type { Place } from "./voice_demo.ts";

const PICTURES = 20;
const TIMEOUT_MS = 15_000;

const SOUND_S = 8;
/** Root of the mean square of samples of 16 bits that is no silence, and part of the time in which somebody has to be heard. */
const LOUD = 200;
const HEARD = 0.15;

/** Listens at both ends of the voice channel. @returns the line to print. @throws PlainError naming what is wrong. */
export async function checkVoice(port: number): Promise<string> {
	const shares = await Promise.all(PLACES.map((place) => listen(port, place)));
	const words = PLACES.map((place, index) => `${((shares[index] as number) * 100).toFixed(0)} % of the time at the ${place}`);
	const deaf = PLACES.find((_, index) => (shares[index] as number) < HEARD);
	if (deaf !== undefined) throw new PlainError(`nobody is heard at the ${deaf}: voice ${words.join(", ")}`);
	return `voice in ${SOUND_S} s of sound: ${words.join(", ")}`;
}

/** @returns the part of some seconds in which there was sound */
async function listen(port: number, place: Place): Promise<number> {
	const response = await fetch(`http://127.0.0.1:${port}/voice/heard/${place}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
	const rate = Number(/rate=(\d+)/.exec(response.headers.get("content-type") ?? "")?.[1] ?? 0);
	if (!response.ok || rate === 0 || response.body === null)
		throw new PlainError(`no sound of the ${place}: status ${response.status}`);
	let data = Buffer.alloc(0);
	try {
		for await (const chunk of response.body) {
			data = Buffer.concat([data, chunk as Uint8Array]);
			if (data.length >= rate * 2 * SOUND_S) break;
		}
	} catch {
		throw new PlainError(`only ${(data.length / 2 / rate).toFixed(1)} s of sound came from the ${place}`);
	}
	const frame = rate / 20;
	let loud = 0;
	for (let start = 0; start < SOUND_S * 20; start += 1) {
		let sum = 0;
		for (let index = 0; index < frame; index += 1) sum += data.readInt16LE((start * frame + index) * 2) ** 2;
		if (Math.sqrt(sum / frame) > LOUD) loud += 1;
	}
	return loud / (SOUND_S * 20);
}

/** Fetches pictures from the page's own stream. @returns the line to print. @throws PlainError naming what is wrong. */
export async function checkPage(port: number): Promise<string> {
	const timer = AbortSignal.timeout(TIMEOUT_MS);
	const page = await fetch(`http://127.0.0.1:${port}/`, { signal: timer });
	if (!page.ok || !(await page.text()).includes("/page.js")) throw new PlainError(`the page answers with status ${page.status}`);
	const response = await new Promise<IncomingMessage>((resolve, reject) => {
		get({ port, host: "127.0.0.1", path: "/live.mjpeg", agent: false, signal: timer }, resolve).once("error", reject);
	}).catch((error: Error) => {
		throw new PlainError(`the stream does not begin: ${error.message}`);
	});
	const different = new Set<string>();
	let count = 0;
	let bytes = 0;
	const start = performance.now();
	try {
		for await (const picture of pictures(response)) {
			const fault = jpegFault(picture);
			if (fault !== undefined) throw new PlainError(`picture ${count + 1} through the tunnel is no whole JPEG: ${fault}`);
			different.add(picture.toString("base64"));
			count += 1;
			bytes += picture.length;
			if (count === PICTURES) break;
		}
	} catch (error) {
		if (error instanceof PlainError) throw error;
		throw new PlainError(`the stream broke after ${count} pictures: ${(error as Error).message}`);
	} finally {
		response.destroy();
	}
	if (count < PICTURES) throw new PlainError(`the stream ended after ${count} of ${PICTURES} pictures`);
	if (different.size < PICTURES / 2) throw new PlainError(`of ${count} pictures only ${different.size} differ`);
	const seconds = (performance.now() - start) / 1_000;
	return `${count} whole pictures through the tunnel in ${seconds.toFixed(1)} s, ${different.size} different, ${bytes} bytes`;
}
