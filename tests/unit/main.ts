import { args, exit } from "host/host";
import { runProbe } from "unit/probes";
import rtspClient from "unit/rtsp_client";
import rtspParts from "unit/rtsp_parts";
import { runRTSPProbe } from "unit/rtsp_probe";
import { runLimitsProbe } from "unit/probes_limits";
import { Runner } from "unit/runner";
import { runSendProbe } from "unit/send_probe";
import { runTlsProbe } from "unit/tls_probe";
import { runArcrtpBench } from "unit/arcrtp_bench";
import { runVoiceBench } from "unit/voice_bench";
import { runVoiceDelay } from "unit/voice_delay";
import audioAlsa from "unit/audio_alsa";
import audioOpen from "unit/audio_open";
import audioOpus from "unit/audio_opus";
import audioOpusPacket from "unit/audio_opus_packet";
import { runAudioProbe } from "unit/audio_probe";
import audioResample from "unit/audio_resample";
import audioSamples from "unit/audio_samples";
import audioWav from "unit/audio_wav";
import arrowFiles from "unit/arrow_files";
import packetQueue from "unit/packet_queue";
import packetReceiver from "unit/packet_receiver";
import voiceArrival from "unit/voice_arrival";
import voiceJitter from "unit/voice_jitter";
import voiceMemory from "unit/voice_memory";
import voiceNetwork from "unit/voice_network";
import voiceSignal from "unit/voice_signal";
import voiceTalker from "unit/voice_talker";
import crypto from "unit/crypto";
import tlsEngine from "unit/tls_engine";
import engine from "unit/engine";
import metrics from "unit/metrics";
import config from "unit/config";
import identity from "unit/identity";
import log from "unit/log";
import camera from "unit/camera";
import discoveryHostile from "unit/discovery_hostile";
import discoveryHTTP from "unit/discovery_http";
import discoveryRTSP from "unit/discovery_rtsp";
import discoveryScanner from "unit/discovery_scanner";
import discoveryTargets from "unit/discovery_targets";
import discoveryNative from "unit/discovery_native";
import discoveryEndpoint from "unit/discovery_endpoint";
import discoveryPart from "unit/discovery_part";
import http from "unit/http";
import rtpAudio from "unit/rtp_audio";
import rtpJPEG from "unit/rtp_jpeg";
import rtpMemory from "unit/rtp_memory";
import rtpNAL from "unit/rtp_nal";
import { runRTPProbe } from "unit/rtp_probe";
import rtpVideo from "unit/rtp_video";
import parts from "unit/parts";
import httpServer from "unit/http_server";
import httpConnection from "unit/http_connection";
import clock from "unit/clock";
import timer from "unit/timer";
import stream from "unit/stream";
import streamEnd from "unit/stream_end";
import listener from "unit/listener";
import datagram from "unit/datagram";
import resolver from "unit/resolver";
import files from "unit/files";
import mjpeg from "unit/mjpeg";
import ring from "unit/ring";
import pool from "unit/pool";
import plan from "unit/plan";
import backoff from "unit/backoff";
import exclusiveOr from "unit/exclusive_or";
import wire from "unit/wire";
import hmacSha1 from "unit/hmac_sha1";
import jsonReader from "unit/json_reader";
import arcrtc from "conformance/arcrtc/main";
import arrow from "conformance/arrow/main";
import kvPart from "unit/kv_part";
import kv from "conformance/kv/main";
import fuzz, { fuzzCommand } from "fuzz/main";

/** Every file of tests that runs on XS. */
export default function main(): void {
	const [first, second, third] = args();
	if (first === "--probe" && second !== undefined) {
		if (
			!runProbe(second) &&
			!runAudioProbe(second) &&
			!runArcrtpBench(second) &&
			!runSendProbe(second, Number(third)) &&
			!runRTPProbe(second) &&
			!runVoiceBench(second) &&
			!runRTSPProbe(second, args().slice(2)) &&
			!runVoiceDelay(second, third) &&
			!runLimitsProbe(second, third)
		)
			throw new Error(`${second}: no such probe`);
		return;
	}
	if (first === "--fuzz") {
		exit(fuzzCommand(second ?? "", Number(third), Number(args()[3])));
		return;
	}
	if (first === "--tls") {
		runTlsProbe(args().slice(1));
		return;
	}
	const short = first === "--short";
	const runner = new Runner(short);
	engine(runner);
	clock(runner);
	timer(runner);
	stream(runner);
	streamEnd(runner);
	listener(runner);
	datagram(runner);
	resolver(runner);
	files(runner);
	crypto(runner);
	hmacSha1(runner);
	tlsEngine(runner);
	audioSamples(runner);
	audioResample(runner);
	audioOpus(runner);
	audioOpusPacket(runner);
	audioWav(runner);
	audioOpen(runner);
	audioAlsa(runner);
	packetQueue(runner);
	packetReceiver(runner);
	voiceArrival(runner);
	voiceJitter(runner);
	voiceMemory(runner);
	voiceNetwork(runner);
	voiceSignal(runner);
	voiceTalker(runner);
	mjpeg(runner);
	http(runner);
	parts(runner);
	httpServer(runner);
	httpConnection(runner);
	rtspParts(runner);
	rtspClient(runner);
	rtpJPEG(runner);
	rtpNAL(runner);
	rtpAudio(runner);
	rtpVideo(runner);
	rtpMemory(runner);
	ring(runner);
	pool(runner);
	plan(runner);
	backoff(runner);
	exclusiveOr(runner);
	wire(runner);
	jsonReader(runner);
	arrow(runner);
	kv(runner);
	arcrtc(runner);
	kvPart(runner);
	discoveryRTSP(runner);
	discoveryHTTP(runner);
	discoveryHostile(runner);
	discoveryScanner(runner);
	discoveryTargets(runner);
	discoveryNative(runner);
	discoveryEndpoint(runner);
	discoveryPart(runner);
	camera(runner);
	log(runner);
	identity(runner);
	arrowFiles(runner);
	config(runner);
	metrics(runner);
	fuzz(runner);
	runner.run(short ? second : first);
}
