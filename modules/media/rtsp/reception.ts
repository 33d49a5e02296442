import { CODEC_NONE } from "media/rtsp/codecs";
import type { RTSPHandler } from "media/rtsp/handler";
import type { RTSPLink } from "media/rtsp/link";
import { REPORT_BYTES, readControl, writeReport } from "media/rtsp/reports";
import { type RTSPTrack, TAKE_PACKET } from "media/rtsp/track";
import type { Arena } from "storage/arena";

/** An interleaved frame's head before a report. */
const FRAME_HEAD = 4;
const DOLLAR = 0x24;

/** Bytes for the reports about so many tracks. */
export function reportsBytes(tracks: number): number {
	return tracks * (FRAME_HEAD + REPORT_BYTES);
}

/** The packets of a stream: from frames and datagrams to the handler, and reports back. */
export class Reception {
	/** PLAY was asked for: packets are taken. */
	active = false;
	/** When the last packet of video came. */
	heard = 0;
	/** Who sends reports. */
	ssrc = 0;
	/** Streams that began; when this one did. */
	plays = 0;
	begunAt = 0;
	/** Frames of channels that nobody asked for. */
	strayFrames = 0;
	readonly tracks: readonly RTSPTrack[];
	/** The handler knows that the stream began. */
	private began = false;
	private readonly arena: Arena;
	private readonly handler: RTSPHandler;
	private readonly link: RTSPLink;
	private readonly udp: boolean;
	/** Where reports are written. */
	readonly reports: number;

	/** Uses {@link reportsBytes} bytes at `reports`. */
	constructor(arena: Arena, reports: number, tracks: readonly RTSPTrack[], udp: boolean, handler: RTSPHandler, link: RTSPLink) {
		this.arena = arena;
		this.reports = reports;
		this.tracks = tracks;
		this.udp = udp;
		this.handler = handler;
		this.link = link;
	}

	/** The stream begins: with the answer to PLAY, or with packets that are faster. */
	begin(now: number): void {
		if (this.began) return;
		this.began = true;
		this.begunAt = now;
		this.plays++;
		this.handler.began(now);
	}

	/** No packet is taken any more. @returns ms that the stream was there. */
	end(now: number): number {
		this.active = false;
		if (!this.began) return 0;
		this.began = false;
		this.handler.ended(now);
		return now - this.begunAt;
	}

	/** The RTP packet of a track. */
	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (!this.active || track.take(this.arena.view, offset, length, now) !== TAKE_PACKET) return;
		if (!this.began) this.begin(now);
		if (track.video) this.heard = now;
		this.handler.packet(track, track.offset, track.length, now);
	}

	/** The control packet of a track. @returns false: the video is over. */
	control(track: RTSPTrack, offset: number, length: number, now: number): boolean {
		return !this.active || readControl(this.arena.view, offset, length, track, now) || !track.video;
	}

	/** An interleaved frame. @returns false: the video is over. */
	frame(channel: number, offset: number, length: number, now: number): boolean {
		const { tracks } = this;
		for (let i = 0; i < tracks.length; i++) {
			const track = tracks[i];
			if (track.codec === CODEC_NONE || this.udp) continue;
			if (channel === track.channel) {
				this.packet(track, offset, length, now);
				return true;
			}
			if (channel === track.controlChannel) return this.control(track, offset, length, now);
		}
		this.strayFrames++;
		return true;
	}

	/** Tells the sender how its packets arrive. @returns bytes at `reports` that are to go over the connection. */
	report(now: number): number {
		let at = this.reports;
		for (let i = 0; i < this.tracks.length; i++) {
			const track = this.tracks[i];
			if (track.codec === CODEC_NONE || track.ssrc < 0) continue;
			writeReport(this.arena, at + FRAME_HEAD, track, this.ssrc, now);
			if (this.udp) this.link.report(i, at + FRAME_HEAD, REPORT_BYTES);
			else {
				this.arena.view.setUint16(at, (DOLLAR << 8) | (track.controlChannel & 0xff));
				this.arena.view.setUint16(at + 2, REPORT_BYTES);
				at += FRAME_HEAD + REPORT_BYTES;
			}
		}
		return at - this.reports;
	}
}
