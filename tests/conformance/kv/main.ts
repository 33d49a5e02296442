import control from "conformance/kv/control";
import session from "conformance/kv/session";
import wire from "conformance/kv/wire";
import type { Suite } from "unit/suite";

/** All conformance tests of KV that run on XS. */
export default function kv(suite: Suite): void {
	wire(suite);
	control(suite);
	session(suite);
}
