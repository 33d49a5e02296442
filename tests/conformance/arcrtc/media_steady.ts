import type { Suite } from "unit/suite";

export default function mediaSteady(_suite: Suite): void {}
