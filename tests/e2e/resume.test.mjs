// A tunnel's connection that is cut at any byte, stands still, or loses an end: the sender does not notice, the app is
// called once, one delivery is on record (shared/PROTOCOL.md §3 and §4); and the state that the client tells is true.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FaultProxy } from '../torture/fault_proxy.mjs';
import { Random } from '../torture/random.mjs';
import { readStore } from '../torture/store_reader.mjs';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, requestBytes, send } from './lib/http.mjs';

const resumes = execFileSync(path.join(binDir, 'creel-relay'), ['serve', '--help'], { encoding: 'utf8' }).includes('--resume-grace');
const needsResume = { skip: resumes ? false : 'this creel-relay cannot resume (no --resume-grace)' };
const DELIVERED = 2; // shared/store.sql
const seed = Number(process.env.RESUME_SEED ?? 20260727);
const LONGER = Number(process.env.RESUME_LONGER ?? 1); // so many times the usual time for each set of cut positions
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What the app answers to a target, and what is sent to it: of fixed size, different bytes for each target. */
const requestBody = (target, size) => new Random(`request ${target}`).bytes(size);
const answerBody = (target, size) => new Random(`answer ${target}`).bytes(size);

/** A relay and an app; clients are started one for each cut, each behind a proxy of its own and with its own store. */
class CutRoad {
	static async open({ requestSize = 100, answerSize = 150, relayArgs = [] } = {}) {
		const road = Object.assign(new CutRoad(), { w: new World(), requestSize, answerSize, held: [] });
		try {
			road.app = road.w.keep(await Receiver.start({ answer: (request, socket) => road.answer(request, socket) }));
			road.relay = await road.w.startRelay({ args: [...relayArgs, ...(resumes && !relayArgs.includes('--resume-grace') ? ['--resume-grace', '5s'] : [])] });
		} catch (error) {
			await road.w.close();
			throw error;
		}
		return road;
	}

