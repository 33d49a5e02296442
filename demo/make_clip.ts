/**
 * Draws the demo clip: a lighthouse by the sea at dusk, six seconds that end where they begin. ffmpeg only packs the pictures as Motion-JPEG.
 *
 * usage: npx tsx demo/make_clip.ts [OUTPUT]     (default demo/clip.mjpeg)
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawText } from "./letters.ts";

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = 60;
const RATE = 10;
const HORIZON = 214;
const TOWER = { x: 486, top: 92, foot: 206 };
const TURN = 2 * Math.PI;

type Color = readonly [number, number, number];

function mix(a: Color, b: Color, share: number): Color {
	const t = Math.min(1, Math.max(0, share));
	return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

function add(a: Color, b: Color, share: number): Color {
	return [a[0] + b[0] * share, a[1] + b[1] * share, a[2] + b[2] * share];
}

/** 1 inside, 0 outside, soft over one pixel. */
function edge(distance: number): number {
	return Math.min(1, Math.max(0, 0.5 - distance));
}

const STARS = Array.from({ length: 70 }, (_, i) => ({
	x: (i * 197.3) % WIDTH,
	y: (i * 61.7) % 130,
	phase: (i * 2.4) % TURN,
	size: 0.6 + ((i * 7) % 5) / 8,
}));

function sky(x: number, y: number, phase: number): Color {
	const glow = 0.5 + 0.06 * Math.sin(phase);
	let color = mix([18, 24, 64], [96, 70, 128], y / 120);
	color = mix(color, [244, 140, 92], (y - 90) / 125);
	const sun = Math.hypot((x - 190) / 1.25, y - 196);
	color = add(color, [255, 190, 110], glow * Math.exp(-sun / 70));
	color = mix(color, [255, 232, 176], edge(sun - 26));
	const bank = Math.sin(x / 83 + 1) + Math.sin(x / 41 + phase) * 0.45 + Math.sin(x / 23 - phase) * 0.2;
	const cloud = Math.exp(-(((y - 128 - bank * 7) / 9) ** 2)) * (0.35 + 0.3 * Math.sin(x / 120 + 2));
	return mix(color, [255, 184, 160], cloud);
}

function stars(color: Color, x: number, y: number, phase: number): Color {
	let result = color;
	for (const star of STARS) {
		const distance = Math.hypot(x - star.x, y - star.y);
		if (distance < 3)
			result = add(result, [200, 210, 255], Math.exp(-distance / star.size) * (0.55 + 0.45 * Math.sin(phase * 2 + star.phase)));
	}
	return result;
}

/** Two cones of light that go round with the lamp. */
function beam(color: Color, x: number, y: number, phase: number): Color {
	const lampY = TOWER.top + 8;
	const dx = x - TOWER.x;
	const dy = y - lampY;
	const distance = Math.hypot(dx, dy);
	if (distance < 4) return [255, 250, 214];
	const reach = Math.cos(phase);
	const side = dx * reach > 0 ? Math.abs(reach) : 0;
	const cone = Math.exp(-((dy / (6 + Math.abs(dx) * 0.1)) ** 2)) * Math.exp(-Math.abs(dx) / (60 + 380 * side));
	const flash = Math.max(0, -Math.sin(phase)) ** 12;
	return add(
		add(color, [255, 240, 190], cone * side * 0.75),
		[255, 240, 190],
		Math.exp(-distance / (10 + 50 * flash)) * (0.5 + flash),
	);
}

function hills(color: Color, x: number, y: number): Color {
	const far = 186 + 10 * Math.sin(x / 70) + 6 * Math.sin(x / 31 + 2);
	const near = 200 + 5 * Math.sin(x / 37 + 4) + Math.max(0, 410 - x) ** 1.4 / 30 + Math.max(0, x - 560) ** 1.3 / 40;
	return mix(mix(color, [92, 66, 110], edge(far - y) * 0.9), [34, 30, 52], edge(near - y));
}

function tower(color: Color, x: number, y: number): Color {
	const { x: middle, top, foot } = TOWER;
	if (y < top || y > foot) return color;
	const half = y < top + 18 ? 7 : 8 + ((y - top) / (foot - top)) * 7;
	const cover = edge(Math.abs(x - middle) - half);
	if (cover === 0) return color;
	const band = y < top + 5 || (y > top + 12 && y < top + 18) ? 2 : Math.floor((y - top - 18) / 20) & 1;
	if (y >= top + 5 && y <= top + 12) return color;
	const shade = 0.5 + 0.5 * Math.min(1, Math.max(0, (middle + half - x) / (2 * half)));
	const paint: Color = band === 2 ? [40, 36, 48] : band === 1 ? [190, 52, 48] : [232, 222, 214];
	return mix(color, [paint[0] * shade, paint[1] * shade, paint[2] * shade], cover);
}

