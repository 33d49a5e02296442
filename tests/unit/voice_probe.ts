import { exit, print } from "host/host";
import { Line } from "unit/voice_line";
import { File, FileWriter } from "files/files";
import { args } from "host/host";
import { OpusDecoder, OpusEncoder } from "media/audio/opus";
import { SETTINGS } from "unit/voice_line";

const RATE = 16000;
/** file loss% jitter frame numbered fec seed out */
function quality(): void {
	const a = args();
	const input = new File(a[2] as string);
	const loss = Number(a[3]) / 100;
	const jitter = Number(a[4]);
	const frame = Number(a[5]);
	const numbered = a[6] === "1";
	const fec = a[7] === "1";
	const samples = (RATE / 1000) * frame;
	const expected = Number(a[10] ?? 10);
	const encoder = new OpusEncoder({ rate: RATE, frame, bitrate: 24000, complexity: 5, fec, expectedLoss: expected });
	let at = 0;
	let bytes = 0;
	const line = new Line({
		settings: { ...SETTINGS, rate: RATE, frame, packetBytes: 504, longest: 60 },
		numbered,
		loss,
		jitter,
		seed: Number(a[8]),
		more: samples * 2,
		decoder: () => new OpusDecoder(RATE),
		make: (line, offset) => {
			if (at + samples * 2 > input.size) {
				line.paused = true;
				return 0;
			}
			input.read(line.arena.buffer, line.more, samples * 2, at);
			at += samples * 2;
			const n = encoder.encode(line.arena.buffer, line.more, samples, offset, 504);
			bytes += n;
			return n;
		},
	});
	const out = new FileWriter(a[9] as string);
	let to = 0;
	line.sink.onWrite = (buffer, offset, count) => {
		out.write(buffer, offset, count * 2, to);
		to += count * 2;
	};
	line.run((input.size / 2 / RATE) * 1000 + 500);
	const c = line.jitterBuffer.counters;
	print(
		`sent ${line.sent} lost ${line.lost} | kbps ${((bytes * 8) / (input.size / 2 / RATE) / 1000).toFixed(1)} pl ${c.played} lost ${c.lost} late ${c.late} conc ${c.concealed} rec ${c.recovered} delay ${line.jitterBuffer.delay.toFixed(0)} target ${line.jitterBuffer.target.toFixed(0)} short ${line.listener.speakers[0].shortened} long ${line.listener.speakers[0].lengthened}`,
	);
	exit(0);
}
export function probe(name: string): boolean {
	if (name === "voice-quality") {
		quality();
		return true;
	}
	if (name !== "voice-line") return false;
	for (let numbered = 0; numbered < 2; numbered++)
		for (let loss = 0; loss <= 10; loss += 5)
			for (let jitter = 0; jitter <= 40; jitter += 20)
				for (let drift = -200; drift <= 200; drift += 200) {
					const line = new Line({
						numbered: numbered === 1,
						loss: loss / 100,
						jitter,
						drift,
						sinkDrift: -drift / 2,
						duplicates: 0.01,
					});
					line.run(5000);
					const starved = line.sink.starved;
					line.run(115000);
					const c = line.jitterBuffer.counters;
					print(
						`n${numbered} loss ${loss} jit ${jitter} drift ${drift}: sent ${line.sent} lost ${line.lost} copied ${line.copied} | rec ${c.received} pl ${c.played} lost ${c.lost} late ${c.late} dup ${c.duplicates}+${line.listener.speakers[0].sequencer.copies} reo ${c.reordered} drop ${c.dropped} conc ${c.concealed} next ${c.recovered} paus ${c.pauses} rest ${c.restarts} | delay ${line.jitterBuffer.delay.toFixed(1)} target ${line.jitterBuffer.target.toFixed(1)} drift ${line.jitterBuffer.drift.toFixed(0)} short ${line.listener.speakers[0].shortened} long ${line.listener.speakers[0].lengthened} starved ${(line.sink.starved - starved).toFixed(0)} dry ${line.listener.dry} dis ${line.decoder.disorder}`,
					);
				}
	exit(0);
	return true;
}
