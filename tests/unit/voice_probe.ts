import { print } from "host/host";
import { Line } from "unit/voice_line";
export function probe(name: string): boolean {
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
						`n${numbered} loss ${loss} jit ${jitter} drift ${drift}: sent ${line.sent} lost ${line.lost} copied ${line.copied} | rec ${c.received} pl ${c.played} lost ${c.lost} late ${c.late} dup ${c.duplicates}+${line.listener.speakers[0].sequencer.copies} reo ${c.reordered} drop ${c.dropped} conc ${c.concealed} next ${c.withNext} paus ${c.pauses} rest ${c.restarts} | delay ${line.jitterBuffer.delay.toFixed(1)} target ${line.jitterBuffer.target.toFixed(1)} drift ${line.jitterBuffer.drift.toFixed(0)} short ${line.listener.speakers[0].shortened} long ${line.listener.speakers[0].lengthened} starved ${(line.sink.starved - starved).toFixed(0)} dry ${line.listener.dry} dis ${line.decoder.disorder}`,
					);
				}
	return true;
}
