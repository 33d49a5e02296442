import bridge from "conformance/arcrtc/bridge";
import codecs from "conformance/arcrtc/codecs";
import framing from "conformance/arcrtc/framing";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	bridge(suite);
	codecs(suite);
	framing(suite);
}
