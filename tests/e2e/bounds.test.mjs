// What strangers can make the client write and read: an answer whose sender hung up is not read to its end, and the record
// keeps to --max-size.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { largest, startPages } from './lib/pages.mjs';
import { FakeRelay, credit, delivery, done, eventId, reset } from './lib/fake_relay.mjs';

const KiB = 1024;
const MiB = 1 << 20;
describe('an answer whose sender has gone', () => {
	const CANCEL = 1;
	const w = new World();
	let relay, app;
	before(async () => {
		app = await startPages();
		relay = await FakeRelay.start(w);
	});
	after(async () => {
		app?.close();
		await w.close();
	});

	/** A page asked for by one who hangs up: before the answer begins, or in the middle of it. Gives its row. */
	async function hungUp(name, path, { middle = false, args } = {}) {
		const client = await relay.startClient(name, { app, args });
		const c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: eventId(), method: 'GET', target: path }));
		if (middle) await c.frame('RESPONSE', (f) => f.stream === 1);
		else await waitFor('the app to be called', () => app.go.has(path));
		// What comes behind the RESET and is answered says that it was read.
		const id = eventId();
		c.send(reset(1, CANCEL), delivery({ stream: 2, event_id: id, target: `/behind-${name}` }));
		assert.equal(await c.answer(2), 'taken');
		c.send(done(2, id));
		app.go.get(path)?.();
		await waitFor('the app to see the end', () => app.closed.has(path));
		return w.recorded((r) => r.target === path && r.status !== null);
	}

	const body = async (row) => (await w.creelOut(['show', String(row.id), '--response', '--body']));
	const json = async (row) => JSON.parse(await w.creelOut(['show', String(row.id), '--json'])).response;

	for (const framing of ['declared', 'chunked'])
		it(`is read on for 64 KiB when it hung up before it began (${framing})`, async () => {
			const path = `/large/${64 * MiB}/${framing}/wait`;
			const row = await hungUp(`before-${framing}`, path);
			assert.equal(app.closed.get(path), true, 'the call to the app is ended');
			assert.equal(row.status, 200);
			assert.equal(row.state, 'delivered', 'the app took it');
			const kept = await w.creel(['show', String(row.id), '--response', '--body']);
			assert.equal(kept.stdout.length, 64 * KiB);
			assert.equal(kept.err, `creel: only the first ${64 * KiB} of ${row.response_bytes} bytes are on record: `
				+ 'its sender had gone, and the rest was not read (--record-max-abandoned)\n');
			assert.equal((await json(row)).body_truncated, true);
			assert.equal((await json(row)).body_truncated_by, 'record-max-abandoned');
			assert.match((await w.creelOut(['show', String(row.id)])).toString(), /\(the first 65536 of \d+ bytes: its sender had gone, and the rest was not read/);
		});

	it('is read on for 64 KiB when it hung up in the middle', async () => {
		const path = `/large/${64 * MiB}/declared/now`;
		const row = await hungUp('middle', path, { middle: true });
		assert.equal(app.closed.get(path), true, 'the call to the app is ended');
		assert.equal((await json(row)).body_truncated_by, 'record-max-abandoned');
		const kept = await body(row);
		// The stream's window, what is held for it, and 64 KiB.
		assert.ok(kept.length >= 64 * KiB && kept.length <= 2 * 256 * KiB + 128 * KiB, `${kept.length} bytes`);
		assert.ok(row.response_bytes > kept.length, 'its size says so, too');
	});

	it('is on record whole when no more is left of it', async () => {
		for (const size of [100, 64 * KiB]) {
			const path = `/large/${size}/chunked/wait`;
			const row = await hungUp(`short-${size}`, path);
			assert.equal((await body(row)).length, size);
			assert.equal('body_truncated' in (await json(row)), false);
		}
	});

	it('is read on as far as --record-max-abandoned says, and never beyond --record-max', async () => {
		for (const [name, args, most] of [['wide', ['--record-max-abandoned', '1MiB'], MiB], ['none', ['--record-max-abandoned', '0'], 0],
			['both', ['--record-max-abandoned', '1MiB', '--record-max', '1KiB'], KiB]]) {
			const row = await hungUp(name, `/large/${64 * MiB}/${name}/wait`, { args });
			assert.equal((await body(row)).length, most);
			assert.equal(row.status, 200);
		}
	});

	it('costs the app no more than that, too: a hundred of them', async () => {
		const client = await relay.startClient('many', { app });
		const c = await client.connection(1);
		const paths = [...Array(100).keys()].map((k) => `/large/${64 * MiB}/${k}/many/wait`);
		paths.forEach((target, k) => c.send(delivery({ stream: 10 + k, event_id: eventId(), method: 'GET', target })));
		await waitFor('the app to be called', () => paths.every((path) => app.go.has(path)));
		paths.forEach((_, k) => c.send(reset(10 + k, CANCEL)));
		c.send(delivery({ stream: 2, event_id: eventId(), target: '/behind-many' }));
		await c.answer(2);
		paths.forEach((path) => app.go.get(path)());
		await waitFor('the app to see all ends', () => paths.every((path) => app.closed.has(path)), 60_000);
		await waitFor('all on record', async () => (await w.list()).filter((r) => paths.includes(r.target) && r.state === 'delivered').length === 100, 60_000);
	});
});

