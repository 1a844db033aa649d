// The short form of `make torture`: a few kills of each side, cuts and stops, and nothing that was acknowledged is lost.
// Also that the judge can say no, and that the fault proxy makes the faults it is asked for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { FaultProxy } from '../torture/fault_proxy.mjs';
import { Random } from '../torture/random.mjs';
import { Torture } from '../torture/run.mjs';
import { binDir, waitFor, within } from './lib/harness.mjs';

const seed = Number(process.env.TORTURE_SEED ?? 20260727);
const kills = Number(process.env.TORTURE_KILLS ?? 8);
const seconds = Number(process.env.TORTURE_SECONDS ?? 15);

describe('torture, the short form', () => {
	let t;
	let verdict;
	before(async () => {
		t = new Torture({ seed, kills, seconds, bin: binDir, topRate: 80, drainSeconds: 60 });
		await t.play();
		verdict = await t.verdict();
	});
	after(() => t?.close());

	it(`seed ${seed}: nothing acknowledged is lost, recorded twice, altered or never called`, (test) => {
		test.diagnostic(JSON.stringify(verdict.figures));
		assert.deepEqual(verdict.faults, []);
	});

	it('it was torture', () => {
		const f = verdict.figures;
		assert.ok(f.relayKills >= kills && f.clientKills >= kills, `${f.relayKills} and ${f.clientKills} kills`);
		assert.ok(f.acknowledged >= 30, `${f.acknowledged} acknowledged`);
		assert.ok(f.cuts + f.stalls + f.delays + f.relayStops + f.clientStops > 0, 'no other disturbance');
	});

	// What the judge must notice, each done to a copy of the store that just passed.
	const sql = {
		'a delivery that is missing': ['lost', (n) => `DELETE FROM delivery WHERE target = '/n/${n}'`],
		'a byte that differs': ['bytesDiffering', (n) => `UPDATE message SET body = CAST(X'00' || substr(body, 2) AS BLOB)
			WHERE id = (SELECT id * 4096 FROM delivery WHERE target = '/n/${n}')`],
		'a byte too few': ['bytesDiffering', (n) => `UPDATE message SET body = substr(body, 1, length(body) - 1)
			WHERE id = (SELECT id * 4096 FROM delivery WHERE target = '/n/${n}')`],
		'a body that is not there': ['bytesDiffering', (n) => `DELETE FROM message WHERE id = (SELECT id * 4096 FROM delivery WHERE target = '/n/${n}')`],
		'a delivery recorded twice': ['recordedTwice', (n) => `CREATE TEMP TABLE twin AS SELECT * FROM delivery WHERE target = '/n/${n}';
			INSERT INTO message SELECT (SELECT max(id) + 1 FROM delivery) * 4096, headers, trailers, body, raw FROM message WHERE id = (SELECT id * 4096 FROM twin);
			UPDATE twin SET id = (SELECT max(id) + 1 FROM delivery), event_id = randomblob(16); INSERT INTO delivery SELECT * FROM twin`],
		'a delivery whose call is never over': ['unfinished', (n) => `UPDATE delivery SET state = 1 WHERE target = '/n/${n}'`],
		'a delivery that nobody sent': ['strangers', (n) => `UPDATE delivery SET target = '/n/99999999' WHERE target = '/n/${n}'`],
	};
	const named = (faults, name) => faults.find((fault) => fault.name === name);
	const victim = () => [...t.senders.ledger].find(([, e]) => e.status === 200 && e.size > 2)[0];

	for (const [what, [name, statement]] of Object.entries(sql)) {
		it(`the judge sees ${what}`, async () => {
			const db = t.at('altered.db');
			copyFileSync(t.db, db);
			if (existsSync(`${t.db}.bodies`)) cpSync(`${t.db}.bodies`, `${db}.bodies`, { recursive: true });
			execFileSync('sqlite3', ['-batch', db, `PRAGMA foreign_keys = ON; ${statement(victim())};`]);
			const { faults } = await t.verdict({ db });
			const fault = named(faults, name);
			assert.equal(fault?.count, 1, JSON.stringify(faults));
			assert.deepEqual(fault.numbers, [name === 'strangers' ? 99999999 : victim()]);
		});
	}

	it('the judge sees an app that was never called, called again, or given other bytes, and a sender that got another answer', async () => {
		const without = new Map(t.app.calls);
		without.delete(victim());
		assert.deepEqual(named((await t.verdict({ calls: without })).faults, 'neverCalled')?.numbers, [victim()]);
		const other = new Map(t.app.calls);
		const [call] = other.get(victim());
		other.set(victim(), [{ ...call, whole: true, sha256: '00' }]);
		assert.deepEqual(named((await t.verdict({ calls: other })).faults, 'appBytesDiffering')?.numbers, [victim()]);
		// Alone: without the kills, others that were called again have no reason either.
		const again = new Map([[victim(), [call, { ...call, at: call.at + 1 }]]]);
		const twice = (await t.verdict({ calls: again, clientKills: [], stops: [] })).faults;
		for (const name of ['calledAgainUnmarked', 'calledAgainWithoutReason']) assert.ok(named(twice, name)?.numbers.includes(victim()), JSON.stringify(twice));
		assert.deepEqual(named((await t.verdict({ wrongAnswers: [3] })).faults, 'wrongAnswers')?.numbers, [3]);
	});
});