	answer(request, socket) {
		const target = request.target.slice(0, request.target.indexOf('?') >>> 0);
		const body = answerBody(target, this.answerSize);
		const write = () => socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 201 Made\r\nX-Target: ${target}\r\nContent-Length: ${body.length}\r\n\r\n`), body]));
		if (this.holding) this.held.push(write);
		else write();
	}

	/** The app answers now. */
	release() {
		this.holding = false;
		for (const write of this.held.splice(0)) write();
	}

	async lane(name, { clientArgs = [] } = {}) {
		const proxy = this.w.keep(await FaultProxy.start({ targetPort: this.relay.port }));
		const db = this.w.fresh('store') + '.db';
		const client = await this.w.startClient({ relayUrl: proxy.url, target: this.app.port, name, db, args: clientArgs });
		const link = [...proxy.links].at(-1);
		return { name, proxy, db, client, link };
	}

	/** Nothing more to come on a connection: its counts stand still over some looks. */
	async quiet(link) {
		let same = 0;
		let seen = '';
		await waitFor('the connection to be quiet', () => {
			const now = JSON.stringify(link.bytes);
			same = now === seen ? same + 1 : 0;
			seen = now;
			return same >= 4;
		});
		return link.bytes;
	}

	post(lane, target, { method = 'POST' } = {}) {
		const body = method === 'POST' ? requestBody(target, this.requestSize) : '';
		return send(this.relay.port, requestBytes(method, `/${lane.name}${target}`, ['Host: localhost', ...(method === 'POST' ? [`Content-Length: ${body.length}`] : [])], body));
	}

	/** '' or what is wrong with the exchange that `answer` came of. */
	async fault(lane, target, answer, { called = 1 } = {}) {
		const wrong = [];
		if (!answer?.complete) wrong.push('no whole answer');
		else if (answer.status !== 201 || field(answer.lines, 'x-target') !== target) wrong.push(`answer ${answer.status} ${answer.text.slice(0, 80).trim()}`);
		else if (!answer.body.equals(answerBody(target, this.answerSize))) wrong.push('other bytes in the answer');
		const calls = this.app.requests.filter((r) => r.target === target);
		if (calls.length !== called) wrong.push(`app called ${calls.length} times`);
		if (calls.some((r) => !r.body.equals(requestBody(target, this.requestSize)))) wrong.push('the app got other bytes');
		if (wrong.length) return wrong.join(', ');
		const rows = await this.finished(lane, target).catch((error) => (wrong.push(error.message), []));
		if (rows.some((r) => r.sha256 !== sha256(requestBody(target, this.requestSize)))) wrong.push('other bytes on record');
		return wrong.join(', ');
	}

	/** The one record of a target, once its call is on record too. */
	async finished(lane, target) {
		let rows = [];
		await waitFor(() => `one delivered record of ${target}; there are ${JSON.stringify(rows)}`, async () => {
			rows = (await readStore(lane.db)).filter((r) => r.target === target);
			return rows.length > 1 || (rows.length === 1 && rows[0].state === DELIVERED);
		}, 5000);
		assert.equal(rows.length, 1, `${rows.length} records of ${target}`);
		return rows;
	}

	async drop(lane) {
		lane.client.signal('SIGKILL');
		await lane.client.end();
		lane.client.checkSanitizers();
		this.w.processes = this.w.processes.filter((p) => p !== lane.client);
		this.w.servers = this.w.servers.filter((s) => s !== lane.proxy);
		await lane.proxy.close();
	}
}

/** Runs `work` on the items, a few at a time (they mostly wait for a back-off), until there are none or the time is up; gives how many were done. */
async function spread(items, seconds, work) {
	const end = Date.now() + seconds * 1000 * LONGER;
	let done = 0;
	const one = async () => {
		while (items.length && Date.now() < end) {
			await work(items.shift());
			done++;
		}
	};
	await Promise.all(Array.from({ length: 5 }, one));
	return done;
}

/** 1 … n in an order in which every beginning is spread over the whole, so that a sample is a fair one. */
function spaced(n, random) {
	const all = Array.from({ length: n }, (_, i) => i + 1);
	for (let i = all.length - 1; i > 0; i--) {
		const j = random.int(0, i);
		[all[i], all[j]] = [all[j], all[i]];
	}
	return [...new Set([1, n - 1, n, ...all])];
}

const states = (client) => client.events.filter((e) => e.type === 'state').map((e) => e.state);

for (const [what, sizes] of Object.entries({
	'a small exchange': { requestSize: 100, answerSize: 150, seconds: 5 },
	'an exchange that outgrows the windows': { requestSize: 700_000, answerSize: 900_000, seconds: 3 },
})) {
	describe(`cut in the middle of ${what}`, () => {
		let road;
		let count = 0;
		const total = {};
		before(async () => (road = await CutRoad.open(sizes)));
		after(() => road?.w.close());
		const fresh = (direction) => ({ name: `c${String(++count).padStart(5, '0')}`, target: `/${direction}/${String(count).padStart(5, '0')}` });

		it('undisturbed, for its length', async () => {
			const { name, target } = fresh('up__');
			const lane = await road.lane(name);
			const from = await road.quiet(lane.link);
			assert.equal(await road.fault(lane, target, await road.post(lane, target)), '');
			const to = await road.quiet(lane.link);
			for (const direction of ['up', 'down']) total[direction] = to[direction] - from[direction];
			assert.ok(total.up > sizes.answerSize && total.down > sizes.requestSize, JSON.stringify(total));
			await road.drop(lane);
		});

		for (const direction of ['up', 'down'])
			it(`after each number of bytes ${direction === 'up' ? 'to' : 'from'} the relay: the sender gets the app's answer, called once, on record once`, needsResume, async (test) => {
				const random = new Random(`${seed} ${direction}`);
				const positions = spaced(total[direction], random);
				const all = positions.length;
				const faults = [];
				let cuts = 0;
				const done = await spread(positions, sizes.seconds, async (n) => {
					const { name, target } = fresh(direction.padEnd(4, '_'));
					const how = random.pick(['rst', 'fin']);
					const lane = await road.lane(name);
					const at = await road.quiet(lane.link);
					lane.proxy.on('cut', () => cuts++);
					lane.proxy.cutAfter({ direction, bytes: at[direction] + n, how, link: lane.link });
					const fault = await road.fault(lane, target, await road.post(lane, target)).catch((error) => error.message);
					if (fault) faults.push(`${how} after ${n} bytes: ${fault}`);
					await road.drop(lane);
				});
				test.diagnostic(`seed ${seed}: ${done} of ${all} positions, ${cuts} cuts`);
				assert.equal(faults.length, 0, `${faults.length} of ${done}:\n${faults.slice(0, 12).join('\n')}`);
				// At the very end the exchange may be over a few bytes sooner than in the undisturbed run; on a slow machine
				// there are few positions besides.
				assert.ok(cuts >= done * 0.8 - 1, `${cuts} cuts in ${done} exchanges`);
			});

		it('every program ended cleanly', () => road.w.endsCleanly());
	});
}

