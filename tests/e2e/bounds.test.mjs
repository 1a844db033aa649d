// What strangers can make the client write and read: an answer whose sender hung up is not read to its end, and the record
// keeps to --max-size.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { FakeRelay, delivery, done, eventId, reset } from './lib/fake_relay.mjs';

const KiB = 1024;
const MiB = 1 << 20;
const piece = Buffer.alloc(64 * KiB, 'a page of the app ');

/** An app with large pages: `/large/BYTES`, and `/slow` that begins its answer when told; 200 to the rest. */
export async function startPages() {
	const app = { given: new Map(), closed: new Map(), go: new Map() };
	app.server = http.createServer(async (request, response) => {
		request.resume();
		let wake = () => {};
		response.on('close', () => (app.closed.set(request.url, !response.writableFinished), wake()));
		response.on('drain', () => wake());
		const size = Number(/^\/large\/(\d+)/.exec(request.url)?.[1] ?? -1);
		if (size < 0) return void response.end('taken');
		if (request.url.endsWith('/wait')) await new Promise((resolve) => app.go.set(request.url, resolve));
		response.writeHead(200, request.url.includes('/declared') ? { 'Content-Length': size } : {});
		for (let at = 0; at < size && !response.destroyed; at += piece.length) {
			app.given.set(request.url, at);
			if (!response.write(piece.subarray(0, Math.min(piece.length, size - at)))) await new Promise((resolve) => (wake = resolve));
		}
		response.end();
	});
	app.server.listen(0, '127.0.0.1');
	await once(app.server, 'listening');
	app.port = app.server.address().port;
	app.close = () => (app.server.closeAllConnections(), app.server.close());
	return app;
}

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