describe('the fault proxy', () => {
	let server;
	let proxy;
	let far; // the server's end of the last connection
	const sockets = new Set(); // half-open ones would keep this process
	before(async () => {
		server = net.createServer({ allowHalfOpen: true }, (socket) => (far = listen(socket)));
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		proxy = await FaultProxy.start({ targetPort: server.address().port, random: new Random(1) });
	});
	after(async () => {
		await proxy?.close();
		for (const socket of sockets) socket.destroy();
		server?.close();
	});

	/** A socket that remembers: got, ended, and in the end error or null. */
	function listen(socket) {
		sockets.add(socket);
		const end = { socket, got: Buffer.alloc(0), ended: false, error: null };
		socket.on('data', (piece) => (end.got = Buffer.concat([end.got, piece])));
		socket.on('end', () => (end.ended = true));
		socket.on('error', (error) => (end.error = error));
		end.closed = new Promise((resolve) => socket.on('close', resolve));
		return end;
	}

	async function open() {
		far = null;
		const near = listen(net.connect(proxy.port, '127.0.0.1'));
		near.socket.write('x');
		await waitFor('the connection to stand', () => far?.got.length === 1);
		return near;
	}

	const bytes = new Random(2).bytes(100_000);

	it('passes bytes both ways, untouched, and the ends of each direction', async () => {
		const near = await open();
		near.socket.write(bytes);
		near.socket.end();
		await waitFor('the end of one direction', () => far.ended);
		assert.ok(far.got.equals(Buffer.concat([Buffer.from('x'), bytes])));
		far.socket.end(bytes);
		await within('the end', near.closed);
		assert.ok(near.got.equals(bytes));
		assert.equal(near.error ?? far.error, null);
	});

	for (const how of ['rst', 'fin'])
		for (const direction of ['up', 'down'])
			for (const n of [0, 1, 777, 65_536]) {
				it(`cuts after exactly ${n} bytes ${direction}, ${how}`, async () => {
					const near = await open();
					const [from, to] = direction === 'up' ? [near, far] : [far, near];
					const before = to.got.length;
					proxy.cutAfter({ direction, bytes: before + n, how, link: [...proxy.links].at(-1) });
					from.socket.write(bytes);
					await waitFor('both ends to know', () => [near, far].every((end) => (how === 'rst' ? end.error?.code === 'ECONNRESET' : end.ended)));
					assert.equal(to.got.length - before, n);
					assert.ok(to.got.subarray(before).equals(bytes.subarray(0, n)));
					near.socket.destroy();
					far.socket.destroy();
				});
			}

	it('stalls: the connection stays open and nothing comes of it, for good; a later one passes', async () => {
		const near = await open();
		const old = far;
		proxy.stall(true);
		near.socket.write(bytes);
		await waitFor('the proxy to take it all', () => near.socket.writableLength === 0);
		proxy.stall(false);
		near.socket.write('more');
		const next = await open();
		assert.equal(old.got.length, 1);
		assert.ok(!old.ended && !near.ended && !old.error && !near.error);
		near.socket.destroy();
		next.socket.write('!');
		await waitFor('the new one to pass', () => far.got.toString() === 'x!');
		assert.ok(!old.ended && !old.error, 'the other end of a black hole learns nothing');
		next.socket.destroy();
		old.socket.destroy();
	});

	it('holds bytes and lets them go, in order', async () => {
		const near = await open();
		proxy.hold(true);
		near.socket.write(bytes);
		await waitFor('the proxy to have them', () => [...proxy.links].some((l) => l.lanes.up.queued === bytes.length));
		assert.equal(far.got.length, 1);
		proxy.hold(false);
		await waitFor('all of them', () => far.got.length === 1 + bytes.length);
		assert.ok(far.got.subarray(1).equals(bytes));
		near.socket.destroy();
	});

	it('delays and throttles', async () => {
		const near = await open();
		let since = Date.now();
		proxy.delay(80, 20);
		near.socket.write('late');
		await waitFor('it', () => far.got.length === 5);
		assert.ok(Date.now() - since >= 79, `${Date.now() - since} ms`);
		proxy.delay(0);
		since = Date.now();
		proxy.throttle(200_000);
		far.socket.write(bytes);
		await waitFor('all of it', () => near.got.length === bytes.length);
		assert.ok(Date.now() - since >= 400, `100 kB at 200 kB/s in ${Date.now() - since} ms`);
		assert.ok(near.got.equals(bytes));
		proxy.throttle(0);
		near.socket.destroy();
	});
});