function above(x: number, y: number, phase: number): Color {
	return tower(beam(hills(stars(sky(x, y, phase), x, y, phase), x, y), x, y, phase), x, y);
}

/** The sea mirrors what is above it, in waves that are small far out. */
function sea(x: number, y: number, phase: number): Color {
	const depth = (y - HORIZON) / (HEIGHT - HORIZON);
	const scale = 3 + 34 * depth;
	const wave =
		Math.sin(y * (1.9 - 1.4 * depth) - 3 * phase + Math.sin(x / (scale * 2) + phase) * 1.5) +
		0.5 * Math.sin(x / scale + y / 3 + 2 * phase);
	const mirrored = above(x + wave * (1 + 7 * depth), HORIZON - (y - HORIZON) * 0.9 + wave * (1 + 4 * depth), phase);
	const water = mix(mirrored, [16, 30, 58], 0.3 + 0.35 * depth);
	return add(water, [255, 210, 170], 0.1 * Math.max(0, wave - 0.8) * Math.exp(-Math.abs(x - 190) / 160));
}

function boat(color: Color, x: number, y: number, time: number): Color {
	const left = -70 + time * (WIDTH + 140);
	const dx = x - left;
	if (dx < -40 || dx > 40) return color;
	const dy = y - (258 + 2.5 * Math.sin(time * TURN * 3));
	let result = color;
	const hull = Math.max(-dy, dy - 9, Math.abs(dx) - 27 + dy * 1.1);
	result = mix(result, [36, 24, 32], edge(hull));
	const main = Math.max(dy + 4, -(dy + 58), dx - 20 * (1 + dy / 58) - 1, 1 - dx);
	result = mix(result, [250, 236, 214], edge(main));
	const jib = Math.max(dy + 6, -(dy + 50), -dx - 20 * (1 + dy / 50), dx + 2);
	result = mix(result, [228, 128, 96], edge(jib));
	return mix(result, [60, 44, 44], edge(Math.max(Math.abs(dx) - 0.8, dy, -(dy + 60))));
}

function gulls(color: Color, x: number, y: number, time: number): Color {
	let result = color;
	for (let i = 0; i < 3; i++) {
		const middle = ((((time + i * 0.07) % 1) * (WIDTH + 60) + i * 33) % (WIDTH + 60)) - 30;
		const dx = Math.abs(x - (WIDTH - middle));
		if (dx > 10) continue;
		const wing = 76 + i * 15 + 8 * Math.sin(time * TURN + i) - Math.sin(time * TURN * 6 + i) * dx * 0.5 + dx * dx * 0.03;
		result = mix(result, [46, 40, 64], edge(Math.abs(y - wing) - 0.7));
	}
	return result;
}

function draw(index: number): Buffer {
	const time = index / FRAMES;
	const phase = time * TURN;
	const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
	for (let y = 0; y < HEIGHT; y++)
		for (let x = 0; x < WIDTH; x++) {
			const color = gulls(boat(y < HORIZON ? above(x, y, phase) : sea(x, y, phase), x, y, time), x, y, time);
			for (let i = 0; i < 3; i++) pixels[(y * WIDTH + x) * 3 + i] = Math.min(255, Math.max(0, color[i] ?? 0));
		}
	const seconds = Math.floor(index / RATE);
	drawText(pixels, WIDTH, 14, HEIGHT - 26, `FLETCHER DEMO  00:0${seconds}.${index % RATE}`, 2);
	drawText(pixels, WIDTH, WIDTH - 62, HEIGHT - 26, `#${String(index).padStart(3, "0")}`, 2);
	return pixels;
}

const output = process.argv[2] ?? fileURLToPath(new URL("clip.mjpeg", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fletcher-clip-"));
try {
	const raw = join(folder, "clip.rgb");
	writeFileSync(raw, Buffer.concat(Array.from({ length: FRAMES }, (_, index) => draw(index))));
	const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${WIDTH}x${HEIGHT}`, "-r", String(RATE), "-i", raw];
	const packing = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "optimal", "-q:v", "4", "-f", "mjpeg", output];
	const result = spawnSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...input, ...packing], { stdio: "inherit" });
	if (result.error) throw result.error;
	console.log(`${output}: ${FRAMES} pictures, ${statSync(output).size} bytes`);
	process.exitCode = result.status ?? 1;
} finally {
	rmSync(folder, { recursive: true, force: true });
}
