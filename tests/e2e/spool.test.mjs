// What the relay keeps for a client that is away, and how it hands it out; and how streams outlive a connection
// (shared/DESIGN.md §4, shared/PROTOCOL.md §3–§5). The client's end is the tests' own (lib/tunnel.mjs).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Sender, field, post, requestBytes, send } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS, frame, hello } from './lib/wire.mjs';

const OPTION = { SHARE: 1, ACK_IMMEDIATE: 2, OFFLINE_FAIL: 4 };
const RESET = { STORE: 4, APP_ABORTED: 5, PROTOCOL: 6 };
const reset = (stream, code) => frame('RESET', { stream, payload: Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from([0, 1, 65])]) });
const key = () => randomBytes(32).toString('latin1');
const nonceOf = (t) => Buffer.from(t.welcome.nonce_hex, 'hex');

async function metric(w, relay, name) {
	const file = relay.adminPort;
	const text = await (await fetch(`http://${file}/metrics`)).text();
	return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

async function startRelay(w, args = [], options = {}) {
	const adminFile = w.fresh('admin');
	const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args], ...options });
	relay.adminPort = await w.fileFrom(relay, adminFile);
	relay.waiting = () => metric(w, relay, 'creel_spool_deliveries');
	return relay;
}

function accepted(answer) {
	assert.equal(answer.status, 202, answer.text);
	const id = field(answer.lines, 'Creel-Event-Id');
	assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
	assert.equal(JSON.parse(answer.text).event_id, id);
	return id;
}

