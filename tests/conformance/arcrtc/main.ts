import framing from "conformance/arcrtc/framing";
import impaired from "conformance/arcrtc/impaired";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	framing(suite);
	impaired(suite);
}
