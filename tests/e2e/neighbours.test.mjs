// Client and relay of neighbouring releases work together, tried with the programs themselves: `make neighbours` builds the release
// before this one from its tag. releases.test.mjs holds the same against what earlier releases left on disk and said on the wire.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, post } from './lib/http.mjs';

const earlier = process.env.CREEL_EARLIER_BIN_DIR;
const skip = !(earlier && existsSync(path.join(earlier, 'creel-relay'))) && 'CREEL_EARLIER_BIN_DIR has no programs of an earlier release: make neighbours';

for (const [what, folders] of [
	['an earlier client at today’s relay', { creel: earlier, 'creel-relay': binDir }],
	['today’s client at an earlier relay', { creel: binDir, 'creel-relay': earlier }],
])
	describe(what, { skip }, () => {
		let w, app, relay, client;
		const data = () => w.path('spool');
		const db = () => w.path('client.db');
		const startClient = () => w.startClient({ relay, target: app.port, name: 'shop', db: db() });
		before(async () => {
			w = new World();
			w.folders = folders;
			app = w.keep(await Receiver.start());
			relay = await w.startRelay({ data: data() });
			client = await startClient();
		});
		after(() => w?.close());

		it('a webhook and its answer arrive byte for byte, small, empty, chunked and large', async () => {
			const large = randomBytes(3_000_000);
			app.answer = (request, socket) => socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 207 As It Was\r\nX-App: a\r\nContent-Length: ${request.body.length}\r\n\r\n`), request.body]));
			for (const body of [Buffer.from('{"n":1}'), Buffer.alloc(0), large]) {
				const at = app.requests.length;
				const answer = await post(relay.port, '/shop/hook?a=%2F', body, ['X-Sent: Twice', 'X-Sent: twice']);
				assert.equal(answer.status, 207);
				assert.ok(Buffer.from(answer.body).equals(body));
				assert.ok(app.requests[at].body.equals(body));
				assert.equal(app.requests[at].target, '/hook?a=%2F');
				assert.equal(app.requests[at].lines.filter((line) => /^X-Sent: /.test(line)).length, 2);
			}
			const sender = await Sender.connect(relay.port);
			await sender.write('POST /shop/pieces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n');
			assert.equal(String((await sender.answer()).body), 'in pieces');
			await sender.end();
			app.answer = null;
		});

		it('what comes while the client is away reaches it later', async () => {
			await client.stop('SIGINT');
			const at = app.requests.length;
			for (const n of [1, 2, 3]) assert.equal((await post(relay.port, '/shop/away', `away ${n}`)).status, 202);
			client = await startClient();
			await waitFor('the three', () => app.requests.length >= at + 3);
			assert.deepEqual(app.requests.slice(at).map((r) => String(r.body)), ['away 1', 'away 2', 'away 3']);
		});

		it('the tunnel comes back after its relay was killed', async () => {
			const { port } = relay;
			await relay.stop('SIGKILL');
			relay = await w.startRelay({ data: data(), port });
			await waitFor('the tunnel', async () => (await post(relay.port, '/shop/again', 'again')).status === 200);
		});

		it('all of it is on record', async () => {
			await waitFor('the record', async () => (await w.list(100, { env: { CREEL_DB: db() } })).filter((d) => d.status === 207).length === 4);
		});
	});

describe('an upgrade, the relay first and then the client', { skip }, () => {
	let w, app;
	before(async () => {
		w = new World();
		w.folders = { creel: earlier, 'creel-relay': earlier };
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	it('loses nothing that waited, and the record goes on', async () => {
		const data = w.path('spool');
		const db = w.path('client.db');
		const came = () => app.requests.map((r) => String(r.body));
		const startClient = (relay) => w.startClient({ relay, target: app.port, name: 'shop', db });
		let relay = await w.startRelay({ data });
		await (await startClient(relay)).stop('SIGINT');
		assert.equal((await post(relay.port, '/shop/a', 'before the relay')).status, 202);
		await relay.stop('SIGTERM');

		w.folders['creel-relay'] = binDir;
		relay = await w.startRelay({ data });
		const client = await startClient(relay);
		await waitFor('the first', () => came().includes('before the relay'));
		await client.stop('SIGINT');
		assert.equal((await post(relay.port, '/shop/b', 'before the client')).status, 202);

		w.folders.creel = binDir;
		await startClient(relay);
		await waitFor('the second', () => came().includes('before the client'));
		assert.equal((await post(relay.port, '/shop/c', 'after both')).status, 200);
		assert.deepEqual(came(), ['before the relay', 'before the client', 'after both']);
		await waitFor('the record', async () => (await w.list(100, { env: { CREEL_DB: db } })).filter((d) => d.status === 200).length === 3);
	});
});
