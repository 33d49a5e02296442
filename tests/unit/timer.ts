import { collectGarbage } from "host/host";
import { Datagram } from "net/datagram";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

export default function (suite: Suite): void {
	suite.asyncTest("timer: comes in the order of its time, and of arming where that is the same", 2000, (check, done) => {
		const order: string[] = [];
		const add = (name: string, delay: number): void => {
			const timer = new Timer({
				onTimer(): void {
					order.push(name);
					this.close();
				},
			});
			timer.schedule(delay);
		};
		add("d", 40);
		add("b", 10);
		add("0", 0);
		add("c", 20);
		add("b2", 10);
		add("1", 0);
		const last = new Timer({
			onTimer(): void {
				last.close();
				check.equal(order.join(" "), "0 1 b b2 c d");
				done();
			},
		});
		last.schedule(60);
	});

	suite.asyncTest("timer: never comes early", 2000, (check, done) => {
		let start = 0;
		let rounds = 0;
		const timer = new Timer({
			onTimer(): void {
				check.ok(monotonic() - start >= 3, "3 ms");
				if (++rounds === 20) {
					timer.close();
					done();
					return;
				}
				start = monotonic();
				timer.schedule(3);
			},
		});
		start = monotonic();
		timer.schedule(3);
	});

	suite.asyncTest("timer: arming again replaces, cancel disarms", 2000, (check, done) => {
		let first = 0;
		let second = 0;
		const replaced = new Timer({
			onTimer(): void {
				first++;
			},
		});
		const cancelled = new Timer({
			onTimer(): void {
				second++;
			},
		});
		for (let i = 0; i < 100; i++) replaced.schedule(i % 3);
		cancelled.schedule(0);
		cancelled.cancel();
		cancelled.cancel();
		const end = new Timer({
			onTimer(): void {
				check.equal(first, 1, "replaced");
				check.equal(second, 0, "cancelled");
				replaced.close();
				cancelled.close();
				end.close();
				done();
			},
		});
		end.schedule(20);
	});

	suite.asyncTest("timer: one may close or cancel another that is due in the same turn", 2000, (check, done) => {
		let wrong = 0;
		const closed = new Timer({
			onTimer(): void {
				wrong++;
			},
		});
		const cancelled = new Timer({
			onTimer(): void {
				wrong++;
			},
		});
		const first = new Timer({
			onTimer(): void {
				closed.close();
				cancelled.cancel();
				first.close();
				first.close();
			},
		});
		first.schedule(0);
		closed.schedule(0);
		cancelled.schedule(0);
		const end = new Timer({
			onTimer(): void {
				check.equal(wrong, 0);
				closed.schedule(0);
				closed.close();
				cancelled.close();
				end.close();
				done();
			},
		});
		end.schedule(20);
	});

	suite.asyncTest("timer: one that arms itself at once lets descriptors and other timers through", 2000, (check, done) => {
		let spins = 0;
		const spinning = new Timer({
			onTimer(): void {
				spins++;
				spinning.schedule(0);
			},
		});
		const buffer = new ArrayBuffer(4);
		const datagram = new Datagram({
			address: "127.0.0.1",
			onReadable(): void {
				check.equal(datagram.read(buffer, 0, 4), 4);
				check.ok(spins > 0, "spins");
				spinning.close();
				datagram.close();
				done();
			},
		});
		const later = new Timer({
			onTimer(): void {
				later.close();
				check.equal(datagram.write(buffer, 0, 4, datagram.peer("127.0.0.1", datagram.port)), 4);
			},
		});
		spinning.schedule(0);
		later.schedule(5);
	});

	suite.asyncTest("timer: an armed one comes though nothing holds it", 2000, (check, done) => {
		const make = (): void => {
			new Timer({
				onTimer(): void {
					this.close();
					collectGarbage();
					check.ok(true);
					done();
				},
			}).schedule(5);
		};
		make();
		collectGarbage();
	});

	suite.asyncTest("timer: 200 of them come in order", 4000, (check, done) => {
		let earliest = -1;
		let disorder = 0;
		let count = 0;
		const start = monotonic() + 20;
		const add = (delay: number): void => {
			/* It is due between these two: the process may have to wait before it has armed the timer. */
			let low = 0;
			let high = 0;
			const timer = new Timer({
				onTimer(): void {
					if (high < earliest) disorder++;
					if (low > earliest) earliest = low;
					timer.close();
					if (++count < 200) return;
					check.equal(disorder, 0);
					check.ok(monotonic() - start >= 99);
					done();
				},
			});
			const before = monotonic();
			timer.schedule(start + delay - before);
			low = start + delay;
			high = low + monotonic() - before;
		};
		// 77 and 100 have no common factor: each whole delay below 100 comes twice, far from sorted.
		for (let i = 0; i < 200; i++) add((i * 77) % 100);
	});

	suite.test("timer: arming and disarming costs no slot and no chunk", (check) => {
		const timer = new Timer({ onTimer(): void {} });
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 10000; i++) {
			timer.schedule(1000.5 + i);
			timer.schedule(i);
			timer.cancel();
		}
		allocation.expectNone(check);
		timer.close();
	});

	suite.asyncTest("timer: coming costs no slot and no chunk", 4000, (check, done) => {
		const allocation = new Allocation();
		let count = 0;
		const timer = new Timer({
			onTimer(): void {
				if (count === 10) allocation.begin();
				if (++count < 1000) {
					timer.schedule(0);
					return;
				}
				allocation.expectNone(check);
				timer.close();
				done();
			},
		});
		timer.schedule(0);
	});

	suite.test("timer: refuses to be made without a callback", (check) => {
		check.throws(() => new Timer({} as { onTimer(): void }), "onTimer");
	});
}
