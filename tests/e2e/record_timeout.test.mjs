// A client that is online and does not record what it is sent: it sleeps, hangs, or its disk is slow. Senders are answered
// after --record-timeout, and what came late is on record once.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { frame, recorded, response } from './lib/wire.mjs';

const RESET = { CANCEL: 1, STORE: 4 };
const OPTION = { OFFLINE_FAIL: 4 };
const reset = (stream, code) => frame('RESET', { stream, payload: Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from([0, 1, 65])]) });

async function startRelay(w, args = []) {
	const adminFile = w.fresh('admin');
	const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args] });
	const admin = await w.fileFrom(relay, adminFile);
	const metric = async (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await fetch(`http://${admin}/metrics`)).text())[1]);
	relay.waiting = () => metric('creel_spool_deliveries');
	relay.reached = () => metric('creel_relay_limit_reached_total\\{name="record-timeout"\\}');
	return relay;
}

/** A 202 of the spool, in time; gives the event id. */
async function accepted(sending, { most = 5000 } = {}) {
	const since = Date.now();
	const answer = await sending;
	assert.equal(answer.status, 202, answer.text);
	assert.ok(Date.now() - since < most, `after ${Date.now() - since} ms`);
	return field(answer.lines, 'Creel-Event-Id');
}

describe('the record timeout, with a client of the tests’ own', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--record-timeout', '500ms']);
	});
	after(() => w?.close());

	it('a hanging client: 202 after the timeout, long before the reply timeout; GET gets 503 with a reason', async () => {
		const t = await Tunnel.online(relay.port, 'hangs');
		const since = Date.now();
		await accepted(post(relay.port, '/hangs/a'), { most: 3000 });
		assert.ok(Date.now() - since >= 500, 'not before');
		const read = await send(relay.port, requestBytes('GET', '/hangs/b', ['Host: localhost']));
		assert.equal(read.status, 503);
		assert.equal(field(read.lines, 'Creel-Refused'), 'client_silent');
		assert.ok(field(read.lines, 'Retry-After'));
		assert.match(read.text, /does not answer/);
		assert.equal(await relay.waiting(), 1);
		assert.equal(t.requests.length, 2, 'neither is handed out a second time');
		assert.ok((await relay.reached()) >= 2);
		await t.leave();
		const again = await Tunnel.online(relay.port, 'hangs');
		assert.equal((await again.request()).target, '/a', 'it waits for the next connection');
		again.answer(again.requests[0], { headers: '', body: '', body_len: 0 });
		await waitFor('the spool to be empty', async () => (await relay.waiting()) === 0);
		await again.leave();
	});

	it('a late RECORDED deletes the copy; the late answer is not asked for; nothing is handed out again', async () => {
		const t = await Tunnel.online(relay.port, 'late');
		const id = await accepted(post(relay.port, '/late/a'));
		await waitFor('the copy', async () => (await relay.waiting()) === 1);
		const r = t.requests[0];
		assert.equal(r.event_id, id);
		t.ws.send(recorded(r.stream, r.event_id));
		await t.frame('RESET', (f) => f.stream === r.stream && f.code === RESET.CANCEL);
		await waitFor('the spool to be empty', async () => (await relay.waiting()) === 0);
		t.ws.send(response({ stream: r.stream }));
		const live = post(relay.port, '/late/b');
		t.answer(await t.request(1));
		assert.equal((await live).status, 200, 'the connection stands, and answers');
		await t.leave();
		const again = await Tunnel.online(relay.port, 'late');
		const next = post(relay.port, '/late/c');
		assert.equal((await again.request()).target, '/c');
		again.answer(again.requests[0]);
		assert.equal((await next).status, 200);
		await again.leave();
	});

	it('RECORDED at the same moment as the timeout: one copy at most, and none stays', async () => {
		const t = await Tunnel.online(relay.port, 'close');
		for (let i = 0; i < 8; i++) {
			const sending = post(relay.port, `/close/${i}`);
			const r = await t.request(i);
			const wait = Date.now() + 480 + i * 6;
			await waitFor('the moment', () => Date.now() >= wait);
			t.answer(r);
			assert.ok([200, 202].includes((await sending).status));
		}
		await waitFor('the spool to be empty', async () => (await relay.waiting()) === 0);
		assert.equal(t.requests.length, 8);
		await t.leave();
	});

	it('RESET STORE after the timeout: it is handed out again, with the same id', async () => {
		const t = await Tunnel.online(relay.port, 'refuses');
		const id = await accepted(post(relay.port, '/refuses/a'));
		await waitFor('the copy', async () => (await relay.waiting()) === 1);
		t.ws.send(reset(t.requests[0].stream, RESET.STORE));
		const again = await t.request(1);
		assert.equal(again.event_id, id);
		t.answer(again, { headers: '', body: '', body_len: 0 });
		await waitFor('the spool to be empty', async () => (await relay.waiting()) === 0);
		await t.leave();
	});

	it('a body that the client does not take: 202, the rest is not sent, and it comes whole on the next connection', async () => {
		const t = await Tunnel.online(relay.port, 'window');
		const body = Buffer.alloc(3 << 20, 'w');
		await accepted(post(relay.port, '/window/large', body));
		await t.frame('RESET', (f) => f.stream === t.frames.find((q) => q.type === 'REQUEST').stream && f.code === RESET.CANCEL);
		await t.leave();
		assert.equal(await relay.waiting(), 1);
	});

	it('--offline fail: the sender is told, and nothing waits', async () => {
		const t = await Tunnel.online(relay.port, 'fails', { say: { options: OPTION.OFFLINE_FAIL } });
		const before = await relay.waiting();
		const answer = await post(relay.port, '/fails/a');
		assert.equal(answer.status, 503);
		assert.equal(field(answer.lines, 'Creel-Refused'), 'client_silent');
		await t.frame('RESET', (f) => f.code === RESET.CANCEL);
		assert.equal(await relay.waiting(), before);
		await t.leave();
	});

	it('a slow app is not a silent client: RECORDED in time, the answer long after the timeout', async () => {
		const t = await Tunnel.online(relay.port, 'slow');
		const sending = post(relay.port, '/slow/a');
		const r = await t.request();
		t.answer(r, null);
		const until = Date.now() + 1500;
		await waitFor('three timeouts', () => Date.now() > until);
		t.ws.send(response({ stream: r.stream }));
		assert.equal((await sending).status, 200);
		await t.leave();
	});

	it('a client that works through what was sent before is not silent', async () => {
		const t = await Tunnel.online(relay.port, 'busy');
		const sendings = [0, 1, 2, 3, 4].map((i) => post(relay.port, `/busy/${i}`));
		await t.request(4);
		for (const r of [...t.requests].sort((a, b) => a.stream - b.stream)) {
			const until = Date.now() + 300;
			await waitFor('a while', () => Date.now() > until);
			t.answer(r);
		}
		assert.deepEqual((await Promise.all(sendings)).map((a) => a.status), [200, 200, 200, 200, 200]);
		await t.leave();
	});

	it('shared: one silent client does not hold up the answer of another, and gets its copy', async () => {
		const SHARE = 1, key = (c) => c.repeat(32);
		const silent = await Tunnel.online(relay.port, 'both', { say: { options: SHARE, public_key: key('a') } });
		const awake = await Tunnel.online(relay.port, 'both', { say: { options: SHARE, public_key: key('b') } });
		const sending = post(relay.port, '/both/a');
		const r = await awake.request();
		awake.answer(r, null);
		const until = Date.now() + 1000;
		await waitFor('two timeouts', () => Date.now() > until);
		awake.ws.send(response({ stream: r.stream }));
		assert.equal((await sending).status, 200);
		await silent.request();
		await silent.leave();
		await awake.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the record timeout, with creel', () => {
	let w, relay, app, client;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await startRelay(w, ['--record-timeout', '1s']);
		client = await w.startClient({ relay, target: app.port, name: 'laptop' });
	});
	after(() => w?.close());

	const isOnce = async (targets) => {
		for (const target of targets) await w.recorded((r) => r.target === target && r.state === 'delivered');
		const rows = await w.list();
		for (const target of targets) {
			assert.equal(rows.filter((r) => r.target === target).length, 1, `${target} on record`);
			assert.equal(app.requests.filter((r) => r.target === target).length, 1, `${target} at the app`);
		}
		await waitFor('the spool to be empty', async () => (await relay.waiting()) === 0);
		return rows;
	};

	it('asleep (SIGSTOP): 202 in time, and once on record and at the app when it wakes', async () => {
		const large = Buffer.alloc(1 << 20, 'l');
		client.signal('SIGSTOP');
		let ids;
		try {
			ids = await Promise.all([accepted(post(relay.port, '/laptop/asleep')), accepted(post(relay.port, '/laptop/asleep-large', large))]);
		} finally {
			client.signal('SIGCONT');
		}
		const rows = await isOnce(['/asleep', '/asleep-large']);
		assert.deepEqual(['/asleep', '/asleep-large'].map((t) => rows.find((r) => r.target === t).event_id), ids);
		assert.equal(app.requests.find((r) => r.target === '/asleep-large').body.length, large.length);
		assert.equal((await post(relay.port, '/laptop/awake')).status, 200);
	});

	it('a slow disk: 202 in time; when it writes again everything is there once', async () => {
		const holder = w.spawn('sqlite3', [path.join(w.env.XDG_DATA_HOME, 'creel/creel.db')], { stdin: 'pipe' });
		holder.child.stdin.write("BEGIN IMMEDIATE;\nSELECT 'held';\n");
		await waitFor('the lock', () => holder.stdout.includes('held'));
		const targets = [0, 1, 2, 3, 4, 5].map((i) => `/slow/${i}`);
		/* Of a size that goes into the database itself. */
		const large = Buffer.alloc(300 << 10, 'l');
		await Promise.all(targets.map((t) => accepted(post(relay.port, `/laptop${t}`, large))));
		holder.child.stdin.end('ROLLBACK;\n');
		await holder.end();
		await isOnce(targets);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
