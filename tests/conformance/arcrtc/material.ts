import { MATERIAL_BYTES } from "arcrtc/constants";

/** Keys of an epoch, made up. */
export function material(epoch: number): ArrayBuffer {
	const bytes = new Uint8Array(MATERIAL_BYTES);
	for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + 1 + epoch * 13) & 0xff;
	return bytes.buffer;
}