describe('cut again while it resumes', () => {
	let road;
	before(async () => (road = await CutRoad.open()));
	after(() => road?.w.close());

	for (const direction of ['up', 'down'])
		it(`the second connection is cut ${direction === 'up' ? 'on the way to' : 'on the way from'} the relay`, needsResume, async (test) => {
			const random = new Random(`${seed} twice ${direction}`);
			const faults = [];
			let count = 0;
			// Handshake, HELLO, WELCOME and RESUME are within the first 700 bytes.
			const done = await spread(spaced(700, random), 3, async (n) => {
				const id = String(++count).padStart(5, '0');
				const lane = await road.lane(`t${direction}${id}`);
				const target = `/twice/${direction}/${id}`;
				// The answer is under way in one half of the cases, not yet RECORDED in the other.
				const first = await road.quiet(lane.link);
				lane.proxy.cutAfter({ direction: random.pick(['up', 'down']), bytes: first.up + random.int(20, 200), how: 'rst', link: lane.link });
				lane.proxy.cutAfter({ direction, bytes: n, how: random.pick(['rst', 'fin']) });
				const fault = await road.fault(lane, target, await road.post(lane, target)).catch((error) => error.message);
				if (fault) faults.push(`second cut after ${n} bytes: ${fault}`);
				await road.drop(lane);
			});
			test.diagnostic(`seed ${seed}: ${done} positions`);
			assert.equal(faults.length, 0, `${faults.length} of ${done}:\n${faults.slice(0, 12).join('\n')}`);
		});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('connections that stand still', () => {
	const PING_MS = 1000;
	// Two intervals, and what a busy machine and a second process need to tell of it.
	const NOTICED_MS = 2 * PING_MS + 1000;
	let road;
	let lane;
	before(async () => {
		road = await CutRoad.open({ relayArgs: ['--ping-interval', '1s'] });
		lane = await road.lane('still', { clientArgs: ['--ping-interval', '1s'] });
	});
	after(() => road?.w.close());

	const status = async () => JSON.stringify(JSON.parse((await road.w.creel(['status', '--json', '--db', lane.db])).text));
	const online = () => waitFor(() => `online again; ${states(lane.client)}`, () => states(lane.client).at(-1) === 'online', 40_000);

	/** Waits until the client says anything but online, and gives after how long. */
	async function noticed(since, before) {
		await waitFor(() => `not online; ${states(lane.client)}`, () => states(lane.client).slice(before).some((s) => s !== 'online'), 10_000);
		return Date.now() - since;
	}

	/** An exchange in which the app holds its answer back while `work` is done. */
	async function meanwhile(target, work) {
		road.holding = true;
		const sending = road.post(lane, target);
		sending.catch(() => {}); // it is awaited below, if nothing fails before
		await road.app.request((r) => r.target === target);
		try {
			await work();
		} finally {
			road.release();
		}
		return sending;
	}

	it('half-open: noticed within two ping intervals, not called online while it lasts, back when it is over', async () => {
		await online(); // the ready file is there a moment before that line
		const before = states(lane.client).length;
		lane.proxy.stall(true);
		try {
			const ms = await noticed(Date.now(), before);
			assert.ok(ms <= NOTICED_MS, `noticed after ${ms} ms`);
			assert.doesNotMatch(await status(), /"state":"online"/);
			// The next connection is accepted and swallowed too: that is not online either.
			const tries = lane.proxy.connections;
			await waitFor('another try', () => lane.proxy.connections > tries);
			assert.ok(!states(lane.client).slice(before).includes('online'), String(states(lane.client)));
		} finally {
			lane.proxy.stall(false);
		}
		await online();
		assert.match(await status(), /"state":"online"/);
		assert.equal(await road.fault(lane, '/after/stall', await road.post(lane, '/after/stall')), '');
	});

	it('half-open in the middle of a call: the sender gets the answer all the same', needsResume, async () => {
		const answer = await meanwhile('/during/stall', async () => {
			const before = states(lane.client).length;
			lane.proxy.stall(true);
			await noticed(Date.now(), before);
			lane.proxy.stall(false);
			await online();
		});
		assert.equal(await road.fault(lane, '/during/stall', answer), '');
	});

	it('half-open when the webhook comes: it is sent again on the next connection', needsResume, async () => {
		lane.proxy.stall(true);
		const before = states(lane.client).length;
		const sending = road.post(lane, '/into/stall');
		await noticed(Date.now(), before);
		lane.proxy.stall(false);
		assert.equal(await road.fault(lane, '/into/stall', await sending), '');
	});

	it('bytes held up for less than two intervals: nothing is noticed, nothing is lost', async () => {
		await online();
		const before = states(lane.client).length;
		lane.proxy.hold(true);
		const sending = road.post(lane, '/held/up');
		await waitFor('the webhook to be held up', () => [...lane.proxy.links].some((l) => l.lanes?.down.queued > 0));
		lane.proxy.hold(false);
		assert.equal(await road.fault(lane, '/held/up', await sending), '');
		assert.deepEqual(states(lane.client).slice(before), []);
	});

	it('the relay stands still (SIGSTOP) in the middle of a call: noticed within two intervals; it goes on, the sender gets the answer', needsResume, async () => {
		const answer = await meanwhile('/during/stop', async () => {
			const before = states(lane.client).length;
			road.relay.signal('SIGSTOP');
			try {
				const ms = await noticed(Date.now(), before);
				assert.ok(ms <= NOTICED_MS, `noticed after ${ms} ms`);
				assert.doesNotMatch(await status(), /"state":"online"/);
			} finally {
				road.relay.signal('SIGCONT');
			}
			await online();
		});
		assert.equal(await road.fault(lane, '/during/stop', answer), '');
	});

	it('the client stands still until the relay has given the connection up; it goes on, the sender gets the answer', needsResume, async () => {
		const link = [...lane.proxy.links].at(-1);
		const answer = await meanwhile('/during/sleep', async () => {
			const since = Date.now();
			lane.client.signal('SIGSTOP');
			try {
				await waitFor('the relay to close its end', () => link.over || link.relay.readableEnded);
				assert.ok(Date.now() - since <= NOTICED_MS, `the relay noticed after ${Date.now() - since} ms`);
			} finally {
				lane.client.signal('SIGCONT');
			}
			await online();
		});
		assert.equal(await road.fault(lane, '/during/sleep', answer), '');
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('away beyond the grace', () => {
	let road;
	let lane;
	before(async () => {
		road = await CutRoad.open({ relayArgs: resumes ? ['--resume-grace', '1s'] : [] });
		lane = await road.lane('late');
	});
	after(() => road?.w.close());

	/** Sends with the tunnel cut off (before the app is called, or while it is), and gives the answer. */
	async function away(target, { called, method }) {
		road.holding = called;
		lane.proxy.refuse(true);
		if (!called) {
			// It reaches no client: the connection goes with the first byte of it.
			const [link] = lane.proxy.links;
			lane.proxy.cutAfter({ direction: 'down', bytes: link.bytes.down + 1, link });
			return road.post(lane, target, { method });
		}
		lane.proxy.refuse(false);
		const sending = road.post(lane, target, { method });
		await road.app.request((r) => r.target === target);
		lane.proxy.refuse(true);
		lane.proxy.cut('rst');
		return sending;
	}

	async function back() {
		lane.proxy.refuse(false);
		await waitFor(() => `online again; ${states(lane.client)}`, () => states(lane.client).at(-1) === 'online', 40_000);
		road.release();
		await road.quiet([...lane.proxy.links].at(-1));
	}

	it('not yet recorded: 202 and a Creel-Event-Id out of the spool, delivered when it is back, once', needsResume, async () => {
		const answer = await away('/spooled', { called: false });
		assert.equal(answer.status, 202, answer.text);
		const event = field(answer.lines, 'creel-event-id');
		assert.match(event, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
		assert.equal(road.app.requests.filter((r) => r.target === '/spooled').length, 0);
		await back();
		const [row] = await road.finished(lane, '/spooled');
		assert.equal(row.event, event.replaceAll('-', ''));
		assert.equal(row.sha256, sha256(requestBody('/spooled', road.requestSize)));
		assert.equal(road.app.requests.filter((r) => r.target === '/spooled').length, 1);
	});

	it('recorded and being called: 202, and the app is not called again', needsResume, async () => {
		const answer = await away('/called', { called: true });
		assert.equal(answer.status, 202, answer.text);
		await back();
		const [row] = await road.finished(lane, '/called');
		assert.equal(row.event, field(answer.lines, 'creel-event-id').replaceAll('-', ''));
		assert.equal(road.app.requests.filter((r) => r.target === '/called').length, 1);
	});

	it('GET: nothing is promised, it is 502 or 503', needsResume, async () => {
		const answer = await away('/got', { called: false, method: 'GET' });
		assert.ok([502, 503].includes(answer.status), String(answer.status));
		await back();
	});

	it('the answer has begun: the sender sees it broken off, not made whole by something else', needsResume, async () => {
		let stream;
		const { answer } = road.app;
		road.app.answer = (_, socket) => (stream = socket);
		const sender = await Sender.connect(road.relay.port);
		await sender.write(requestBytes('POST', '/late/begun', ['Host: localhost', 'Content-Length: 2'], 'hi'));
		await waitFor('the app to be called', () => stream);
		stream.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ');
		await waitFor('half of the answer', () => sender.partial.length === 5);
		lane.proxy.refuse(true);
		lane.proxy.cut('rst');
		await sender.over();
		const broken = await sender.answer();
		assert.equal(broken.complete, false);
		assert.equal(broken.text, 'half ');
		stream.write('whole');
		road.app.answer = answer;
		await back();
		await road.finished(lane, '/begun');
		assert.equal(road.app.requests.filter((r) => r.target === '/begun').length, 1);
		await sender.end();
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('a stream of events over a cut', () => {
	let road;
	let lane;
	before(async () => {
		road = await CutRoad.open();
		lane = await road.lane('events');
	});
	after(() => road?.w.close());

	it('what the app writes before, during and after the cut reaches the sender, in order and once', needsResume, async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		const sender = await Sender.connect(road.relay.port);
		await sender.write(requestBytes('GET', '/events/sse', ['Host: localhost']));
		await waitFor('the app to be called', () => stream);
		stream.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n');
		await waitFor('the first event', () => sender.partial.toString() === 'data: 1');
		lane.proxy.refuse(true);
		lane.proxy.cut('rst');
		stream.write('7\r\ndata: 2\r\n');
		lane.proxy.refuse(false);
		await waitFor('the second event', () => sender.partial.toString() === 'data: 1data: 2');
		lane.proxy.cut('fin');
		await waitFor('the third connection', () => lane.proxy.connections >= 3);
		stream.write('7\r\ndata: 3\r\n0\r\n\r\n');
		const answer = await sender.answer();
		assert.ok(answer.complete);
		assert.equal(answer.text, 'data: 1data: 2data: 3');
		assert.equal(road.app.requests.filter((r) => r.target === '/sse').length, 1);
		await sender.end();
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
