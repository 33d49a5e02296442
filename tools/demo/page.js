/** The page's part: state arrives by server-sent events, twice a second; the log as it is written. */

/** A browser opens six connections to one place: picture, events, sound and a command need four. */
const VIEWERS = 2;
const SAMPLES = 90;
const LINES = 400;
const SERVICE_NAMES = {
	1: "RTSP",
	2: "Locked RTSP",
	3: "Unknown RTSP",
	4: "Unsupported RTSP",
	5: "HTTP",
	6: "MJPEG",
	7: "Locked MJPEG",
	65535: "TCP",
};

export const $ = (id) => document.getElementById(id);
const rtts = [];
const rates = [];
let connection = -1;

/* ---- figures as text ------------------------------------------------------------------------------------------ */

function bytes(value) {
	if (value < 1000) return `${Math.round(value)} B`;
	if (value < 999_500) return `${(value / 1000).toFixed(value < 9_950 ? 1 : 0)} kB`;
	if (value < 999_500_000) return `${(value / 1e6).toFixed(1)} MB`;
	return `${(value / 1e9).toFixed(2)} GB`;
}

function duration(seconds) {
	if (seconds < 60) return `${Math.round(seconds)} s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
	return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const milliseconds = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const hex4 = (value) => value.toString(16).padStart(4, "0");

export function set(id, text) {
	const node = $(id);
	if (node.textContent !== text) node.textContent = text;
}

export function element(name, className, text) {
	const node = document.createElement(name);
	if (className) node.className = className;
	if (text !== undefined) node.textContent = text;
	return node;
}

/** A line over its area; `floor` is the smallest full scale. */
function spark(id, samples, floor) {
	const top = Math.max(floor, ...samples) * 1.1;
	const step = 120 / (SAMPLES - 1);
	const from = 120 - (samples.length - 1) * step;
	const points = samples.map((value, index) => `${(from + index * step).toFixed(1)},${(32 - (value / top) * 32).toFixed(1)}`);
	const node = $(id);
	if (points.length < 2) {
		node.replaceChildren();
		return;
	}
	const line = `M${points.join("L")}`;
	node.innerHTML = `<path class="area" d="${line}L120,32L${from.toFixed(1)},32Z"/><path d="${line}"/>`;
}

/* ---- panels --------------------------------------------------------------------------------------------------- */

function showTunnel(state) {
	const up = state.tunnel.state === "connected";
	document.body.dataset.tunnel = up ? "up" : "down";
	set(
		"state",
		up
			? `connected for ${duration(state.tunnel.seconds)}`
			: state.tunnel.connects === 0
				? "starting"
				: "tunnel lost, the device is on its way back",
	);
	set("identity", state.tunnel.uuid ?? "");
	set("veil", state.tunnel.connects === 0 ? "Waiting for the tunnel" : "Tunnel lost");
	$("cut").disabled = !up;
	$("ping").disabled = !up;
	const rows = [
		["Service", state.tunnel.address],
		["Encryption", state.tunnel.encryption ?? "–"],
		["Window", up ? bytes(state.tunnel.window) : "–"],
		["Connections so far", String(state.tunnel.connects)],
		["From the device", bytes(state.traffic.in)],
		["To the device", bytes(state.traffic.out)],
		["Rules broken by the device", String(state.violations)],
	];
	$("facts").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
	set("path-camera", state.camera);
	set("path-device", state.metrics?.target ? `${state.metrics.target}, process ${state.process}` : `process ${state.process}`);
	set("path-tunnel", up ? (state.tunnel.encryption ?? "TLS") : "interrupted");
	set("path-service", state.tunnel.address);
	set("path-page", location.host);
}

function showFigures(state) {
	const up = state.tunnel.state === "connected";
	if (up && state.roundTrip) {
		rtts.push(state.roundTrip.last);
		set("rtt", milliseconds(state.roundTrip.last));
		set("rtt-note", `median ${milliseconds(state.roundTrip.median)} ms, p99 ${milliseconds(state.roundTrip.p99)} ms`);
	} else set("rtt", "–");
	rates.push(state.traffic.rateIn);
	if (rtts.length > SAMPLES) rtts.shift();
	if (rates.length > SAMPLES) rates.shift();
	const [value, unit] = bytes(state.traffic.rateIn).split(" ");
	set("rate", value);
	set("rate-unit", `${unit}/s`);
	set("rate-note", `${bytes(state.traffic.rateOut)}/s to the device`);
	spark("rtt-spark", rtts, 1);
	spark("rate-spark", rates, 10_000);
}

function showSessions(state) {
	const limit = state.metrics?.arrow?.limit;
	set("sessions-note", `${state.sessions.length}${limit ? ` of ${limit}` : ""} open, ${state.sessionsOpened} since the start`);
	$("sessions-empty").hidden = state.sessions.length > 0;
	const rows = state.sessions.map((session) => {
		const row = element("tr");
		const service = state.services.find((one) => one.id === session.service);
		const name = service ? `${SERVICE_NAMES[service.type] ?? "?"} :${service.port}` : hex4(session.service);
		for (const text of [String(session.id), name, bytes(session.in), bytes(session.out), duration(session.seconds)])
			row.append(element("td", "", text));
		return row;
	});
	$("sessions").replaceChildren(...rows);
}

function gauge(name, used, total, peak, unit = bytes) {
	const node = element("div", "gauge");
	const text = element("p");
	const limit = total > 0 ? ` of ${unit(total)}` : "";
	text.append(element("span", "", name), element("span", "", `${unit(used)}${limit}${peak > 0 ? `, peak ${unit(peak)}` : ""}`));
	node.append(text);
	if (total > 0) {
		const bar = element("div", "bar");
		bar.setAttribute("role", "meter");
		bar.setAttribute("aria-label", name);
		bar.setAttribute("aria-valuemin", "0");
		bar.setAttribute("aria-valuemax", String(total));
		bar.setAttribute("aria-valuenow", String(used));
		const fill = element("i");
		fill.style.width = `${Math.min(100, (used / total) * 100)}%`;
		bar.append(fill);
		if (peak > used) {
			const tick = element("b");
			tick.style.left = `min(${(peak / total) * 100}%, calc(100% - 2px))`;
			bar.append(tick);
		}
		node.append(bar);
	}
	return node;
}

const shade = (index, count) =>
	`color-mix(in oklab, var(--accent) ${Math.round(100 - (index / Math.max(1, count)) * 72)}%, var(--second))`;

function showMemory(metrics) {
	const memory = metrics?.memory;
	$("memory-empty").hidden = memory !== undefined;
	if (!memory) return;
	const slot = memory.slotSize ?? 1;
	const gauges = [];
	if (memory.slots)
		gauges.push(gauge("Heap slots", memory.slots.used * slot, memory.slots.total * slot, memory.slots.peak * slot));
	if (memory.chunks) gauges.push(gauge("Heap chunks", memory.chunks.used, memory.chunks.total, memory.chunks.peak));
	if (memory.resident) gauges.push(gauge("Resident set of the process", memory.resident, 0, 0));
	$("gauges").replaceChildren(...gauges);
	set(
		"memory-note",
		memory.collections === undefined ? "" : `${memory.collections} garbage collections in ${duration(metrics.uptime ?? 0)}`,
	);
	const plan = (memory.plan ?? []).filter((one) => one.bytes > 0).sort((a, b) => b.bytes - a.bytes);
	$("plan-title").hidden = plan.length === 0;
	$("stack").hidden = plan.length === 0;
	const sum = plan.reduce((total, one) => total + one.bytes, 0);
	set("plan-title", `The plan it booted with: ${bytes(sum)}`);
	$("stack").replaceChildren(
		...plan.map((one, index) => {
			const part = element("i");
			part.style.flexGrow = String(one.bytes);
			part.style.background = shade(index, plan.length);
			part.title = `${one.name}: ${bytes(one.bytes)}`;
			return part;
		}),
	);
	$("plan").replaceChildren(
		...plan.map((one, index) => {
			const row = element("li");
			const dot = element("i");
			dot.style.background = shade(index, plan.length);
			row.title = one.key ? `decided by ${one.key}` : "";
			row.append(dot, element("span", "", one.name), element("em", "", bytes(one.bytes)));
			return row;
		}),
	);
}

/* ---- the picture ---------------------------------------------------------------------------------------------- */

/** A new request for the stream: a new session through the tunnel. */
function play(image) {
	image.src = `/live.mjpeg?${Date.now()}-${Math.random().toString(36).slice(2)}`;
}

function showPicture(state) {
	const { naturalWidth, naturalHeight } = $("live");
	if (naturalWidth > 0) $("frame").style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
	if (state.tunnel.state !== "connected") return;
	if (state.tunnel.connects === connection) return;
	connection = state.tunnel.connects;
	for (const image of document.querySelectorAll("#live, .viewers img")) play(image);
}

function addViewer() {
	const figure = element("figure");
	const image = element("img");
	image.alt = "The same through a session of its own";
	const close = element("button", "", "×");
	close.type = "button";
	close.setAttribute("aria-label", "Close this viewer");
	close.addEventListener("click", () => {
		image.src = "";
		figure.remove();
		$("viewer").disabled = false;
	});
	figure.append(image, close);
	$("viewers").append(figure);
	$("viewer").disabled = $("viewers").childElementCount >= VIEWERS;
	play(image);
}

/* ---- the log -------------------------------------------------------------------------------------------------- */

function clock(time) {
	const date = new Date(typeof time === "number" && time < 1e11 ? time * 1000 : time);
	return Number.isNaN(date.getTime())
		? String(time)
		: `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function addLine(entry) {
	const log = $("log");
	const following = log.scrollTop + log.clientHeight >= log.scrollHeight - 30;
	const { time, level, area, event, ...fields } = entry;
	const line = element("div");
	line.dataset.level = level;
	const text = Object.entries(fields)
		.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
		.join("  ");
	line.append(
		element("time", "", clock(time)),
		element("span", "level", level),
		element("span", "", area),
		element("span", "event", event),
		element("span", "fields", text),
	);
	line.title = text;
	log.append(line);
	while (log.childElementCount > LINES) log.firstElementChild.remove();
	if (following) log.scrollTop = log.scrollHeight;
}

/* ---- putting it together -------------------------------------------------------------------------------------- */

function show(state) {
	showTunnel(state);
	showFigures(state);
	showSessions(state);
	showMemory(state.metrics);
	showPicture(state);
	set("picture-note", `${state.picture.viewers} ${state.picture.viewers === 1 ? "viewer" : "viewers"}`);
}

async function command(path, text) {
	const answer = $("answer");
	try {
		const response = await fetch(path, { method: "POST" });
		const body = await response.json();
		answer.value = response.ok ? text(body) : body.error;
	} catch {
		answer.value = "The demo has ended.";
	}
}

$("cut").addEventListener("click", () => command("/cut", () => "Cut. The device comes back by itself."));
$("ping").addEventListener("click", () => command("/ping", (body) => `Answered in ${milliseconds(body.milliseconds)} ms.`));
$("viewer").addEventListener("click", addViewer);

export const events = new EventSource("/events");
events.addEventListener("state", (message) => show(JSON.parse(message.data)));
events.addEventListener("log", (message) => addLine(JSON.parse(message.data)));
events.addEventListener("error", () => {
	document.body.dataset.tunnel = "down";
	set("state", "the demo has ended");
	set("veil", "The demo has ended");
	// When it runs again the connection counts from the beginning.
	connection = -1;
	$("log").replaceChildren();
});