describe('the spool', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w);
	});
	after(() => w?.close());

	it('a client that is away: POST, PUT, PATCH and DELETE get 202, GET, HEAD and OPTIONS 503', async () => {
		const t = await Tunnel.online(relay.port, 'methods');
		await t.leave();
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
			accepted(await send(relay.port, requestBytes(method, '/methods/x', ['Host: localhost', 'Content-Length: 2'], 'hi')));
		for (const method of ['GET', 'HEAD', 'OPTIONS']) {
			const answer = await send(relay.port, requestBytes(method, '/methods/x', ['Host: localhost']), { head: method === 'HEAD' });
			assert.equal(answer.status, 503);
			assert.ok(field(answer.lines, 'Retry-After'));
		}
		assert.equal(await relay.waiting(), 4);
	});

	it('hands out oldest first, each exactly as sent, and forgets what is RECORDED', async () => {
		const t = await Tunnel.online(relay.port, 'shop');
		await t.leave();
		const bodies = [Buffer.alloc(0), Buffer.from([...Array(256).keys()]), randomBytes(1 << 20), randomBytes((3 << 20) + 7), Buffer.from('last')];
		const ids = [];
		for (const [i, body] of bodies.entries())
			ids.push(accepted(await send(relay.port, requestBytes('POST', `/shop/a%2Fb/../${i}?x=%20`, ['Host: localhost', 'x-odd:  two  ', `Content-Length: ${body.length}`], body))));
		ids.push(accepted(await send(relay.port, Buffer.from('POST /shop/chunked HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n'))));
		const before = await relay.waiting();
		const again = await Tunnel.online(relay.port, 'shop', { say: { drain_parallel: 1 } });
		for (const [i, id] of ids.entries()) {
			// The windows open as a client takes the bytes away.
			again.ws.on('message', () => {});
			const r = await waitFor(`delivery ${i}`, () => {
				const seen = again.frames.filter((f) => f.type === 'DATA' || f.type === 'REQUEST').reduce((n, f) => n + (f.body?.length ?? 0), 0);
				if (seen > (again.credited ?? 0) + 100_000) {
					const credit = Buffer.alloc(4);
					credit.writeUInt32BE(seen - (again.credited ?? 0));
					again.credited = seen;
					const stream = again.frames.findLast((f) => f.type === 'REQUEST').stream;
					again.ws.send(Buffer.concat([frame('WINDOW', { payload: credit }), frame('WINDOW', { stream, payload: credit })]));
				}
				return again.requests[i];
			});
			assert.equal(r.event_id, id);
			assert.ok(r.flags & FLAGS.SPOOLED || again.frames.find((f) => f.type === 'REQUEST' && f.stream === r.stream).flags & FLAGS.SPOOLED);
			if (i < bodies.length) {
				assert.equal(r.target, `/a%2Fb/../${i}?x=%20`);
				// A client that does not say EXACT gets one blank behind the colon.
				assert.equal(r.headers, `Host: localhost\r\nx-odd: two  \r\nContent-Length: ${bodies[i].length}\r\n`);
				assert.ok(Buffer.from(r.bytes, 'latin1').equals(bodies[i]), `body ${i}`);
			} else {
				assert.equal(r.bytes, 'abc');
				assert.equal(r.trailers, 'X-Sum: 9\r\n');
			}
			assert.equal(again.requests.length, i + 1, 'one at a time');
			again.answer(r, { headers: '', body: '', body_len: 0 });
			await again.frame('DONE', (f) => f.stream === r.stream);
		}
		await waitFor('the spool to forget them', async () => (await relay.waiting()) === before - ids.length);
		await again.end();
		const third = await Tunnel.online(relay.port, 'shop');
		const live = post(relay.port, '/shop/live');
		const r = await third.request();
		assert.equal(r.target, '/live', 'nothing of the old comes again');
		third.answer(r);
		assert.equal((await live).status, 200);
		await third.leave();
	});

	it('what is not RECORDED comes again, with the same event id; what is, does not', async () => {
		let t = await Tunnel.online(relay.port, 'again');
		await t.leave();
		const ids = [];
		for (let i = 0; i < 3; i++) ids.push(accepted(await post(relay.port, `/again/${i}`)));
		t = await Tunnel.online(relay.port, 'again', { say: { drain_parallel: 3 } });
		await t.request(2);
		t.answer(t.requests[1], null);
		await waitFor('one to be forgotten', async () => t.over ?? true);
		await t.leave();
		t = await Tunnel.online(relay.port, 'again', { say: { drain_parallel: 3 } });
		await t.request(1);
		assert.deepEqual(t.requests.map((r) => r.event_id), [ids[0], ids[2]]);
		await t.leave();
	});

	it('--drain-parallel: never more than that under way; a waiting sender does not queue behind them', async () => {
		let t = await Tunnel.online(relay.port, 'parallel');
		await t.leave();
		for (let i = 0; i < 10; i++) accepted(await post(relay.port, `/parallel/${i}`));
		t = await Tunnel.online(relay.port, 'parallel', { say: { drain_parallel: 3 } });
		await t.request(2);
		const live = post(relay.port, '/parallel/live');
		const r = await t.request(3);
		assert.equal(r.target, '/live');
		t.answer(r);
		assert.equal((await live).status, 200);
		assert.equal(t.requests.length, 4, 'the live one came, no further old one');
		for (let done = 0; done < 10; done++) {
			const open = await waitFor('the next', () => t.requests.filter((q) => q.target !== '/live')[done]);
			assert.ok(t.requests.filter((q) => q.target !== '/live').length - done <= 3);
			assert.equal(open.target, `/${done}`);
			t.answer(open, { headers: '', body: '', body_len: 0 });
		}
		await t.leave();
	});

	it('survives kill -9 of the relay', async () => {
		const mine = await startRelay(w);
		let t = await Tunnel.online(mine.port, 'durable');
		await t.leave();
		const ids = [];
		for (let i = 0; i < 20; i++) ids.push(accepted(await post(mine.port, `/durable/${i}`, randomBytes(2000))));
		await mine.stop('SIGKILL');
		const next = await startRelay(w, [], { data: mine.data });
		assert.equal(await next.waiting(), 20);
		ids.push(accepted(await post(next.port, '/durable/after')));
		t = await Tunnel.online(next.port, 'durable', { say: { drain_parallel: 100 } });
		await t.request(20);
		assert.deepEqual(t.requests.map((r) => r.event_id), ids);
		await t.leave();
	});

	it('--offline fail: 503 while away; --ack immediate: 202 at once, delivered as spooled', async () => {
		let t = await Tunnel.online(relay.port, 'fail', { say: { options: OPTION.OFFLINE_FAIL } });
		await t.leave();
		assert.equal((await post(relay.port, '/fail/x')).status, 503);
		t = await Tunnel.online(relay.port, 'ack', { say: { options: OPTION.ACK_IMMEDIATE } });
		const id = accepted(await post(relay.port, '/ack/x'));
		const r = await t.request();
		assert.equal(r.event_id, id);
		assert.ok(r.flags & FLAGS.SPOOLED);
		t.answer(r);
		const get = send(relay.port, requestBytes('GET', '/ack/y', ['Host: localhost']));
		t.answer(await t.request(1));
		assert.equal((await get).status, 200, 'a GET is answered by the app');
		await t.leave();
	});

	it('a client that cannot record (RESET STORE): the sender gets 202 and it comes again', async () => {
		const t = await Tunnel.online(relay.port, 'full');
		const sending = post(relay.port, '/full/x');
		const r = await t.request();
		t.ws.send(reset(r.stream, RESET.STORE));
		const id = accepted(await sending);
		const second = await t.request(1);
		assert.equal(second.event_id, id);
		assert.equal(second.event_id, r.event_id);
		t.ws.send(reset(second.stream, RESET.STORE));
		const third = await t.request(2);
		assert.equal(third.event_id, id);
		t.answer(third);
		await t.frame('DONE', (f) => f.stream === third.stream);
		await t.leave();
	});

	it('sealed: no byte of a payload lies on the disk, and it comes as SEALED', async () => {
		const publicKey = key();
		let t = await Tunnel.online(relay.port, 'sealed', { say: { public_key: Buffer.from(publicKey, 'latin1') } });
		await t.leave();
		const marker = `PLANTED-${randomBytes(12).toString('hex')}`;
		const id = accepted(await post(relay.port, `/sealed/${marker}`, `{"secret":"${marker}"}`, [`X-Secret: ${marker}`]));
		for (const file of readdirSync(relay.data, { recursive: true }).map((f) => path.join(relay.data, f)))
			assert.ok(!readFileSync(file).includes(marker), `${file} holds the payload`);
		t = await Tunnel.online(relay.port, 'sealed', { say: { public_key: Buffer.from(publicKey, 'latin1') } });
		const f = await t.frame('SEALED', (s) => s.flags & FLAGS.END);
		assert.equal(f.piece_hex.slice(0, 32), id.replaceAll('-', ''));
		t.ws.send(reset(f.stream, RESET.PROTOCOL));
		const second = accepted(await (async () => { await t.leave(); return post(relay.port, '/sealed/2'); })());
		t = await Tunnel.online(relay.port, 'sealed', { say: { public_key: Buffer.from(publicKey, 'latin1') } });
		await t.frame('SEALED', (s) => s.piece_hex.startsWith(second.replaceAll('-', '')));
		await t.leave();
	});

	it('the same key gets its random name back; another key does not', async () => {
		const mine = Buffer.from(key(), 'latin1');
		const first = await Tunnel.online(relay.port, '', { say: { public_key: mine } });
		await first.leave();
		const other = await Tunnel.online(relay.port, '', { say: { public_key: Buffer.from(key(), 'latin1') } });
		assert.notEqual(other.welcome.tunnel, first.welcome.tunnel);
		const again = await Tunnel.online(relay.port, '', { say: { public_key: mine } });
		assert.equal(again.welcome.tunnel, first.welcome.tunnel);
		const second = await Tunnel.online(relay.port, '', { say: { public_key: mine } });
		assert.notEqual(second.welcome.tunnel, first.welcome.tunnel, 'it is in use');
		for (const t of [other, again, second]) await t.leave();
	});

	it('--share: each client gets a copy, the first answer goes to the sender, each has a cursor of its own', async () => {
		const keys = [Buffer.from(key(), 'latin1'), Buffer.from(key(), 'latin1')];
		const join = (i) => Tunnel.online(relay.port, 'team', { say: { options: OPTION.SHARE, public_key: keys[i] } });
		let [a, b] = [await join(0), await join(1)];
		const sending = post(relay.port, '/team/1');
		const [ra, rb] = [await a.request(), await b.request()];
		assert.equal(ra.event_id, rb.event_id);
		b.answer(rb, { body: 'from b', body_len: 6, headers: 'Content-Length: 6\r\n' });
		const answer = await sending;
		assert.equal(answer.text, 'from b');
		a.answer(ra, { body: 'from a' });
		await a.frame('DONE');
		assert.equal(a.over, undefined, 'a second client does not displace the first');
		await a.leave();
		const second = post(relay.port, '/team/2');
		b.answer(await b.request(1));
		assert.equal((await second).status, 200);
		a = await join(0);
		await a.frame('SEALED', (f) => f.flags & FLAGS.END);
		await a.leave();
		await b.leave();
		accepted(await post(relay.port, '/team/3'));
		[a, b] = [await join(0), await join(1)];
		await a.frame('SEALED');
		await b.frame('SEALED');
		await a.leave();
		await b.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the spool’s limits', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	it('--spool-max-bytes: 503 with Retry-After beyond it, and the client is told', async () => {
		const relay = await startRelay(w, ['--spool-max-bytes', '64KiB']);
		let t = await Tunnel.online(relay.port, 'small');
		await t.leave();
		let taken = 0, answer;
		while ((answer = await post(relay.port, '/small/x', randomBytes(8000))).status === 202) taken++;
		assert.ok(taken >= 6 && taken <= 8, String(taken));
		assert.equal(answer.status, 503);
		assert.ok(field(answer.lines, 'Retry-After'));
		t = await Tunnel.online(relay.port, 'small', { say: { drain_parallel: 100 } });
		await t.frame('NOTICE', (f) => f.code === 8);
		await t.request(taken - 1);
		for (const r of t.requests) t.answer(r, { headers: '', body: '', body_len: 0 });
		await waitFor('room', async () => (await relay.waiting()) === 0);
		await t.leave();
		accepted(await post(relay.port, '/small/x', randomBytes(8000)));
	});

	it('the quota is the tunnel’s: what waits for a client that was replaced counts', async () => {
		const relay = await startRelay(w, ['--spool-max-bytes', '64KiB']);
		for (const round of [0, 1]) {
			const t = await Tunnel.online(relay.port, 'keys', { say: { public_key: Buffer.from(key(), 'latin1') } });
			await t.leave();
			const answers = [];
			for (let i = 0; i < 5; i++) answers.push((await post(relay.port, '/keys/x', randomBytes(8000))).status);
			assert.deepEqual(answers, round === 0 ? [202, 202, 202, 202, 202] : [202, 202, 202, 503, 503]);
		}
	});

	it('more clients than may share a tunnel are refused', async () => {
		const relay = await startRelay(w);
		const all = [];
		for (let i = 0; i < 64; i++)
			all.push(await Tunnel.online(relay.port, 'crowd', { say: { options: OPTION.SHARE, public_key: Buffer.from(key(), 'latin1') } }));
		const one = await Tunnel.open(relay.port);
		one.ws.send(hello({ tunnel: 'crowd', options: OPTION.SHARE, public_key: Buffer.from(key(), 'latin1') }));
		assert.match((await one.frame('NOTICE')).text, /too many/);
		for (const t of all) await t.end();
	});

	it('--spool-max-age: what expired is counted and told as a gap, once', async () => {
		const relay = await startRelay(w, ['--spool-max-age', '1s']);
		let t = await Tunnel.online(relay.port, 'old');
		await t.leave();
		for (let i = 0; i < 3; i++) accepted(await post(relay.port, '/old/x'));
		await waitFor('them to expire', async () => (await relay.waiting()) === 0);
		t = await Tunnel.online(relay.port, 'old');
		const gap = await t.frame('NOTICE', (f) => f.code === 7);
		assert.equal(gap.number, 3);
		assert.match(gap.text, /3 .*expired/);
		await t.leave();
		t = await Tunnel.online(relay.port, 'old');
		const live = post(relay.port, '/old/live');
		t.answer(await t.request());
		assert.equal((await live).status, 200);
		assert.ok(!t.frames.some((f) => f.type === 'NOTICE'));
		await t.leave();
	});

	it('SIGTERM: what is not answered in time goes to the spool, and its sender gets 202', async () => {
		const relay = await startRelay(w, ['--drain-timeout', '300ms']);
		const t = await Tunnel.online(relay.port, 'ending');
		const sending = post(relay.port, '/ending/x');
		await t.request();
		relay.signal('SIGTERM');
		const id = accepted(await sending);
		assert.equal((await relay.end()).code, 0);
		const next = await startRelay(w, [], { data: relay.data });
		const again = await Tunnel.online(next.port, 'ending');
		assert.equal((await again.request()).event_id, id);
		await again.leave();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a lost connection', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--resume-grace', '10s']);
	});
	after(() => w?.close());
	const back = (t, name, say = {}) => Tunnel.online(relay.port, name, { say: { resume_nonce: nonceOf(t), ...say } });

	it('before RECORDED: the request comes again under its number, the sender gets the answer', async () => {
		const t = await Tunnel.online(relay.port, 'cut');
		const sending = post(relay.port, '/cut/x', 'payload');
		const r = await t.request();
		await t.end();
		const again = await back(t, 'cut');
		assert.equal(again.welcome.resumed, true);
		assert.notEqual(again.welcome.nonce_hex, t.welcome.nonce_hex);
		const [first, end] = [await again.frame('RESUME'), await again.frame('RESUME', (f) => f.stream === 0)];
		assert.deepEqual([first.stream, first.event_id, first.recorded], [r.stream, r.event_id, false]);
		assert.equal(end.recorded, false);
		const same = await again.request();
		assert.deepEqual([same.stream, same.event_id, same.bytes], [r.stream, r.event_id, 'payload']);
		again.answer(same);
		assert.equal((await sending).text, 'ok');
		await again.leave();
	});

	it('after RECORDED, in the middle of the answer: it goes on where the relay stopped', async () => {
		const t = await Tunnel.online(relay.port, 'middle');
		const s = await Sender.connect(relay.port);
		await s.write(requestBytes('POST', '/middle/x', ['Host: localhost', 'Content-Length: 0']));
		const r = await t.request();
		t.answer(r, { flags: 0, body: 'first,', body_len: 12, headers: 'Content-Length: 12\r\n' });
		await waitFor('the first half', () => s.partial.length === 6);
		await t.end();
		const again = await back(t, 'middle');
		const resume = await again.frame('RESUME', (f) => f.stream === r.stream);
		assert.deepEqual([resume.recorded, resume.head, resume.body_seen], [true, true, 6]);
		again.ws.send(frame('DATA', { stream: r.stream, flags: FLAGS.END, payload: Buffer.from('second') }));
		const answer = await s.answer();
		assert.equal(answer.text, 'first,second');
		await again.frame('DONE');
		assert.equal(again.requests.length, 0, 'the request does not come again');
		await s.end();
		await again.leave();
	});

	it('twice, with a body of many frames: intact', async () => {
		const body = randomBytes(1_500_000);
		let t = await Tunnel.online(relay.port, 'twice');
		const sending = post(relay.port, '/twice/x', body);
		for (let i = 0; i < 2; i++) {
			await t.frame('DATA');
			await t.end();
			t = await back(t, 'twice');
			assert.equal(t.welcome.resumed, true);
		}
		const open = Buffer.alloc(4);
		open.writeUInt32BE(4 << 20);
		const { stream } = await t.frame('REQUEST');
		t.ws.send(frame('WINDOW', { stream, payload: open }));
		const r = await t.request();
		assert.ok(Buffer.from(r.bytes, 'latin1').equals(body));
		t.answer(r);
		assert.equal((await sending).status, 200);
		await t.leave();
	});

	it('a request that arrives meanwhile waits for the client', async () => {
		const t = await Tunnel.online(relay.port, 'meanwhile');
		await t.end();
		const sending = send(relay.port, requestBytes('GET', '/meanwhile/x', ['Host: localhost']));
		const again = await back(t, 'meanwhile');
		again.answer(await again.request());
		assert.equal((await sending).status, 200);
		await again.leave();
	});

	it('the old connection is still there: the client that shows the nonce takes its streams over', async () => {
		const t = await Tunnel.online(relay.port, 'halfopen');
		const sending = post(relay.port, '/halfopen/x');
		await t.request();
		const again = await back(t, 'halfopen');
		assert.equal(again.welcome.resumed, true);
		again.answer(await again.request());
		assert.equal((await sending).status, 200);
		await within('the old one to be closed', t.closed);
		await again.leave();
	});

	it('a wrong nonce, or another key, resumes nothing; the request is not lost', async () => {
		for (const say of [{ resume_nonce: randomBytes(16) }, { resume_nonce: '' }, { public_key: randomBytes(32) }]) {
			const name = `wrong-${Object.keys(say)[0].replace('_', '-')}${say.resume_nonce === '' ? '-none' : ''}`;
			const t = await Tunnel.online(relay.port, name);
			const sending = post(relay.port, `/${name}/x`);
			const r = await t.request();
			await t.end();
			const again = await back(t, name, say);
			assert.equal(again.welcome.resumed, false);
			const fresh = await again.request();
			assert.equal(fresh.event_id, r.event_id, 'it goes to the client that is there now');
			again.answer(fresh);
			assert.equal((await sending).status, 200);
			await again.leave();
		}
	});

	it('not back in time: RECORDED or spooled, the sender gets 202; a GET 502 or 503', async () => {
		const quick = await startRelay(w, ['--resume-grace', '200ms']);
		const t = await Tunnel.online(quick.port, 'late');
		const senders = [post(quick.port, '/late/recorded'), post(quick.port, '/late/not'), send(quick.port, requestBytes('GET', '/late/get', ['Host: localhost']))];
		await t.request(2);
		const at = (target) => t.requests.find((r) => r.target === target);
		t.answer(at('/recorded'), null);
		await t.leave();
		const [first, second, third] = await Promise.all(senders);
		assert.equal(accepted(first), at('/recorded').event_id);
		assert.equal(accepted(second), at('/not').event_id);
		assert.ok([502, 503].includes(third.status));
		const again = await Tunnel.online(quick.port, 'late');
		assert.equal((await again.request()).target, '/not');
		assert.equal(await quick.waiting(), 1);
		await again.leave();
	});

	it('in the middle of an answer and not back: the sender’s connection breaks', async () => {
		const quick = await startRelay(w, ['--resume-grace', '200ms']);
		const t = await Tunnel.online(quick.port, 'broken');
		const s = await Sender.connect(quick.port);
		await s.write(requestBytes('POST', '/broken/x', ['Host: localhost', 'Content-Length: 0']));
		t.answer(await t.request(), { flags: 0, body: 'half', body_len: 8, headers: 'Content-Length: 8\r\n' });
		await waitFor('the half', () => s.partial.length === 4);
		await t.end();
		const answer = await s.answer();
		assert.equal(answer.complete ?? false, false);
		await s.end();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
