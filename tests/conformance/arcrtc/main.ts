import keys from "conformance/arcrtc/keys";
import rotation from "conformance/arcrtc/rotation";
import framing from "conformance/arcrtc/framing";
import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(suite: Suite): void {
	keys(suite);
	rotation(suite);
	framing(suite);
}
