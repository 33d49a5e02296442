import bridge from "conformance/arcrtc/bridge";
import codecs from "conformance/arcrtc/codecs";
import contexts from "conformance/arcrtc/contexts";
import controlLosses from "conformance/arcrtc/control_losses";
import controlPackets from "conformance/arcrtc/control_packets";
import controlReports from "conformance/arcrtc/control_reports";
import epochs from "conformance/arcrtc/epochs";
import fec from "conformance/arcrtc/fec";
import fecAnalysis from "conformance/arcrtc/fec_analysis";
import framing from "conformance/arcrtc/framing";
import headers from "conformance/arcrtc/headers";
import jitter from "conformance/arcrtc/jitter";
import mediaSession from "conformance/arcrtc/media_session";
import packetsSteady from "conformance/arcrtc/packets_steady";
import quality from "conformance/arcrtc/quality";
import sealed from "conformance/arcrtc/sealed";
import sendQueue from "conformance/arcrtc/send_queue";
import stun from "conformance/arcrtc/stun";
import voiceJitter from "conformance/arcrtc/voice_jitter";
import windows from "conformance/arcrtc/windows";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	bridge(suite);
	codecs(suite);
	contexts(suite);
	controlLosses(suite);
	controlPackets(suite);
	controlReports(suite);
	epochs(suite);
	fec(suite);
	fecAnalysis(suite);
	framing(suite);
	headers(suite);
	jitter(suite);
	mediaSession(suite);
	packetsSteady(suite);
	quality(suite);
	sealed(suite);
	sendQueue(suite);
	stun(suite);
	voiceJitter(suite);
	windows(suite);
}
