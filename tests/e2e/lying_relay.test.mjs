// A relay that means harm, or has broken down: what it can make the client hold is bounded, and one that no longer reads is
// left, whatever it goes on to send.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { FakeRelay, delivery, done, eventId, idBytes, reset } from './lib/fake_relay.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';
import { sealedFrames } from './lib/seal.mjs';
import { request } from './lib/wire.mjs';

const MiB = 1 << 20;
const [CANCEL, STORE] = [1, 4];
const DELIVERIES = 65_536; // limits of creel(1): deliveries, held
const HELD = 512 * MiB;
const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=8' };

const resident = (p) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${p.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** Sends a message, and waits while much of what was sent before is still here. */
async function push(c, message) {
	const sent = new Promise((resolve, reject) => c.ws.send(message, (error) => (error ? reject(error) : resolve())));
	if (c.ws.bufferedAmount > 4 * MiB) await sent;
	else sent.catch(() => {});
}

describe('a relay that opens more than anybody can take', () => {
	const w = new World();
	let relay, app;
	before(async () => {
		relay = await FakeRelay.start(w);
		app = w.keep(await Receiver.start());
	});
	after(() => w.close());

	const refused = (c) => c.frames.filter((f) => f.type === 'RESET' && f.code === STORE);
	/** The beginning of a delivery whose body never comes. */
	const begun = (headers) => {
		const frame = request({ flags: 0, event_id: eventId(), body_len: 10, headers });
		return (stream) => {
			const copy = Buffer.from(frame);
			copy.writeBigUInt64BE(BigInt(stream), 8);
			idBytes(eventId()).copy(copy, 16);
			return copy;
		};
	};
	async function isTakenAgain(c, count) {
		for (let i = 1; i <= count; i += 1000) await push(c, Buffer.concat(Array.from({ length: Math.min(1000, count - i + 1) }, (_, k) => reset(i + k, CANCEL))));
		const [stream, id] = [10_000_000, eventId()];
		c.send(delivery({ stream, event_id: id, body: 'hello' }));
		await c.answer(stream);
		c.send(done(stream, id));
		assert.equal(c.over, undefined);
	}

	it(`${DELIVERIES} deliveries are under way at most: the next are refused, and once others end one is taken`, async () => {
		const client = await relay.startClient('many', { app, output: 'quiet', env, args: ['--ping-interval', '1h'] });
		const c = await client.connection(1);
		const [one, more] = [begun('Host: x\r\n'), 10];
		for (let i = 1; i <= DELIVERIES + more; i += 1000)
			await push(c, Buffer.concat(Array.from({ length: Math.min(1000, DELIVERIES + more - i + 1) }, (_, k) => one(i + k))));
		await waitFor('the last ones to be refused', () => refused(c).length >= more || c.over, 60_000);
		assert.deepEqual(refused(c).map((f) => f.stream), Array.from({ length: more }, (_, k) => DELIVERIES + 1 + k));
		assert.match(refused(c)[0].reason, /too many deliveries at once/);
		await isTakenAgain(c, DELIVERIES);
		await client.stop('SIGINT');
	});

	it(`heads are held up to ${HELD / MiB} MiB`, async () => {
		const client = await relay.startClient('large', { app, output: 'quiet', env, args: ['--ping-interval', '1h'] });
		const c = await client.connection(1);
		const one = begun(`Host: x\r\nX-Pad: ${'x'.repeat(64_000)}\r\n`);
		let sent = 0;
		while (!refused(c).length && !c.over && sent < 12_000) await push(c, one(++sent));
		await waitFor('one to be refused', () => refused(c).length > 0);
		const held = (refused(c)[0].stream - 1) * 64_000;
		assert.ok(held > HELD * 0.9 && held <= HELD + MiB, `${held} bytes`);
		assert.match(refused(c)[0].reason, /holds as much as it may/);
		const rss = resident(client);
		assert.ok(rss < HELD * 1.5 + 200 * MiB, `${rss} bytes`);
		await isTakenAgain(c, sent);
		await client.stop('SIGINT');
	});

	it('sealed objects are held up to the same: several together, of which the last is refused', async () => {
		const client = await relay.startClient('sealed', { app, output: 'quiet', env, args: ['--ping-interval', '1h'] });
		const c = await client.connection(1, { max_body: 2 ** 30 });
		const piece = Buffer.alloc(65_536), credited = (n) => c.frames.reduce((sum, f) => sum + (f.type === 'WINDOW' && f.stream === n ? f.credit : 0), 0);
		const sent = [0, 0, 0, 0];
		while (!refused(c).length && !c.over && Math.max(...sent) < HELD) {
			let moved = false;
			for (const k of [0, 1, 2, 3]) {
				if (sent[k] >= 262_144 + credited(k + 1) || sent.reduce((a, b) => a + b) >= 4 * MiB + credited(0)) continue;
				moved = true;
				sent[k] += piece.length;
				await push(c, sealedFrames(k + 1, Buffer.concat([piece, Buffer.alloc(1)]), piece.length)[0]);
			}
			if (moved) continue;
			const before = c.frames.length;
			await waitFor('credit', () => c.frames.length > before || c.over);
		}
		await waitFor('one to be refused', () => refused(c).length > 0);
		const all = sent.reduce((a, b) => a + b);
		assert.ok(all >= HELD && all <= HELD + 8 * MiB, `${all} bytes`);
		assert.equal(c.over, undefined);
		await client.stop('SIGINT');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a relay that no longer reads', { concurrency: true }, () => {
	const w = new World();
	let relay, app;
	before(async () => {
		relay = await FakeRelay.start(w);
		app = w.keep(await Receiver.start({
			answer: (_, socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Pad: ${'x'.repeat(60_000)}\r\nContent-Length: 2\r\n\r\nok`),
		}));
	});
	after(() => w.close());

	/** Sends pings and pongs for nothing; gives what ends them. */
	const noise = (c) => {
		const turn = setInterval(() => c.ws.readyState === 1 && (c.ws.ping('x'), c.ws.pong('unasked')), 100);
		return () => clearInterval(turn);
	};
	const isLeft = async (client, name) => {
		const started = Date.now();
		await waitFor(() => `another connection\n${client.err}`, () => relay.connections.filter((c) => c.hello?.tunnel === name).length > 1, 60_000);
		assert.ok(Date.now() - started > 15_000, 'not before its time');
		assert.ok(resident(client) < 300 * MiB, 'what waited was bounded');
		assert.match(client.err + client.stdout, /the relay does not read what it is sent/);
		await client.stop('SIGKILL');
	};

	it('is left when its pings and pongs come and ours are not answered', async () => {
		const client = await relay.startClient('deaf', { app, args: ['--ping-interval', '1s'] });
		const c = await client.connection(1);
		await waitFor('a first ping', () => c.pings);
		c.ws.pause();
		const quiet = noise(c);
		await isLeft(client, 'deaf');
		quiet();
		c.ws.terminate();
	});

	it('is left when nothing of what waits for it leaves, and that is bounded, heads included', async () => {
		const client = await relay.startClient('stuck', { app, env, args: ['--ping-interval', '1h'] });
		const c = await client.connection(1);
		c.ws.pause();
		const quiet = noise(c);
		for (let i = 1; i <= 600; i++) await push(c, delivery({ stream: i, event_id: eventId() }));
		await isLeft(client, 'stuck');
		quiet();
		c.ws.terminate();
	});

	it('one that reads slowly is not left', async () => {
		const client = await relay.startClient('slow', { app, args: ['--ping-interval', '2s'] });
		const c = await client.connection(1);
		for (let i = 1; i <= 600; i++) await push(c, delivery({ stream: i, event_id: eventId() }));
		// A message now and then, for longer than the client waits for a pong.
		const pause = () => c.ws.pause();
		c.ws.on('message', pause);
		const quiet = noise(c);
		const turn = setInterval(() => c.ws.resume(), 250);
		const until = Date.now() + 25_000;
		await waitFor('time to pass', () => Date.now() > until || c.over, 30_000);
		quiet();
		clearInterval(turn);
		c.ws.off('message', pause);
		c.ws.resume();
		await waitFor('all answers', () => c.over || c.frames.filter((f) => f.type === 'RESPONSE').length === 600);
		assert.equal(c.over, undefined, client.err);
		await client.stop('SIGKILL');
	});

	it('no sanitizer had anything to say', () => w.processes.forEach((p) => p.checkSanitizers()));
});
