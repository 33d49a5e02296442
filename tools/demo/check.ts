/** `npm start -- --check`: what a person would look at, looked at by the program. */
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { jpegFault, pictures } from "./jpeg_stream.ts";
import { PlainError } from "./plain_error.ts";

const PICTURES = 20;
const TIMEOUT_MS = 15_000;

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
