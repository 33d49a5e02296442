import type { Listener } from "media/voice/listener";
import type { Speaker } from "media/voice/speaker";
import type { Talker } from "media/voice/talker";
import { constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

const KEY = Object.freeze({
	voice: constantText("voice"),
	sent: constantText("sent"),
	frames: constantText("frames"),
	packets: constantText("packets"),
	quiet: constantText("quiet"),
	withheld: constantText("withheld"),
	skipped: constantText("skipped"),
	failed: constantText("failed"),
	level: constantText("level"),
	missing: constantText("missing"),
	heard: constantText("heard"),
	refused: constantText("refused"),
	overruns: constantText("overruns"),
	dry: constantText("dry"),
	speakers: constantText("speakers"),
	received: constantText("received"),
	played: constantText("played"),
	lost: constantText("lost"),
	late: constantText("late"),
	duplicates: constantText("duplicates"),
	reordered: constantText("reordered"),
	dropped: constantText("dropped"),
	strange: constantText("strange"),
	damaged: constantText("damaged"),
	concealed: constantText("concealed"),
	recovered: constantText("recovered"),
	pauses: constantText("pauses"),
	restarts: constantText("restarts"),
	delay: constantText("delayMicroseconds"),
	target: constantText("targetMicroseconds"),
	drift: constantText("driftPpm"),
	shortened: constantText("shortened"),
	lengthened: constantText("lengthened"),
});

/** What is shown of a voice path. */
export interface VoiceEnds {
	readonly talker: Talker;
	readonly listener: Listener;
}

/** Writes the member `voice`: what is sent, what is heard, and each speaker who has a place. */
export function writeVoiceFigures(figures: Figures, ends: VoiceEnds): void {
	const { talker, listener } = ends;
	figures.open(KEY.voice);
	figures.open(KEY.sent);
	figures.number(KEY.frames, talker.frames);
	figures.number(KEY.packets, talker.packets);
	figures.number(KEY.quiet, talker.quiet);
	figures.number(KEY.withheld, talker.withheld);
	figures.number(KEY.skipped, talker.skipped);
	figures.number(KEY.failed, talker.failed);
	figures.number(KEY.missing, talker.missing);
	figures.number(KEY.level, talker.level);
	figures.close();
	figures.open(KEY.heard);
	figures.number(KEY.level, listener.level);
	figures.number(KEY.dry, listener.dry);
	figures.number(KEY.refused, listener.refused);
	figures.number(KEY.overruns, listener.overruns);
	figures.close();
	figures.openList(KEY.speakers);
	for (let i = 0; i < listener.speakers.length; i++) if (listener.speakers[i].taken) writeSpeaker(figures, listener.speakers[i]);
	figures.closeList();
	figures.close();
}

function writeSpeaker(figures: Figures, speaker: Speaker): void {
	const { jitter, sequencer } = speaker;
	const counters = jitter.counters;
	figures.open();
	figures.number(KEY.level, speaker.level);
	figures.number(KEY.received, counters.received + sequencer.copies);
	figures.number(KEY.played, counters.played);
	figures.number(KEY.lost, counters.lost);
	figures.number(KEY.late, counters.late);
	figures.number(KEY.duplicates, counters.duplicates + sequencer.copies);
	figures.number(KEY.reordered, counters.reordered);
	figures.number(KEY.dropped, counters.dropped);
	figures.number(KEY.strange, counters.strange);
	figures.number(KEY.damaged, speaker.damaged);
	figures.number(KEY.concealed, counters.concealed);
	figures.number(KEY.recovered, counters.recovered);
	figures.number(KEY.pauses, counters.pauses);
	figures.number(KEY.restarts, counters.restarts);
	figures.number(KEY.delay, jitter.delay * 1000);
	figures.number(KEY.target, jitter.target * 1000);
	figures.number(KEY.drift, jitter.drift);
	figures.number(KEY.shortened, speaker.shortened);
	figures.number(KEY.lengthened, speaker.lengthened);
	figures.close();
}
