import control from "conformance/kv/control";
import endpoint from "conformance/kv/endpoint";
import footprint from "conformance/kv/footprint";
import hardNetwork from "conformance/kv/hard_network";
import membership from "conformance/kv/membership";
import session from "conformance/kv/session";
import steady from "conformance/kv/steady";
import wire from "conformance/kv/wire";
import type { Suite } from "unit/suite";

/** All conformance tests of KV that run on XS. */
export default function kv(suite: Suite): void {
	wire(suite);
	control(suite);
	session(suite);
	membership(suite);
	steady(suite);
	endpoint(suite);
	hardNetwork(suite);
	footprint(suite);
}
