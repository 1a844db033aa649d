// Ends of different ages: one that has not the feature EXACT, as creel 0.1.0, wants a blank behind each colon and no trailers of
// answers. What it gets it can read; what an end of today gets is as it came.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FakeRelay, delivery, eventId } from './lib/fake_relay.mjs';
import { World } from './lib/harness.mjs';
import { Receiver, field, requestBytes, send } from './lib/http.mjs';
import { makeKey } from './lib/seal.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS } from './lib/wire.mjs';

const EXACT = 2;
const ODD = ['Host: localhost', 'X-None:a', 'X-Many:   b  ', 'X-Tab:\tc', 'X-Empty:', 'X-Blank: ', 'X-8bit:\xe9'];
const AS_CAME = ODD.map((line) => `${line}\r\n`).join('');
// As 0.1.0 reads lines: a colon, a blank, the rest.
const READABLE = /^(?:[^:\r\n]+: [^\r\n]*\r\n)*$/;
const PLAIN = 'Host: localhost\r\nX-None: a\r\nX-Many: b  \r\nX-Tab: c\r\nX-Empty: \r\nX-Blank: \r\nX-8bit: \xe9\r\n';

describe('an older client', () => {
	const w = new World();
	let relay;
	before(async () => (relay = await w.startRelay()));
	after(() => w.close());

	const chunked = (name) => Buffer.from(`POST /${name}/x HTTP/1.1\r\n${AS_CAME}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum:9\r\n\r\n`, 'latin1');

	for (const features of [0, EXACT])
		it(`features ${features}: a webhook comes ${features ? 'as it was sent' : 'with one blank behind each colon'}`, async () => {
			const t = await Tunnel.online(relay.port, `live-${features}`, { say: { features } });
			const sending = send(relay.port, chunked(`live-${features}`));
			const r = await t.request();
			assert.ok(features || READABLE.test(r.headers), r.headers);
			assert.equal(r.headers, (features ? AS_CAME : PLAIN) + 'Transfer-Encoding: chunked\r\n');
			assert.equal(r.trailers, features ? 'X-Sum:9\r\n' : 'X-Sum: 9\r\n');
			t.answer(r);
			assert.equal((await sending).status, 200);
			await t.leave();
		});

	for (const restarted of [false, true])
		for (const features of [0, EXACT])
			it(`features ${features}: so is what was sealed for it${restarted ? ' by a relay that was started since' : ''}`, async () => {
				const name = `sealed-${features}-${restarted}`;
				const { publicKey, open } = makeKey();
				const say = { features, public_key: publicKey };
				await (await Tunnel.online(relay.port, name, { say })).leave();
				if (restarted) {
					await relay.stop('SIGTERM');
					relay = await w.startRelay({ data: relay.data });
				}
				assert.equal((await send(relay.port, chunked(name))).status, 202);
				const t = await Tunnel.online(relay.port, name, { say });
				await t.frame('SEALED', (f) => f.flags & FLAGS.END);
				const frames = open(Buffer.concat(t.frames.filter((f) => f.type === 'SEALED').map((f) => Buffer.from(f.piece_hex, 'hex'))));
				assert.equal(frames[0].headers, (features ? AS_CAME : PLAIN) + 'Transfer-Encoding: chunked\r\n');
				assert.equal(frames.at(-1).trailers, features ? 'X-Sum:9\r\n' : 'X-Sum: 9\r\n');
				await t.leave();
			});

	it('what waits unsealed is written for whoever comes for it', async () => {
		await (await Tunnel.online(relay.port, 'grows')).leave();
		for (let i = 0; i < 2; i++) assert.equal((await send(relay.port, requestBytes('POST', '/grows/x', [...ODD, 'Content-Length: 0']))).status, 202);
		const old = await Tunnel.online(relay.port, 'grows', { say: { drain_parallel: 1 } });
		const first = await old.request();
		assert.equal(first.headers, `${PLAIN}Content-Length: 0\r\n`);
		old.answer(first);
		await old.request(1); // not recorded: it comes again
		await old.leave();
		const fresh = await Tunnel.online(relay.port, 'grows', { say: { features: EXACT } });
		assert.equal((await fresh.request()).headers, `${AS_CAME}Content-Length: 0\r\n`);
		await fresh.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('an older relay', () => {
	const w = new World();
	let relay, app;
	before(async () => {
		relay = await FakeRelay.start(w);
		const lines = ODD.slice(1).map((line) => `${line}\r\n`).join('');
		app = w.keep(await Receiver.start({
			answer: (_, socket) => socket.write(Buffer.from(`HTTP/1.1 200 All fine\r\n${lines}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum:9\r\n\r\n`, 'latin1')),
		}));
	});
	after(() => w.close());

	for (const features of [0, EXACT])
		it(`features ${features}: its request is taken, and it gets the answer ${features ? 'as it came, with its trailers' : 'with one blank behind each colon, without trailers'}`, async () => {
			const client = await relay.startClient(`old-${features}`, { app });
			const c = await client.connection(1, { features });
			const headers = 'Host: x\r\nX-Two:  a\r\nContent-Length: 2\r\n';
			c.send(delivery({ stream: 1, event_id: eventId(), body: 'hi', headers }));
			const head = await c.frame('RESPONSE', (f) => f.stream === 1);
			assert.equal(await c.answer(1), 'ok');
			const want = ODD.slice(1).map((line) => `${line}\r\n`).join('');
			assert.ok(head.headers.startsWith(features ? want : PLAIN.slice(PLAIN.indexOf('\n') + 1)), head.headers);
			assert.ok(features || READABLE.test(head.headers), head.headers);
			assert.equal(c.frames.find((f) => f.type === 'DATA' && f.trailers)?.trailers, features ? 'X-Sum:9\r\n' : undefined);
			assert.equal(field(app.requests.at(-1).lines, 'X-Two'), 'a');
			await client.stop('SIGINT');
		});

	it('every program ended cleanly', () => w.endsCleanly());
});
