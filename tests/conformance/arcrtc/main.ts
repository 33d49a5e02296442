import controlPackets from "conformance/arcrtc/control_packets";
import framing from "conformance/arcrtc/framing";
import headers from "conformance/arcrtc/headers";
import sealed from "conformance/arcrtc/sealed";
import stun from "conformance/arcrtc/stun";
import windows from "conformance/arcrtc/windows";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	controlPackets(suite);
	framing(suite);
	headers(suite);
	sealed(suite);
	stun(suite);
	windows(suite);
}
