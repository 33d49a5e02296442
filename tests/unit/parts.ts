import type { ArrowSettings } from "arrow/options";
import { tableSize } from "arrow/table";
import { arrowIdentity, arrowSettings } from "device/arrow_part";
import { type ArrowConfig, type Config, parseConfig } from "device/config";
import { Identity, makeIdentity } from "device/identity";
import type { Check, Suite } from "unit/suite";
import { formatHex } from "wire/hex";

const identity = (): Identity => new Identity(makeIdentity());

function size(settings: ArrowSettings): number {
	return tableSize(settings.services, false);
}

function settings(check: Check, arrow: string, camera: string, self = identity()): ArrowSettings {
	const text =
		'{"arrow":{"service":"a","authorities":"b"' +
		arrow +
		"}" +
		(camera === "" ? "" : ',"camera":{"source":"x","http":{' + camera + "}}") +
		"}";
	const { config, errors } = parseConfig(text, true);
	check.equal(errors.join(), "", text);
	return arrowSettings((config as Config).arrow as ArrowConfig, config as Config, arrowIdentity(self));
}

export default function (suite: Suite): void {
	suite.test("ARROW-35 the camera's stream is offered as an MJPEG service, once", (check) => {
		/* Record of the terminator, then 30 bytes and the path for each service. */
		const own = 30 + "/video.mjpeg".length;
		const none = size(settings(check, "", ""));
		check.equal(size(settings(check, "", '"port":8080')), none + own);
		check.equal(size(settings(check, "", '"port":8080,"address":"0.0.0.0"')), none + own);
		check.equal(size(settings(check, "", '"port":8080,"address":"::1"')), none + own);
		check.equal(size(settings(check, "", '"port":8080,"advertise":false')), none);
		check.equal(size(settings(check, "", '"port":0')), none, "a port that is not known before it is bound");
		const listed = ',"services":[{"type":"mjpeg","url":"http://localhost:8080/video.mjpeg"}]';
		check.equal(size(settings(check, listed, '"port":8080')), none + own, "one that the configuration lists already");
		check.equal(size(settings(check, listed, '"port":8081')), none + 2 * own);
	});

	suite.test(
		"ARROW-41 a device without a configured MAC address has a locally administered one of its own, for ever",
		(check) => {
			const self = identity();
			const mac = formatHex(new Uint8Array(settings(check, "", "", self).mac), 0, 6);
			check.equal(mac.slice(0, 2), "02");
			check.equal(mac.slice(2), formatHex(new Uint8Array(self.buffer), self.uuidOffset + 11, 5));
			check.equal(formatHex(new Uint8Array(settings(check, "", "", self).mac), 0, 6), mac);
			check.equal(formatHex(new Uint8Array(settings(check, ',"mac":"00:11:22:aa:BB:ff"', "", self).mac), 0, 6), "001122aabbff");
		},
	);

	suite.test("ARROW-41 what only Arrow knows to be wrong is named by its key", (check) => {
		check.throws(() => settings(check, ',"services":[{"type":"rtsp","url":"http://127.0.0.1/"}]', ""), "arrow.services[0].url");
		check.throws(() => settings(check, ',"services":[{"type":"tcp","url":"tcp://1.2.3:1"}]', ""), "arrow.services[0].url");
		check.throws(
			() =>
				settings(check, ',"services":[{"type":"tcp","url":"tcp://127.0.0.1:1"},{"type":"tcp","url":"tcp://127.0.0.1:1"}]', ""),
			"arrow.services[1]",
		);
	});

	suite.test("ARROW-2 uuid and key that Arrow sends are those of the identity", (check) => {
		const self = identity();
		const { uuid, key } = arrowIdentity(self);
		const all = formatHex(new Uint8Array(self.buffer), 0, 104);
		check.hex(uuid, 0, all.slice(16, 48));
		check.hex(key, 0, all.slice(48, 80));
		check.equal(uuid.byteLength + key.byteLength, 32);
	});
}
