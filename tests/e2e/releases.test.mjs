// What earlier releases left behind is understood today: their store, their spool, and either end of their tunnel.
// tests/fixtures/releases.mjs records a release.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { World, root, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS, decodeMessage } from './lib/wire.mjs';

const fixtures = path.join(root, 'tests/fixtures');
const CALLS = [['/orders', 200], ['/pieces', 200], ['/none', 404], ['/large', 200], ['/empty', 200]];
const ended = (type) => (f) => f.type === type && (type !== 'RESPONSE' || f.flags & FLAGS.END);

for (const folder of readdirSync(fixtures).filter((name) => name.startsWith('release-')))
	describe(folder, () => {
		const w = new World();
		const said = JSON.parse(readFileSync(path.join(fixtures, folder, 'conversation.json'), 'utf8'))
			.map(({ from, hex }) => ({ from, bytes: Buffer.from(hex, 'hex'), frames: decodeMessage(Buffer.from(hex, 'hex')) }));
		const framesOf = (from) => said.filter((m) => m.from === from).flatMap((m) => m.frames);
		let app;
		before(async () => (app = w.keep(await Receiver.start())));
		after(() => w.close());

		/** A fresh copy of what lay on its disk. */
		function unpack(of) {
			const to = w.fresh(of);
			mkdirSync(to, { mode: 0o700 });
			execFileSync('tar', ['-C', to, '-xzf', path.join(fixtures, folder, `${of}.tar.gz`)]);
			return to;
		}

		it('its store is read, searched, replayed from and written to', async () => {
			const db = path.join(unpack('client'), 'creel.db');
			const env = { CREEL_DB: db };
			const early = await w.creel(['list'], { env });
			if (early.code !== 0) assert.match(early.err, /of an older creel: start `creel listen` once/);
			const upgrading = await w.startClient({ relay: await w.startRelay(), target: app.port, db });
			await upgrading.stop('SIGINT');
			const seen = await w.list(100, { env });
			assert.deepEqual(seen.map((d) => [d.path.replace(/^.*\//, '/'), d.status]), CALLS);
			const body = await w.creelOut(['show', String(seen[0].id), '--body'], { env });
			assert.equal(String(body), '{"type":"order.created","n":1}');
			const answer = await w.creelOut(['show', String(seen[3].id), '--response', '--body'], { env });
			assert.equal(answer.length, 9000);
			assert.deepEqual((await w.list(100, { env, args: ['status:4xx'] })).map((d) => d.id), [seen[2].id]);
			const replayed = await w.creel(['replay', String(seen[0].id), '--to', `http://127.0.0.1:${app.port}`], { env });
			assert.equal(replayed.code, 0, replayed.err);
			assert.equal((await w.run('sqlite3', ['-readonly', db, 'PRAGMA integrity_check'])).text.trim(), 'ok');
		});

		it('what waited in its spool comes to the client whose key it was sealed for', async () => {
			const relay = await w.startRelay({ data: unpack('relay') });
			const db = path.join(unpack('client'), 'creel.db');
			const before = app.requests.length;
			await w.startClient({ relay, target: app.port, name: 'shop', db });
			await waitFor('both to come', () => app.requests.length >= before + 2);
			const came = app.requests.slice(before);
			assert.deepEqual(came.map((r) => String(r.body)), ['while away: waits-1', 'while away: waits-2']);
		});

		it('its client is served by today’s relay', async () => {
			const relay = await w.startRelay();
			const t = await Tunnel.open(relay.port);
			const [first] = said.filter((m) => m.from === 'client');
			assert.equal(first.frames[0].type, 'HELLO');
			t.ws.send(first.bytes);
			assert.equal((await t.frame('WELCOME')).tunnel, 'shop');
			// Its answers to the first webhook, with the id that this one has.
			const theirs = framesOf('relay').find((f) => f.type === 'REQUEST');
			const sending = post(relay.port, '/shop/orders', '{"type":"order.created","n":1}');
			const asked = await t.frame('REQUEST');
			assert.equal(asked.target, theirs.target);
			for (const m of said.filter((one) => one.from === 'client').slice(1)) {
				if (!m.frames.some((f) => f.stream === theirs.stream)) continue;
				const hex = m.bytes.toString('hex').replaceAll(theirs.event_id.replaceAll('-', ''), asked.event_id.replaceAll('-', ''));
				t.ws.send(Buffer.from(hex, 'hex'));
			}
			const answer = await sending;
			assert.equal(answer.status, 200);
			assert.equal(String(answer.body), 'ok');
			await t.frame('DONE');
			await t.leave();
		});

		it('its relay is understood by today’s client', async () => {
			const server = http.createServer();
			const wss = new WebSocketServer({ server, handleProtocols: () => 'creel.v1', perMessageDeflate: false });
			const heard = [];
			wss.on('connection', (ws) => {
				ws.on('message', (bytes) => heard.push(...decodeMessage(bytes)));
				// Each message once the client has come as far as that release's had.
				(async () => {
					for (const [at, m] of said.entries()) {
						if (m.from !== 'relay') continue;
						const before = said.slice(0, at).filter((one) => one.from === 'client').flatMap((one) => one.frames);
						for (const type of ['HELLO', 'RECORDED', 'RESPONSE'])
							await waitFor(() => `${type}; heard ${heard.map((f) => f.type)}`, () => heard.filter(ended(type)).length >= before.filter(ended(type)).length);
						ws.send(m.bytes);
					}
				})().catch((error) => heard.push({ type: String(error) }));
			});
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			w.keep({ close: () => (wss.clients.forEach((c) => c.terminate()), server.close()) });
			const db = w.path('understood.db');
			await w.startClient({ relayUrl: `http://127.0.0.1:${server.address().port}`, target: app.port, name: 'shop', db });
			const requests = framesOf('relay').filter((f) => f.type === 'REQUEST');
			await waitFor(() => `the answers; heard ${heard.map((f) => f.type)}`, () => heard.filter(ended('RESPONSE')).length + heard.filter((f) => f.type === 'DATA' && f.flags & FLAGS.END).length >= requests.length);
			assert.deepEqual(heard.filter((f) => f.type === 'RECORDED').map((f) => f.event_id).sort(), requests.map((f) => f.event_id).sort());
			const seen = await w.list(100, { env: { CREEL_DB: db } });
			assert.deepEqual(seen.map((d) => d.path.replace(/^.*\//, '/')), CALLS.map(([name]) => name));
		});
	});
