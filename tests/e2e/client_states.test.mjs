// What the client keeps and calls again: --hold, deliveries of an earlier run, a full disk; and what its status says when
// the relay falls silent or the machine stood still.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, field } from './lib/http.mjs';
import { FakeRelay, delivery, done, eventId } from './lib/fake_relay.mjs';
import { FLAGS, frame, note, request } from './lib/wire.mjs';

const states = (client, state) => client.events.filter((e) => e.type === 'state' && e.state === state);

describe('--hold', () => {
	let w, relay, port;
	before(async () => {
		w = new World();
		relay = await FakeRelay.start(w);
		port = await freePort();
	});
	after(() => w?.close());
	const args = ['--hold', '--wait-for-target', '0ms'];
	const [first, second, third] = [eventId(), eventId(), eventId()];
	let client, c;

	it('what finds no app is held; its sender gets 502, a queued one’s relay the status', async () => {
		client = await relay.startClient('hold', { app: port, args });
		c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: first, target: '/held/1', body: 'one' }));
		assert.match(await c.answer(1), /nothing is listening/);
		assert.equal(c.of(1, 'RESPONSE')[0].status, 502);
		c.send(done(1, first), delivery({ stream: 2, flags: FLAGS.END | FLAGS.SPOOLED, event_id: second, target: '/held/2', body: 'two' }));
		assert.equal(await c.answer(2), '');
		for (const id of [first, second]) {
			const row = await w.recorded((r) => r.event_id === id && r.attempts === 1);
			assert.equal(row.state, 'held');
		}
		assert.ok(client.events.some((e) => e.type === 'attempt' && e.event_id === first && e.state === 'held'));
	});

	it('a client of the same name takes up what an earlier run held', async () => {
		await client.stop('SIGINT');
		client = await relay.startClient('hold', { app: port, args });
		c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: third, target: '/held/3', body: 'three' }));
		await w.recorded((r) => r.event_id === third && r.state === 'held');
	});

	it('one without --hold leaves them', async () => {
		const other = await relay.startClient('other', { app: port, args: ['--wait-for-target', '0ms'] });
		const o = await other.connection(1);
		const id = eventId();
		o.send(delivery({ stream: 1, event_id: id, target: '/not-held' }));
		await w.recorded((r) => r.event_id === id && r.state === 'failed');
		assert.equal((await w.list()).filter((r) => r.state === 'held' || r.state === 'sending').length, 3);
		await other.stop('SIGINT');
	});

	it('when the app is there they are sent, oldest first, one after the other, with their number', async () => {
		let busy = 0;
		const app = w.keep(await Receiver.start({ port }));
		app.answer = (r, socket) => {
			assert.equal(++busy, 1, 'one at a time');
			setImmediate(() => (busy--, socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')));
		};
		await app.request((r) => r.target === '/held/3');
		assert.deepEqual(app.requests.map((r) => [r.target, r.body.toString()]), [['/held/1', 'one'], ['/held/2', 'two'], ['/held/3', 'three']]);
		assert.deepEqual(app.requests.map((r) => field(r.lines, 'creel-attempt')), ['2', '2', '2']);
		for (const id of [first, second, third]) {
			const row = await w.recorded((r) => r.event_id === id && r.state === 'delivered');
			assert.equal(row.attempts, 2);
		}
		assert.equal(app.fault, undefined);
		await client.stop('SIGINT');
		await app.close();
	});

	it('killed while a held one is called: it is counted and called again', async () => {
		const id = eventId();
		client = await relay.startClient('killed', { app: port, args });
		c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: id, target: '/killed' }));
		await w.recorded((r) => r.event_id === id && r.state === 'held');
		const app = w.keep(await Receiver.start({ port }));
		app.answer = () => {};
		await app.request((r) => r.target === '/killed');
		await client.stop('SIGKILL');
		client = await relay.startClient('killed', { app: port, args });
		await client.connection(1);
		const again = await waitFor('the second call', () => app.requests.filter((r) => r.target === '/killed')[1]);
		assert.equal(field(again.lines, 'creel-attempt'), '3');
		await client.stop('SIGINT');
		await app.close();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('deliveries of an earlier run', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await FakeRelay.start(w);
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	it('one with which the client dies three times is left alone, and said so; the others go on', async () => {
		const [poison, good] = [eventId(), eventId()];
		let client = await relay.startClient('poison', { app });
		let c = await client.connection(1);
		app.answer = (r, socket) => {
			if (r.target === '/poison') return;
			socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		};
		c.send(delivery({ stream: 1, event_id: poison, target: '/poison' }));
		for (const attempt of ['1', '2', '3']) {
			await app.request((r) => r.target === '/poison' && field(r.lines, 'creel-attempt') === attempt);
			await client.stop('SIGKILL');
			client = await relay.startClient('poison', { app });
			c = await client.connection(1);
		}
		await waitFor('a sentence', () => /delivery \d+ is not sent again/.test(client.err));
		c.send(delivery({ stream: 1, event_id: good, target: '/good' }));
		assert.equal(await c.answer(1), 'ok');
		const row = await w.recorded((r) => r.event_id === poison);
		assert.equal(row.state, 'failed');
		assert.equal(row.attempts, 3);
		assert.equal(app.requests.filter((r) => r.target === '/poison').length, 3);
		// Nor by a run after that.
		await client.stop('SIGINT');
		client = await relay.startClient('poison', { app });
		c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: eventId(), target: '/good' }));
		assert.equal(await c.answer(1), 'ok');
		assert.doesNotMatch(client.err, /not sent again/);
		assert.equal(app.requests.filter((r) => r.target === '/poison').length, 3);
	});

	it('a client that dies while it waits for the app has not called it: that counts for nothing', async () => {
		const port = await freePort();
		const id = eventId();
		for (let run = 0; run < 5; run++) {
			const client = await relay.startClient('patient', { app: { port }, args: ['--wait-for-target', '60s'] });
			const c = await client.connection(1);
			if (run === 0) c.send(delivery({ stream: 1, event_id: id, target: '/patient' }));
			await w.recorded((r) => r.event_id === id && r.state === 'waiting');
			await client.stop('SIGKILL');
		}
		const late = w.keep(await Receiver.start({ port }));
		const client = await relay.startClient('patient', { app: late, args: ['--wait-for-target', '60s'] });
		await client.connection(1);
		await late.request((r) => r.target === '/patient');
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		assert.equal(late.requests.length, 1);
		await client.stop('SIGINT');
	});

	it('one that dies when the app has just come up may have called it: the next call says so', async () => {
		const port = await freePort();
		const id = eventId();
		let client = await relay.startClient('justup', { app: { port }, args: ['--wait-for-target', '60s'] });
		const c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: id, target: '/justup' }));
		await w.recorded((r) => r.event_id === id && r.state === 'waiting');
		const late = w.keep(await Receiver.start({ port, answer: () => {} }));
		await late.request();
		await client.stop('SIGKILL');
		late.answer = null;
		client = await relay.startClient('justup', { app: late });
		await client.connection(1);
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		assert.deepEqual(late.requests.map((r) => field(r.lines, 'creel-attempt')), ['1', '2']);
		await client.stop('SIGINT');
	});

	it('the number of a client that was killed belongs to another program by now: they are called all the same', async () => {
		app.answer = () => {};
		const id = eventId();
		let client = await relay.startClient('number', { app });
		let c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: id, target: '/number' }));
		await app.request((r) => r.target === '/number');
		await client.stop('SIGKILL');
		app.answer = null;
		const other = w.spawn('sleep', ['600']);
		await w.run('sqlite3', [w.path('data/creel/creel.db'), `UPDATE client SET pid = ${other.pid}, started_at = started_at - 60000000 WHERE tunnel = 'number'`]);
		client = await relay.startClient('number', { app });
		c = await client.connection(1);
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		assert.deepEqual(app.requests.filter((r) => r.target === '/number').map((r) => field(r.lines, 'creel-attempt')), ['1', '2']);
		const status = await w.run('creel', ['status', '--json']);
		assert.ok(!status.text.includes(`"pid":${other.pid}`), status.text);
		await client.stop('SIGINT');
		await other.stop('SIGKILL');
	});

	it('a hundred of them are called again, each once, with the next number', async () => {
		app.answer = () => {};
		let client = await relay.startClient('hundred', { app });
		let c = await client.connection(1);
		for (let i = 0; i < 100; i++) c.send(delivery({ stream: i + 1, event_id: eventId(), target: `/hundred/${i}`, flags: FLAGS.END | (i % 2 ? FLAGS.SPOOLED : 0) }));
		await waitFor('all calls', () => app.requests.filter((r) => r.target.startsWith('/hundred/')).length === 100);
		await client.stop('SIGKILL');
		app.requests.length = 0;
		app.answer = null;
		client = await relay.startClient('hundred', { app });
		c = await client.connection(1);
		await waitFor('all calls again', () => app.requests.length === 100);
		assert.equal(new Set(app.requests.map((r) => r.target)).size, 100);
		assert.ok(app.requests.every((r) => field(r.lines, 'creel-attempt') === '2'));
		const rows = await waitFor('the records', async () => {
			const all = (await w.list()).filter((r) => r.target.startsWith('/hundred/'));
			return all.every((r) => r.state === 'delivered') && all;
		});
		assert.equal(rows.filter((r) => r.origin === 'spool').length, 50);
		assert.ok(rows.every((r) => r.attempts === 2));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the status tells the truth', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await FakeRelay.start(w);
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());
	const args = ['--ping-interval', '1s'];

	it('a relay that falls silent is given up within two intervals and a second', async () => {
		const client = await relay.startClient('silent', { app, args });
		const c = await client.connection(1);
		await waitFor('ready', () => client.events.find((e) => e.type === 'ready'));
		await waitFor('pings', () => c.pings >= 2);
		c.socket.pause(); // reads nothing, so that no pong goes back
		const from = Date.now();
		await waitFor('offline', () => states(client, 'offline').length);
		assert.ok(Date.now() - from < 4000, `after ${Date.now() - from} ms`);
		c.socket.destroy();
		await client.connection(2);
		await waitFor('online again', () => states(client, 'online').length === 2);
	});

	it('pings of the relay count as little as they should: with both ends pinging it stays online', async () => {
		const client = await relay.startClient('pinged', { app, args });
		const c = await client.connection(1);
		const timer = setInterval(() => c.ws.ping(), 100);
		await waitFor('many pings', () => c.pings >= 4);
		clearInterval(timer);
		assert.equal(states(client, 'offline').length, 0);
		assert.equal(c.over, undefined);
	});

	it('a client that stood still hears from its relay at once, or says offline and comes back at once', async () => {
		const client = await relay.startClient('stopped', { app, args });
		const c = await client.connection(1);
		await waitFor('pings', () => c.pings >= 1);
		client.signal('SIGSTOP');
		const until = Date.now() + 2500; // more than two intervals: nothing to be waited for but time itself
		await waitFor('time to pass', () => Date.now() > until);
		const heard = c.pings;
		client.signal('SIGCONT');
		/* What lay unread in the socket may come before the look at the clock: then the connection stands. */
		await waitFor('a sign of life or the loss', () => c.over || c.pings > heard + 1, 6000);
		if (!c.over) return;
		await client.connection(2);
		await waitFor('online again', () => states(client, 'online').length === 2);
		assert.match(states(client, 'offline')[0].detail, /trying again in 0\.0 s|sign of life|ended/);
	});

	it('GAP and QUOTA are shown, a line each, and are no reason for a loss', async () => {
		const client = await relay.startClient('notes', { app });
		const c = await client.connection(1);
		c.send(note('NOTICE', 8, 'the queue is full'));
		const gap = Buffer.from(note('NOTICE', 7, 'deliveries expired\x1b[2J'));
		gap.writeBigUInt64BE(12n, 16 + 2);
		c.send(gap);
		await waitFor('the lines', () => /12 deliveries/.test(client.err));
		assert.match(client.err, /^creel: the relay's spool for this tunnel is full: senders get 503$/m);
		assert.match(client.err, /^creel: 12 deliveries expired in the relay's spool/m);
		assert.ok(!client.err.includes('\x1b'));
		await c.cut();
		await waitFor('offline', () => states(client, 'offline').length);
		assert.doesNotMatch(states(client, 'offline')[0].detail, /queue is full|expired/);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a full disk', () => {
	let w, relay, app, disk, mounted = false;
	before(async () => {
		w = new World();
		relay = await FakeRelay.start(w);
		app = w.keep(await Receiver.start());
		disk = w.path('disk');
		mkdirSync(disk);
		try {
			execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', disk], { stdio: 'pipe' });
			mounted = true;
		} catch { /* not root, or no mount: skipped below */ }
	});
	after(async () => {
		await Promise.allSettled(w.processes.map((p) => p.stop('SIGKILL')));
		if (mounted) execFileSync('umount', ['-l', disk]);
		await w?.close();
	});

	let filler = 0;
	function fill() {
		for (const size of [1 << 20, 1 << 16, 1 << 12]) {
			try {
				for (;;) writeFileSync(`${disk}/filler-${filler++}`, Buffer.alloc(size));
			} catch (error) {
				assert.equal(error.code, 'ENOSPC');
			}
		}
	}
	function empty() {
		for (let i = 0; i < filler; i++) rmSync(`${disk}/filler-${i}`, { force: true });
	}

	const status = async (db) => JSON.parse((await w.creel(['status', '--json', '--db', `${disk}/${db}`])).text.trim().split('\n')[0] || 'null');

	it('deliveries go back to the relay with one sentence; they are taken again when there is room', async (t) => {
		if (!mounted) {
			t.skip('a small tmpfs cannot be mounted here');
			return;
		}
		const client = await relay.startClient('full', { app, db: `${disk}/creel.db` });
		const c = await client.connection(1);
		c.send(delivery({ stream: 1, event_id: eventId(), target: '/before' }));
		assert.equal(await c.answer(1), 'ok');
		fill();
		const [one, two] = [eventId(), eventId()];
		for (const [stream, event_id] of [[2, one], [3, two], [4, eventId()]]) {
			c.send(delivery({ stream, event_id, target: '/full', body: 'x'.repeat(50_000) }));
			assert.equal((await c.frame('RESET', (f) => f.stream === stream)).code, 4);
		}
		assert.equal(app.requests.filter((r) => r.target === '/full').length, 0, 'not recorded, not called');
		assert.match(client.err, /^creel: deliveries are refused: .*creel\.db.*disk is full/m);
		assert.equal(client.err.match(/deliveries are refused/g).length, 1, 'one line');
		assert.match(states(client, 'online').at(-1).detail, /disk is full/);
		const full = await status('creel.db');
		assert.equal(full.state, 'online');
		assert.match(full.detail, /^the disk of .*creel\.db is full \(\d+ KiB are free\): webhooks are refused/);
		assert.match((await w.creel(['status', '--db', `${disk}/creel.db`])).text, /^online .* the disk of .* is full/m);
		empty();
		c.send(delivery({ stream: 5, event_id: one, target: '/full', body: 'x'.repeat(50_000) }));
		assert.equal(await c.answer(5), 'ok');
		await waitFor('the good news', () => /deliveries are recorded again/.test(client.err));
		assert.equal(states(client, 'online').at(-1).detail, null);
		await waitFor('creel status without it', async () => (await status('creel.db')).detail === null);
		const rows = await w.list(1000, { args: ['--db', `${disk}/creel.db`] });
		assert.equal(rows.filter((r) => r.event_id === one).length, 1);
		assert.equal(rows.filter((r) => r.event_id === two).length, 0);
		await client.stop('SIGINT');
	});

	it('creel status: unknown when the client could not write its state for two ping intervals; online again with room', async (t) => {
		if (!mounted) {
			t.skip('a small tmpfs cannot be mounted here');
			return;
		}
		const client = await relay.startClient('silent', { app, db: `${disk}/silent.db`, args: ['--ping-interval', '1s'] });
		await client.connection(1);
		await waitFor('online', async () => (await status('silent.db'))?.state === 'online');
		fill();
		// Parts of the log that were written before are used again until it is full as well.
		let last;
		await waitFor(() => `unknown: ${JSON.stringify(last)}`, async () => (last = await status('silent.db')).state === 'unknown');
		assert.match(last.detail, /^neither relay nor client has confirmed the tunnel for \d+ s; the disk of .* is full/);
		assert.equal((await w.creel(['status', '--db', `${disk}/silent.db`])).code, 1);
		empty();
		await waitFor(() => `online: ${JSON.stringify(last)}`, async () => (last = await status('silent.db')).state === 'online' && last.detail === null);
		await client.stop('SIGINT');
	});

	it('a large body that finds no room goes back to the relay before it is whole, and others pass', async (t) => {
		if (!mounted) {
			t.skip('a small tmpfs cannot be mounted here');
			return;
		}
		const client = await relay.startClient('large', { app, db: `${disk}/large.db` });
		const c = await client.connection(1);
		const piece = Buffer.alloc(1_900_000, 'z');
		c.send(request({ stream: 1, flags: 0, event_id: eventId(), target: '/large', body_len: 8_000_000n, bits: 1 }));
		c.send(frame('DATA', { stream: 1, payload: piece }));
		await c.frame('WINDOW', (f) => f.stream === 1);
		c.send(frame('DATA', { stream: 1, payload: piece }));
		assert.equal((await c.frame('RESET', (f) => f.stream === 1)).code, 4);
		await waitFor('the sentence', () => /^creel: deliveries are refused: there is no room in .*disk\/large\.db\.bodies for a body/m.test(client.err));
		c.send(frame('DATA', { stream: 1, flags: FLAGS.END, payload: piece })); /* crossed with the RESET */
		c.send(delivery({ stream: 2, event_id: eventId(), target: '/beside', body: 'small' }));
		assert.equal(await c.answer(2), 'ok');
		assert.equal(app.requests.filter((r) => r.target === '/large').length, 0);
		await client.stop('SIGINT');
	});

	it('full between the call and its record: recorded once there is room, the app is not called again', async (t) => {
		if (!mounted) {
			t.skip('a small tmpfs cannot be mounted here');
			return;
		}
		const client = await relay.startClient('between', { app, db: `${disk}/between.db` });
		const c = await client.connection(1);
		let socket;
		app.answer = (_, s) => (socket = s);
		c.send(delivery({ stream: 1, event_id: eventId(), target: '/between' }));
		await waitFor('the app to be called', () => socket);
		fill();
		const body = 'y'.repeat(200_000);
		socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
		app.answer = null;
		await waitFor('the trouble to be told', () => /disk is full/.test(client.err));
		const row = async () => (await w.list(10, { args: ['--db', `${disk}/between.db`] })).find((r) => r.target === '/between');
		assert.equal((await row()).state, 'sending');
		empty();
		await waitFor('it to be on record', async () => (await row()).state === 'delivered');
		assert.equal((await row()).attempts, 1);
		assert.equal(app.requests.filter((r) => r.target === '/between').length, 1);
		await client.stop('SIGINT');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
