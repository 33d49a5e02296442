import { Listener, Stream, Want } from "net/stream";
import { after, closeBoth, Peer } from "unit/peers";
import type { Suite } from "unit/suite";

export default function (suite: Suite): void {
	suite.test("listener: a taken port and a bad address throw with the reason", (check) => {
		const listener = new Listener({ address: "127.0.0.1", port: 0 });
		check.ok(listener.port > 0);
		check.throws(() => new Listener({ address: "127.0.0.1", port: listener.port }), "EADDRINUSE");
		check.throws(
			() => new Listener({ address: "127.0.0.1", port: listener.port }),
			`cannot listen on 127.0.0.1 port ${listener.port}`,
		);
		check.throws(() => new Listener({ address: "192.0.2.1", port: 0 }), "EADDRNOTAVAIL");
		check.throws(() => new Listener({ address: "localhost", port: 0 }), "not a numeric address");
		check.throws(() => new Listener({ address: "127.0.0.1", port: 70000 }), "port must be 0 to 65535");
		check.throws(() => new Listener({ address: "127.0.0.1", port: 0, backlog: 0 }), "backlog");
		const stream = new Stream({});
		check.equal(listener.accept(stream), false, "nobody waits");
		check.throws(() => listener.accept(listener as unknown as Stream), "");
		listener.close();
		listener.close();
		check.equal(listener.accept(stream), false, "closed");
		check.equal(listener.port, 0);
	});

	suite.asyncTest("listener: with nothing wanted connections wait, none is lost", 4000, (check, done) => {
		const clients = [new Peer(), new Peer(), new Peer()];
		const servers = [new Peer(), new Peer(), new Peer()];
		let accepted = 0;
		const listener = new Listener({
			address: "127.0.0.1",
			port: 0,
			onReadable(): void {
				while (accepted < 3 && listener.accept((servers[accepted] as Peer).stream)) accepted++;
				if (accepted < 3) return;
				check.throws(() => listener.accept((servers[0] as Peer).stream), "open");
				for (let i = 0; i < 3; i++) closeBoth(clients[i] as Peer, servers[i] as Peer);
				listener.close();
				done();
			},
		});
		listener.want(Want.NOTHING);
		for (let i = 0; i < 3; i++) (clients[i] as Peer).stream.connect("127.0.0.1", listener.port);
		after(20, () => {
			check.equal(accepted, 0);
			listener.want(Want.READ);
		});
	});
}