describe('the record keeps to --max-size', () => {
	const MARGIN = 128 * KiB;
	const w = new World();
	let relay, app, disk, mounted;
	before(async () => {
		app = await startPages();
		relay = await w.startRelay();
		disk = w.path('disk');
		mkdirSync(disk, { mode: 0o700 });
		try { // Where it may not be mounted, the sizes that are looked at say as much.
			execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=0700', 'tmpfs', disk], { stdio: 'pipe' });
			mounted = true;
		} catch {
			mounted = false;
		}
	});
	after(async () => {
		app?.close();
		await Promise.allSettled(w.processes.map((p) => p.stop('SIGKILL')));
		if (mounted) execFileSync('umount', ['-l', disk]);
		await w.close();
	});

	const get = async (path, { hangUp } = {}) => {
		const request = http.get({ port: relay.port, host: '127.0.0.1', path, agent: false });
		request.on('error', () => {});
		const [response] = await within('an answer', once(request, 'response'), 60_000);
		let size = 0;
		response.on('error', () => {});
		for await (const data of response) {
			size += data.length;
			if (hangUp && size > 100 * KiB) break; // ends the connection
		}
		request.destroy();
		return size;
	};

	for (const bound of [2 * MiB, 8 * MiB])
		it(`of ${bound / MiB} MiB, whatever is answered to strangers; the webhooks stay`, async () => {
			const name = `bound${bound / MiB}`, db = `${disk}/${name}/creel.db`, args = ['--db', db];
			const client = await w.startClient({ relay, target: app.port, name, db, args: ['--max-size', `${bound / MiB}MiB`] });
			const bodies = [...Array(200).keys()].map((k) => JSON.stringify({ event: k, text: randomBytes(200).toString('hex') }));
			for (let k = 0; k < bodies.length; k += 20)
				for (const a of await Promise.all(bodies.slice(k, k + 20).map((body, i) => post(relay.port, `/${name}/hook/${k + i}`, body)))) assert.equal(a.status, 200);
			const most = await largest(db, async () => {
				for (let round = 0; round < 20; round++)
					await Promise.all([0, 1, 2, 3].map((k) => get(`/${name}/large/${3 * MiB}/${round}/${k}`, { hangUp: k === 3 })));
				const rows = await w.recorded((r) => r.target === `/large/${3 * MiB}/19/0` && r.status !== null, { args });
				assert.equal(rows.response_bytes, 3 * MiB);
			});
			assert.ok(most <= bound + MARGIN, `the store's files took ${most} bytes`);
			assert.ok(most > bound / 2, 'and it was used');
			assert.doesNotMatch(client.err, /refused|full/);
			const rows = await w.list(1000, { args });
			const hooks = rows.filter((r) => r.target.startsWith('/hook/'));
			assert.equal(hooks.length, 200, 'no webhook went');
			for (const row of hooks.filter((_, k) => k % 20 === 0))
				assert.equal((await w.creelOut(['show', ...args, String(row.id), '--body'])).toString(), bodies[Number(row.target.slice(6))]);
			// The newest is there as far as one may be, the oldest is not, and both say why.
			const last = rows.find((r) => r.target === `/large/${3 * MiB}/19/0`), first = rows.find((r) => r.target === `/large/${3 * MiB}/0/0`);
			const kept = await w.creel(['show', ...args, String(last.id), '--response', '--body']);
			assert.equal(kept.stdout.length, bound / 16);
			assert.match(kept.err, /only the first \d+ of 3145728 bytes are on record: the record had no room for more \(--max-size\)/);
			const gone = await w.creel(['show', ...args, String(first.id), '--response', '--body']);
			assert.equal(gone.stdout.length, 0);
			assert.match(gone.err, /only the first 0 of 3145728 bytes are on record: it gave way to what came later \(--max-size\)/);
			assert.equal(JSON.parse(await w.creelOut(['show', ...args, String(first.id), '--json'])).response.body_truncated_by, 'max-size');
			// A webhook that comes now is taken as ever.
			assert.equal((await post(relay.port, `/${name}/hook/new`, 'x'.repeat(1000))).status, 200);
			await client.stop('SIGINT');
		});

	it('webhooks that fill it push out the oldest, and the newest are there', async () => {
		const name = 'many', db = `${disk}/${name}/creel.db`, args = ['--db', db];
		const client = await w.startClient({ relay, target: app.port, name, db, args: ['--max-size', '2MiB'] });
		const most = await largest(db, async () => {
			for (let k = 0; k < 600; k += 20)
				for (const a of await Promise.all([...Array(20).keys()].map((i) => post(relay.port, `/${name}/hook/${k + i}`, randomBytes(6000))))) assert.equal(a.status, 200);
		});
		assert.ok(most <= 2 * MiB + MARGIN, `the store's files took ${most} bytes`);
		const rows = await w.list(1000, { args });
		assert.ok(rows.length > 50 && rows.length < 400, `${rows.length} are left`);
		const numbers = rows.map((r) => r.id);
		assert.equal(Math.max(...numbers), 600);
		assert.equal(Math.max(...numbers) - Math.min(...numbers) + 1, numbers.length, 'the oldest went, and no other');
		await client.stop('SIGINT');
	});

	it('a bound that was lowered is reached soon after the start, answers first', async () => {
		const name = 'lower', db = `${disk}/${name}/creel.db`, args = ['--db', db];
		const first = await w.startClient({ relay, target: app.port, name, db, args: ['--max-size', '0'] });
		for (let k = 0; k < 4; k++) {
			assert.equal(await get(`/${name}/large/${MiB}/${k}`), MiB);
			await post(relay.port, `/${name}/hook/${k}`, 'kept');
		}
		await w.recorded((r) => r.target === `/large/${MiB}/3` && r.status !== null, { args });
		await first.stop('SIGINT');
		const again = await w.startClient({ relay, target: app.port, name, db, args: ['--max-size', '1MiB'] });
		await waitFor('the sentence', () => /old answers' bodies are no longer on record \(--max-size\)/.test(again.err));
		const rows = await w.list(1000, { args });
		assert.equal(rows.length, 8, 'every request is there');
		await again.stop('SIGINT');
	});

	it('is 1MiB at least', async () => {
		const r = await w.creel(['listen', '1', '--relay', 'http://127.0.0.1:1', '--max-size', '1000KiB']);
		assert.equal(r.code, 2);
		assert.match(r.err, /^creel: --max-size must be at least 1MiB, or 0: no bound/);
	});
});

describe('long answers at once', () => {
	it('leave room on the tunnel for a short one, and go on when the relay gives credit', async () => {
		const w = new World();
		const app = await startPages();
		try {
			const relay = await FakeRelay.start(w);
			const client = await relay.startClient('crowd', { app });
			const c = await client.connection(1);
			for (let k = 0; k < 40; k++) c.send(delivery({ stream: 10 + k, event_id: eventId(), method: 'GET', target: `/large/${MiB}/${k}` }));
			const came = () => [...Array(40).keys()].reduce((sum, k) => sum + c.body(10 + k).length, 0);
			// The relay gives no credit: of the tunnel's 4 MiB an eighth is left.
			await waitFor('the long ones to stand still', () => came() > 3 * MiB);
			for (let k = 0; k < 20; k++) {
				const id = eventId();
				c.send(delivery({ stream: 100 + k, event_id: id, target: '/short' }));
				assert.equal(await c.answer(100 + k), 'taken');
			}
			assert.ok(came() <= 3.5 * MiB + 256 * KiB, `${came()} bytes of the long ones`);
			const before = came();
			c.send(credit(0, 2 * MiB));
			await waitFor('more of them', () => came() >= before + MiB);
		} finally {
			app.close();
			await w.close();
		}
	});
});
