import { arrowIdentity, arrowSettings, hostIO } from "device/arrow_part";
import type { Config } from "device/config";
import { Diagnosis, planDiagnosis } from "device/diagnosis";
import type { Identity } from "device/identity";
import { Exit } from "device/options";
import { ServiceCheck } from "device/service_check";
import { exit, print } from "host/host";
import { MemoryPlan } from "storage/plan";
import { formatHex } from "wire/hex";

/**
 * `--diagnose`: tries once to reach the Arrow service and then each configured service, prints what happens, and ends the program
 * with the status of what was found. @returns "" when it is under way, else what is wrong with the configuration.
 */
export function diagnose(config: Config, identity: Identity): string {
	const { arrow } = config;
	if (arrow === undefined) return "arrow: is missing, there is nothing to diagnose";
	const self = arrowIdentity(identity);
	const plan = new MemoryPlan();
	const io = hostIO();
	try {
		const settings = arrowSettings(arrow, config, self);
		planDiagnosis(plan, settings, self, io);
		const mac = formatHex(new Uint8Array(settings.mac), 0, settings.mac.byteLength, ":");
		const facts = { service: arrow.service, authorities: arrow.authorities, uuid: identity.uuid, mac };
		const done = (code: number, ownAddress: string): void => {
			const { gateway } = arrow;
			const check = { services: arrow.services ?? [], ownAddress, gateway, io, print, done: () => end(code) };
			new ServiceCheck(check).start();
		};
		new Diagnosis({ settings, identity: self, facts, io, plan, print, done }).start();
	} catch (error) {
		return (error as Error).message;
	}
	return "";
}

function end(code: number): void {
	print(
		code === Exit.OK ? "The Arrow service takes this device." : "The Arrow service cannot be used: exit status " + code + ".",
	);
	exit(code);
}
