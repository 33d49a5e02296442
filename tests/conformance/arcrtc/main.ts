import type { Suite } from "unit/suite";

/** All conformance tests of ArcRTC that run on XS. */
export default function arcrtc(_suite: Suite): void {}
