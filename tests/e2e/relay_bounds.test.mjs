// What the relay takes of its disk, whoever sends: promised when a request's head is there, never more than was set, and
// a refusal says which limit it was.
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Sender, field, post } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { frame } from './lib/wire.mjs';

const MiB = 1 << 20;
const PIECE = Buffer.alloc(MiB, 'x');

/** With `metric(name)` and `ready()` of its admin listener. */
async function startRelay(w, args = [], options = {}) {
	const adminFile = w.fresh('admin');
	const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args], ...options });
	const admin = await w.fileFrom(relay, adminFile);
	relay.metric = async (name) => {
		const text = await (await fetch(`http://${admin}/metrics`)).text();
		return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm').exec(text)?.[1]);
	};
	relay.ready = async () => {
		const answer = await fetch(`http://${admin}/readyz`);
		return { status: answer.status, text: await answer.text() };
	};
	return relay;
}

/** Bytes on the disk: files of the data folder, and those it holds open that have no name any more. */
function onDisk(relay) {
	const stat = (file) => statSync(file, { throwIfNoEntry: false }); // undefined: closed or removed meanwhile
	const named = readdirSync(relay.data).map((name) => stat(path.join(relay.data, name)));
	const open = readdirSync(`/proc/${relay.pid}/fd`).map((fd) => stat(`/proc/${relay.pid}/fd/${fd}`));
	const nameless = open.filter((s) => s?.isFile() && s.nlink === 0);
	return [...named, ...nameless].reduce((sum, s) => sum + (s?.blocks ?? 0) * 512, 0);
}

/** A tunnel whose client was here and has gone. */
async function away(relay, name) {
	await (await Tunnel.online(relay.port, name)).leave();
}

/** The head of a POST of that many bytes. `most()` sends its body but the last piece, `finish()` the rest. */
async function beginPost(w, relay, target, size, { chunked = false } = {}) {
	const s = w.keep(await Sender.connect(relay.port));
	s.close = () => s.end();
	await s.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\n${chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`}\r\n\r\n`);
	s.sent = 0;
	s.piece = async (len) => {
		await s.write(chunked ? Buffer.concat([Buffer.from(`${len.toString(16)}\r\n`), PIECE.subarray(0, len), Buffer.from('\r\n')]) : PIECE.subarray(0, len));
		s.sent += len;
	};
	s.most = async () => {
		while (size - s.sent > 100) await s.piece(Math.min(MiB, size - s.sent - 100));
	};
	s.finish = async () => {
		await s.most();
		await s.piece(size - s.sent);
		if (chunked) await s.write('0\r\n\r\n');
		return s.answer();
	};
	return s;
}

function assertRefused(answer, name, sentence) {
	assert.equal(answer.status, 503, answer.text);
	assert.equal(field(answer.lines, 'Creel-Refused'), name);
	assert.match(answer.text, sentence);
	assert.ok(Number(field(answer.lines, 'Retry-After')) > 0);
}

const nothingReserved = (relay) =>
	waitFor('all room to be given back', async () =>
		(await relay.metric('creel_spool_reserved_bytes')) === 0 && (await relay.metric('creel_spilled_bytes')) === 0);

