/** The second half of the page: meters, figures and sliders of the voice channel, and the sound as it is heard at either end. */
import { $, element, events, set } from "/page.js";

const PLACES = ["gate", "house"];
/** Sound waits for that long before it is played, so that a late piece leaves no gap. */
const LEAD_S = 0.25;
/** More sound than this waits: the browser's clock is slower than the device's, and some is left out. */
const LAG_S = 0.8;
/** A slider that was just moved is not set back by a state that was on its way. */
const HANDS_OFF_MS = 1_500;

const part = (place, name) => $(place).querySelector(`[data-part="${name}"]`);
const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

/* ---- meters and figures ---------------------------------------------------------------------------------------- */

function meter(place, name, value) {
	part(place, name).firstElementChild.style.width = `${Math.round(value * 100)}%`;
}

function showLevels(levels) {
	for (const place of PLACES) for (const name of ["says", "hears"]) meter(place, name, levels[place][name]);
}

function showEnd(place, end) {
	part(place, "process").textContent = end.process > 0 ? `process ${end.process}` : "";
	const speaker = end.speaker;
	const rows = [
		["Packets said, heard", `${end.sent}, ${speaker?.received ?? 0}`],
		["Waiting in the jitter buffer", speaker ? `${(speaker.delayMicroseconds / 1000).toFixed(0)} ms` : "–"],
		["Too late to be played", String(speaker?.late ?? 0)],
		["Made up in the last 3 s", percent(end.mended)],
	];
	part(place, "facts").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}

/* ---- the network ----------------------------------------------------------------------------------------------- */

const sliders = { loss: 100, delay: 1, jitter: 1 };
const moved = {};

function label(name) {
	const input = $(name);
	set(`${name}-value`, `${input.value} ${input.dataset.unit}`);
}

function showNetwork(voice) {
	const { network, measured, cut } = voice;
	for (const [name, scale] of Object.entries(sliders)) {
		if (performance.now() - (moved[name] ?? Number.NEGATIVE_INFINITY) < HANDS_OFF_MS) continue;
		$(name).value = String(Math.round(network[name] * scale));
		label(name);
	}
	$("network").toggleAttribute("data-cut", cut);
	$("network").toggleAttribute("data-live", measured.rate > 0 && !cut);
	set(
		"network-note",
		`Last 3 s: ${percent(measured.loss)} lost, ${measured.delay.toFixed(0)} ms on the way, ${measured.rate.toFixed(0)} packets/s`,
	);
}

function show(voice) {
	const members = voice.members === 1 ? "1 member" : `${voice.members} members`;
	set("voice-note", `channel ${voice.channel ?? "–"} at ${voice.server}, ${members}, ${voice.violations} rules broken`);
	showNetwork(voice);
	for (const place of PLACES) showEnd(place, voice.ends[place]);
}

async function command(path, text) {
	try {
		const response = await fetch(path, { method: "POST" });
		const body = await response.json();
		$("voice-answer").value = response.ok ? text : body.error;
	} catch {
		$("voice-answer").value = "The demo has ended.";
	}
}

for (const [name, scale] of Object.entries(sliders)) {
	$(name).addEventListener("input", () => {
		moved[name] = performance.now();
		label(name);
	});
	$(name).addEventListener("change", () => command(`/voice/network?${name}=${Number($(name).value) / scale}`, ""));
}
$("voice-cut").addEventListener("click", () => command("/voice/cut", "Cut. They find each other again."));
$("voice-move").addEventListener("click", () => command("/voice/move", "The server sees another address."));

/* ---- sound ----------------------------------------------------------------------------------------------------- */

let listening;

/** Plays 16-bit samples as they come. */
class Player {
	constructor(rate) {
		this.context = new AudioContext();
		this.rate = rate;
		this.next = 0;
		this.odd = undefined;
		this.gain = this.context.createGain();
		this.gain.connect(this.context.destination);
	}

	push(bytes) {
		let data = bytes;
		if (this.odd !== undefined) {
			data = new Uint8Array(bytes.length + 1);
			data[0] = this.odd;
			data.set(bytes, 1);
		}
		this.odd = data.length % 2 === 1 ? data[data.length - 1] : undefined;
		const count = data.length >> 1;
		const now = this.context.currentTime;
		if (count === 0 || this.next > now + LAG_S) return;
		const view = new DataView(data.buffer, data.byteOffset, count * 2);
		const buffer = this.context.createBuffer(1, count, this.rate);
		const samples = buffer.getChannelData(0);
		for (let index = 0; index < count; index += 1) samples[index] = view.getInt16(index * 2, true) / 32768;
		const source = this.context.createBufferSource();
		source.buffer = buffer;
		source.connect(this.gain);
		if (this.next < now) this.next = now + LEAD_S;
		source.start(this.next);
		this.next += buffer.duration;
	}

	close() {
		this.context.close();
	}
}

function stopListening() {
	listening?.abort();
	listening = undefined;
	for (const button of document.querySelectorAll("[data-listen]")) button.setAttribute("aria-pressed", "false");
}

async function listen(place, button) {
	stopListening();
	const control = new AbortController();
	listening = control;
	button.setAttribute("aria-pressed", "true");
	let player;
	try {
		const response = await fetch(`/voice/heard/${place}`, { signal: control.signal });
		if (!response.ok) throw new Error((await response.json()).error);
		player = new Player(Number(/rate=(\d+)/.exec(response.headers.get("content-type"))[1]));
		const reader = response.body.getReader();
		for (;;) {
			const { done, value } = await reader.read();
			if (done) break;
			player.push(value);
			button.dataset.played = String(Number(button.dataset.played ?? 0) + value.length);
		}
	} catch (error) {
		if (!control.signal.aborted) $("voice-answer").value = error.message;
	} finally {
		player?.close();
		if (listening === control) stopListening();
	}
}

for (const button of document.querySelectorAll("[data-listen]"))
	button.addEventListener("click", () => {
		if (button.getAttribute("aria-pressed") === "true") stopListening();
		else listen(button.dataset.listen, button);
	});

events.addEventListener("state", (message) => show(JSON.parse(message.data).voice));
events.addEventListener("levels", (message) => showLevels(JSON.parse(message.data)));
