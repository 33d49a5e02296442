import bridge from "conformance/arcrtc/bridge";
import codecs from "conformance/arcrtc/codecs";
import controlLosses from "conformance/arcrtc/control_losses";
import controlPackets from "conformance/arcrtc/control_packets";
import controlReports from "conformance/arcrtc/control_reports";
import fec from "conformance/arcrtc/fec";
import fecAnalysis from "conformance/arcrtc/fec_analysis";
import framing from "conformance/arcrtc/framing";
import headers from "conformance/arcrtc/headers";
import impaired from "conformance/arcrtc/impaired";
import jitter from "conformance/arcrtc/jitter";
import keys from "conformance/arcrtc/keys";
import quality from "conformance/arcrtc/quality";
import rotation from "conformance/arcrtc/rotation";
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
	controlLosses(suite);
	controlPackets(suite);
	controlReports(suite);
	fec(suite);
	fecAnalysis(suite);
	framing(suite);
	headers(suite);
	impaired(suite);
	jitter(suite);
	keys(suite);
	quality(suite);
	rotation(suite);
	sealed(suite);
	sendQueue(suite);
	stun(suite);
	voiceJitter(suite);
	windows(suite);
}