describe('the spool’s quota', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--spool-max-bytes', '25MiB']);
	});
	after(() => w?.close());

	it('is reserved from the declared length: what does not fit is refused at the head, the disk never holds more', async () => {
		await away(relay, 'shop');
		let most = 0;
		const watch = setInterval(() => (most = Math.max(most, onDisk(relay))), 20);
		const senders = [];
		for (let i = 0; i < 40; i++) senders.push(await beginPost(w, relay, '/shop/x', 6 * MiB));
		await waitFor('36 to be refused', () => senders.filter((s) => s.answers.length).length === 36);
		const kept = senders.filter((s) => !s.answers.length);
		for (const s of senders.filter((q) => !kept.includes(q))) assertRefused(await s.answer(), 'spool_full', /its queue is full/);
		for (const s of kept) await s.most();
		await waitFor('the bodies to be there', () => onDisk(relay) >= 20 * MiB);
		assert.ok(onDisk(relay) <= 26 * MiB, `${onDisk(relay)} bytes`);
		const reserved = await relay.metric('creel_spool_reserved_bytes');
		assert.ok(reserved >= 24 * MiB && reserved <= 25 * MiB, String(reserved));
		for (const s of kept) assert.equal((await s.finish()).status, 202);
		clearInterval(watch);
		await nothingReserved(relay);
		assert.ok((await relay.metric('creel_spool_bytes')) <= 25 * MiB);
		// 8 MiB of log between two checkpoints, and what one transaction adds to it
		assert.ok(most <= 2 * 25 * MiB + 16 * MiB, `${most} bytes`);
		assert.equal(await relay.metric('creel_refused_total{reason="overloaded"}'), 0);
	});

	it('is counted as the chunks come, where no length is declared', async () => {
		await away(relay, 'chunks');
		const senders = [];
		for (let i = 0; i < 4; i++) senders.push(await beginPost(w, relay, '/chunks/x', 6 * MiB, { chunked: true }));
		for (const s of senders) await s.most();
		await waitFor('them to be counted', async () => (await relay.metric('creel_spool_reserved_bytes')) > 24 * MiB - 1000);
		const last = await beginPost(w, relay, '/chunks/x', 6 * MiB, { chunked: true });
		await last.most();
		assertRefused(await last.answer(), 'spool_full', /its queue is full/);
		assert.ok((await relay.metric('creel_spool_reserved_bytes')) <= 25 * MiB);
		for (const s of senders) assert.equal((await s.finish()).status, 202);
		await nothingReserved(relay);
	});

	it('is given back when the sender is cut, when it is too slow, and when its trailers are malformed', async () => {
		const mine = await startRelay(w, ['--spool-max-bytes', '25MiB', '--body-timeout', '1s']);
		await away(mine, 'cut');
		const cut = await beginPost(w, mine, '/cut/x', 20 * MiB);
		await cut.piece(MiB);
		await waitFor('the reservation', async () => (await mine.metric('creel_spool_reserved_bytes')) >= 20 * MiB);
		assertRefused(await post(mine.port, '/cut/x', Buffer.alloc(6 * MiB)), 'spool_full', /queue/);
		await cut.end();
		await nothingReserved(mine);
		const slow = await beginPost(w, mine, '/cut/x', 20 * MiB);
		await waitFor('the reservation', async () => (await mine.metric('creel_spool_reserved_bytes')) >= 20 * MiB);
		assert.equal((await slow.answer()).status, 408);
		await nothingReserved(mine);
		const odd = w.keep(await Sender.connect(mine.port));
		odd.close = () => odd.end();
		await odd.write('POST /cut/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nBad Name: x\r\n\r\n');
		assert.equal((await odd.answer()).status, 400);
		await nothingReserved(mine);
		assert.equal((await post(mine.port, '/cut/x', Buffer.alloc(6 * MiB))).status, 202);
	});

	it('live requests that fall to the spool are counted from then on; the others keep their answers', async () => {
		const t = await Tunnel.online(relay.port, 'falls');
		const senders = [];
		for (let i = 0; i < 3; i++) senders.push(await beginPost(w, relay, '/falls/x', 6 * MiB));
		await waitFor('the three', async () => (await relay.metric('creel_spilled_bytes')) === 18 * MiB);
		assertRefused(await (await beginPost(w, relay, '/falls/x', 8 * MiB)).answer(), 'large_bodies', /Other large requests to this tunnel/);
		assert.equal((await t.frame('REQUEST')).refused_status, 503, 'and goes on record');
		assert.equal(await relay.metric('creel_spool_reserved_bytes'), 0);
		const small = post(relay.port, '/falls/small');
		t.answer(await waitFor('the small one', () => t.requests.find((q) => q.target === '/small')));
		assert.equal((await small).status, 200, 'a small one takes no room');
		await t.leave();
		await waitFor('the room to be the spool’s', async () => (await relay.metric('creel_spool_reserved_bytes')) >= 18 * MiB);
		assert.equal(await relay.metric('creel_spilled_bytes'), 0);
		assertRefused(await post(relay.port, '/falls/x', Buffer.alloc(8 * MiB)), 'spool_full', /queue/);
		for (const s of senders) assert.equal((await s.finish()).status, 202);
		await nothingReserved(relay);
	});

	it('a single live body larger than the quota passes', async () => {
		const t = await Tunnel.online(relay.port, 'large');
		const sending = post(relay.port, '/large/x', Buffer.alloc(30 * MiB));
		await t.frame('REQUEST');
		assert.ok((await relay.metric('creel_spilled_bytes')) >= 30 * MiB);
		await t.end();
		await nothingReserved(relay);
		assertRefused(await sending, 'spool_full', /queue/);
	});

	it('--spool-max-total: of all tunnels together, and says so', async () => {
		const mine = await startRelay(w, ['--spool-max-total', '25MiB']);
		for (const name of ['a', 'b', 'c']) await away(mine, name);
		const senders = [];
		for (const name of ['a', 'a', 'b', 'b']) senders.push(await beginPost(w, mine, `/${name}/x`, 6 * MiB));
		await waitFor('the four', async () => (await mine.metric('creel_spool_reserved_bytes')) >= 24 * MiB);
		assertRefused(await (await beginPost(w, mine, '/c/x', 6 * MiB)).answer(), 'spool_total', /all its tunnels together/);
		assert.equal((await post(mine.port, '/c/x', Buffer.alloc(1000))).status, 202, 'what fits is taken');
		for (const s of senders) assert.equal((await s.finish()).status, 202);
		await nothingReserved(mine);
	});

	it('many that end at once wait for the disk, and none is told of memory that ran out', async () => {
		const mine = await startRelay(w, ['--spool-max-bytes', '256MiB']);
		await away(mine, 'burst');
		const senders = []; // half as much again as a tunnel may have on its way to the disk; more, and a busy disk takes over 15 s
		for (let i = 0; i < 16; i++) senders.push(await beginPost(w, mine, '/burst/x', 3 * MiB));
		for (const s of senders) await s.most();
		const answers = await Promise.all(senders.map((s) => s.finish()));
		assert.deepEqual(answers.filter((a) => a.status !== 202).map((a) => a.text), []);
		await nothingReserved(mine);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a small disk', () => {
	let w, relay, disk;
	before(async () => {
		w = new World();
		const dir = w.fresh('disk');
		mkdirSync(dir);
		const portFile = w.fresh('port'), adminFile = w.fresh('admin');
		const own = process.getuid() === 0 ? ['-m'] : ['-Urm'];
		relay = w.spawn('unshare', [...own, 'sh', '-c', 'mount -t tmpfs -o size=64m,mode=700 none "$1" && cd "$1" && shift && exec "$@"', 'sh', dir,
			path.join(binDir, 'creel-relay'), 'serve', '--listen', '127.0.0.1:0', '--data', path.join(dir, 'data'), '--port-file', portFile,
			'--admin', '127.0.0.1:0', '--admin-port-file', adminFile]);
		relay.kind = 'relay';
		relay.port = Number((await w.fileFrom(relay, portFile)).split(':').pop());
		const admin = await w.fileFrom(relay, adminFile);
		relay.ready = async () => {
			const answer = await fetch(`http://${admin}/readyz`);
			return { status: answer.status, text: await answer.text() };
		};
		disk = `/proc/${relay.pid}/cwd`;
	});
	after(() => w?.close());

	const free = () => {
		const s = statfsSync(disk);
		return s.bavail * s.bsize;
	};

	/** Not a byte is left. */
	function fill() {
		const ballast = openSync(`${disk}/ballast`, 'w');
		for (let size = MiB; size >= 1; size >>= 1) {
			try {
				for (;;) writeSync(ballast, PIECE, 0, size);
			} catch (error) {
				assert.equal(error.code, 'ENOSPC');
			}
		}
		closeSync(ballast);
	}

	it('what cannot be deleted is not in the way of what waits behind it, once a client that refused one takes them again', async () => {
		const ids = new Set(), sent = new Set();
		await away(relay, 'mail');
		for (let i = 0; i < 200; i++) {
			const answer = await post(relay.port, '/mail/x', Buffer.alloc(1000));
			assert.equal(answer.status, 202);
			sent.add(field(answer.lines, 'Creel-Event-Id'));
		}
		const t = await Tunnel.online(relay.port, 'mail'); // before it is full, when no name can be registered
		fill();
		let n = 0, refused = false;
		await waitFor(() => `${ids.size} of ${sent.size} came; ${t.requests.length} requests`, () => {
			for (; n < t.requests.length; n++) {
				const r = t.requests[n];
				if (ids.size === 100 && !refused) { // its own disk is full
					refused = true;
					t.ws.send(frame('RESET', { stream: r.stream, payload: Buffer.from([0, 0, 0, 4, 0, 0]) }));
					continue;
				}
				ids.add(r.event_id);
				t.answer(r, { status: 202, body_len: 0, headers: '', body: '' });
			}
			return ids.size === sent.size;
		});
		await t.leave();
		assert.deepEqual([...ids].sort(), [...sent].sort());
		rmSync(`${disk}/ballast`);
	});

	it('with no byte left, a client that it knows comes back and is sent what comes', async () => {
		await away(relay, 'known');
		fill();
		assert.equal(free(), 0);
		const t = await Tunnel.online(relay.port, 'known');
		const answer = post(relay.port, '/known/x', Buffer.from('still'));
		const [r] = await waitFor('the webhook', () => t.requests.length && t.requests);
		t.answer(r, { status: 200, body_len: 2, headers: '', body: 'ok' });
		assert.equal((await answer).status, 200);
		await t.leave();
		rmSync(`${disk}/ballast`);
	});

	it('what it cannot hold is refused at the head; what it took it can write down; its last is kept free', async () => {
		await away(relay, 'shop');
		let least = free();
		const watch = setInterval(() => (least = Math.min(least, free())), 10);
		const senders = [];
		for (let i = 0; i < 10; i++) senders.push(await beginPost(w, relay, '/shop/x', 6 * MiB));
		await waitFor('most to be refused', () => senders.filter((s) => s.answers.length).length >= 8);
		const refused = senders.filter((s) => s.answers.length);
		for (const s of refused) assertRefused(await s.answer(), 'disk_full', /The relay's disk is full/);
		for (const s of senders.filter((q) => !refused.includes(q))) assert.equal((await s.finish()).status, 202);
		clearInterval(watch);
		assert.ok(least >= 16 * MiB, `${least} bytes were left`);
	});

	it('/readyz says not ready while less than 16 MiB are free, and ready again', async () => {
		assert.equal((await relay.ready()).status, 200);
		writeFileSync(`${disk}/ballast`, Buffer.alloc(free() - 15 * MiB));
		const full = await relay.ready();
		assert.equal(full.status, 503);
		assert.match(full.text, /disk .* is full/);
		const publicly = () => fetch(`http://127.0.0.1:${relay.port}/.well-known/creel/readyz`);
		assert.equal((await publicly()).headers.get('creel-refused'), 'disk_full');
		assertRefused(await post(relay.port, '/shop/x', Buffer.alloc(100)), 'disk_full', /disk is full/);
		rmSync(`${disk}/ballast`);
		assert.equal((await relay.ready()).status, 200);
		assert.equal((await publicly()).status, 200);
		assert.equal((await post(relay.port, '/shop/x', Buffer.alloc(100))).status, 202);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
