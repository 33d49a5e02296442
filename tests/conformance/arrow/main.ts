import control from "conformance/arrow/control";
import discovered from "conformance/arrow/discovered";
import endpoint from "conformance/arrow/endpoint";
import flow from "conformance/arrow/flow";
import handshake from "conformance/arrow/handshake";
import names from "conformance/arrow/names";
import pings from "conformance/arrow/pings";
import register from "conformance/arrow/register";
import report from "conformance/arrow/report";
import retry from "conformance/arrow/retry";
import sessions from "conformance/arrow/sessions";
import split from "conformance/arrow/split";
import steady from "conformance/arrow/steady";
import tails from "conformance/arrow/tails";
import type { Suite } from "unit/suite";

/** All conformance tests of Arrow that run on XS. */
export default function arrow(suite: Suite): void {
	register(suite);
	handshake(suite);
	control(suite);
	sessions(suite);
	flow(suite);
	split(suite);
	retry(suite);
	steady(suite);
	endpoint(suite);
	names(suite);
	pings(suite);
	discovered(suite);
	report(suite);
	tails(suite);
}
