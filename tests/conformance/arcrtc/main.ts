import fec from "conformance/arcrtc/fec";
import fecAnalysis from "conformance/arcrtc/fec_analysis";
import framing from "conformance/arcrtc/framing";
import jitter from "conformance/arcrtc/jitter";
import quality from "conformance/arcrtc/quality";
import sendQueue from "conformance/arcrtc/send_queue";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	fec(suite);
	fecAnalysis(suite);
	framing(suite);
	jitter(suite);
	quality(suite);
	sendQueue(suite);
}
