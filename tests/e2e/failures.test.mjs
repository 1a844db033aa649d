// Things that go wrong around creel: each ends in one clear sentence and the exit code of shared/DESIGN.md §10, and nothing is lost.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, post, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const SENTENCE = /^creel: .{10,}/m;

describe('what cannot start', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	const serve = (...args) => w.run('creel-relay', ['serve', '--data', w.fresh('data'), ...args]);

	it('relay: port in use → exit 3 and a sentence naming it', async () => {
		const server = net.createServer().listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address();
		const r = await serve('--listen', `127.0.0.1:${port}`);
		server.close();
		assert.equal(r.code, 3);
		assert.match(r.err, new RegExp(`^creel-relay: .*${port}.*(in use|already)`, 'm'));
	});

	it('relay: an address that is not ours → exit 3', async () => {
		await w.run('creel-relay', ['token', 'add', 'x', '--data', w.path('with-token')]);
		const r = await w.run('creel-relay', ['serve', '--listen', '203.0.113.1:0', '--data', w.path('with-token')]);
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel-relay: .{10,}/m);
	});

	it('relay: without tokens it serves loopback only', async () => {
		const r = await serve('--listen', '0.0.0.0:0');
		assert.equal(r.code, 2, r.err);
		assert.match(r.err, /^creel-relay: .*token/m);
	});

	it('relay: a certificate that is missing, or none at all → not served, the file is named', async () => {
		writeFileSync(w.path('junk.pem'), 'not a certificate\n');
		for (const args of [
			['--tls-cert', w.path('missing.pem'), '--tls-key', w.path('missing.pem')],
			['--tls-cert', w.path('junk.pem'), '--tls-key', w.path('junk.pem')],
		]) {
			const r = await serve('--listen', '127.0.0.1:0', ...args);
			assert.equal(r.code, 3, r.err);
			assert.match(r.err, /^creel-relay: .*\.pem/m);
		}
	});

	it('relay: a data folder that cannot be made → exit 4 and a sentence', async () => {
		writeFileSync(w.path('a-file'), '');
		const r = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.path('a-file', 'data')]);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, /^creel-relay: .*a-file/m);
	});

	it('relay: wrong usage → exit 2, with the nearest right spelling', async () => {
		const r = await w.run('creel-relay', ['serve', '--lisen', '127.0.0.1:0']);
		assert.equal(r.code, 2);
		assert.match(r.err, /--listen/);
		assert.equal((await w.run('creel-relay', ['dance'])).code, 2);
		assert.equal((await serve('--listen', '127.0.0.1:0', '--max-body', 'lots')).code, 2);
		assert.equal((await serve('--listen', '127.0.0.1:0', '--ping-interval', '500ms')).code, 2);
		for (const option of ['--header-timeout', '--body-timeout', '--reply-timeout', '--max-connections']) {
			const r = await serve('--listen', '127.0.0.1:0', option, '0');
			assert.equal(r.code, 2, `${option} 0 would serve nobody`);
			assert.match(r.err, new RegExp(`^creel-relay: ${option} must be at least 1`, 'm'));
		}
		const ages = await serve('--listen', '127.0.0.1:0', '--spool-max-age', '9223372036854775807ms');
		assert.equal(ages.code, 2, 'all that waits would expire at once');
		assert.match(ages.err, /^creel-relay: --spool-max-age must be at most 36500d/m);
		for (const command of [['listen', '3000'], ['replay', '1'], ['dev', '3000', '--port', '0']]) {
			const r = await w.creel([...command, '--timeout', '0']);
			assert.equal(r.code, 2, 'every call would end in a timeout');
			assert.match(r.err, /^creel: --timeout must be at least 1ms/m);
		}
		const nonsense = await serve('--listen', 'nonsense');
		assert.equal(nonsense.code, 2);
		assert.match(nonsense.err, /^creel-relay: 'nonsense' is not an address/m);
		const none = await w.run('creel-relay', []);
		assert.equal(none.code, 2);
		assert.match(none.err, /^creel-relay: no command .*creel-relay help/);
		assert.equal(none.text, '');
	});

	it('listen: no relay there: it keeps trying and says so', async () => {
		const port = await freePort();
		const c = await w.startClient({ relayUrl: `http://127.0.0.1:${port}`, target: 1, wait: false, output: 'lines' });
		await waitFor(() => `a word about the relay\n${c.stdout}\n${c.err}`, () => /refused|unreachable|cannot|reconnect|offline|connecting/i.test(c.stdout.toString() + c.err));
		assert.equal(c.result, undefined, 'still trying');
		assert.equal((await c.stop('SIGINT')).code, 130);
	});

	it('listen: something that is not a relay', async () => {
		const app = await Receiver.start({ answer: (_, socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n') });
		const c = await w.startClient({ relayUrl: `http://127.0.0.1:${app.port}`, target: 1, wait: false, output: 'lines' });
		await app.request();
		await waitFor(() => `a word about it\n${c.stdout}\n${c.err}`, () => (c.stdout.toString() + c.err).length > 0);
		await c.stop('SIGINT');
		await app.close();
	});

	const relay = ['--relay', 'http://127.0.0.1:1'];
	const usage = {
		'listen without a target': [['listen'], /port or URL/],
		'listen to a port that is none': [['listen', '70000', ...relay], /70000/],
		'listen to a remote target': [['listen', 'http://203.0.113.1/', ...relay], /203\.0\.113\.1 .*--allow-remote-target/],
		'listen without a relay': [['listen', '3000'], /--relay/],
		'listen with a relay that is no URL': [['listen', '3000', '--relay', 'ftp://x'], /ftp:\/\/x/],
		'listen with a bad name': [['listen', '3000', ...relay, '--name', 'Not/One'], /Not\/One/],
		'an unknown command': [['lisen'], /listen/],
		'an unknown option': [['list', '--jsn'], /--json/],
		'an option without its value': [['list', '-n'], /-n|--number/],
		'a count that is none': [['list', '-n', 'many'], /many/],
		'a duration that is none': [['listen', '3000', ...relay, '--timeout', 'soon'], /--timeout .*soon/],
		'listen with a ping interval below a second': [['listen', '3000', ...relay, '--ping-interval', '300ms'], /--ping-interval must be at least 1s/],
		'listen with two targets': [['listen', '3000', ...relay, '--forward-to', '4000'], /one target/],
		'show without an id': [['show'], /show 42/],
		'replay without an id': [['replay'], /--last/],
		'a choice that is none': [['listen', '3000', ...relay, '--output', 'xml'], /--output .*xml/],
		'no command': [[], /creel help/],
	};
	for (const [what, [args, names]] of Object.entries(usage)) {
		it(`wrong usage → exit 2: ${what}`, async () => {
			const r = await w.creel(args);
			assert.equal(r.code, 2, r.err + r.text);
			assert.match(r.err, SENTENCE);
			assert.match(r.err, names);
			assert.equal(r.stdout.length, 0, 'nothing on stdout');
		});
	}

	it('a relay whose name cannot be resolved → exit 3, and says that', async () => {
		const r = await w.creel(['listen', '1', '--relay', 'http://no-such-host.invalid', '--connect-timeout', '300ms', '--output', 'quiet']);
		assert.equal(r.code, 3);
		assert.match(r.err, /^creel: .*the relay http:\/\/no-such-host\.invalid cannot be reached: the name no-such-host\.invalid cannot be resolved, for .+$/m);
	});

	it('listen --connect-timeout: no relay there → exit 3, and the last sentence promises nothing', async () => {
		const r = await w.creel(['listen', '1', '--relay', `http://127.0.0.1:${await freePort()}`, '--connect-timeout', '300ms', '--output', 'quiet']);
		assert.equal(r.code, 3, r.err);
		const last = r.err.trim().split('\n').at(-1);
		assert.match(last, /^creel: the tunnel was not online within 300ms: .*127\.0\.0\.1/);
		assert.ok(!/again/.test(last), last);
	});

	it('a store that is no database, or one cut short → exit 4, naming the file', async () => {
		writeFileSync(w.path('text.db'), 'this is not a database, it only looks like a long enough file'.repeat(100));
		for (const args of [['list'], ['show', '1'], ['replay', '1']]) {
			const r = await w.creel([...args, '--db', w.path('text.db')]);
			assert.equal(r.code, 4, r.err);
			assert.match(r.err, /^creel: .*text\.db/m);
		}
		const listen = await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:1', '--db', w.path('text.db')]);
		assert.equal(listen.code, 4);
		assert.match(listen.err, /^creel: .*text\.db/m);
		assert.match(readFileSync(w.path('text.db'), 'utf8'), /^this is not a database/, 'the file is left as it was');
	});

	it('a store whose pages are damaged → exit 4 or what is left of it, never a crash', async () => {
		const road = await openRoad();
		for (let i = 0; i < 20; i++) await post(road.relay.port, `/road/${i}`, randomBytes(20_000));
		await road.w.recorded((r) => r.target === '/19' && r.state === 'delivered');
		await road.w.endsCleanly();
		const whole = readFileSync(road.w.path('data', 'creel', 'creel.db'));
		await road.w.close();
		const damages = {
			'cut.db': whole.subarray(0, whole.length >> 1),
			'page.db': Buffer.concat([whole.subarray(0, 4096), randomBytes(whole.length - 4096)]),
			'zeros.db': Buffer.concat([whole.subarray(0, 8192), Buffer.alloc(whole.length - 8192)]),
		};
		for (const [name, bytes] of Object.entries(damages)) {
			writeFileSync(w.path(name), bytes, { mode: 0o600 });
			for (const args of [['list', '--json'], ['show', '3'], ['replay', '3', '--to', '1']]) {
				const r = await w.creel([...args, '--db', w.path(name)]);
				assert.ok([0, 2, 4, 5].includes(r.code), `${args} of ${name}: ${JSON.stringify(r)}`);
				if (r.code) assert.match(r.err, SENTENCE);
			}
		}
		const listed = await w.creel(['list', '--db', w.path('page.db')]);
		assert.equal(listed.code, 4, listed.err);
		assert.match(listed.err, /page\.db/);
	});

	it('a missing store is an error for list, not a crash', async () => {
		const r = await w.creel(['list', '--db', w.path('nowhere', 'x.db')]);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, SENTENCE);
	});

	it('a store in a folder that cannot be written → exit 4', async () => {
		writeFileSync(w.path('blocker'), '');
		const r = await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:1', '--db', w.path('blocker', 'x.db')]);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, SENTENCE);
	});

	it('a read-only store → exit 4, naming the file', async () => {
		const road = await openRoad();
		await post(road.relay.port, '/road/x');
		await road.w.recorded((r) => r.state === 'delivered');
		await road.w.endsCleanly();
		mkdirSync(w.path('ro'));
		copyFileSync(road.w.path('data', 'creel', 'creel.db'), w.path('ro', 'x.db'));
		await road.w.close();
		chmodSync(w.path('ro', 'x.db'), 0o444);
		chmodSync(w.path('ro'), 0o555);
		chmodSync(w.dir, 0o755);
		// To root nothing is read-only, and nobody else may reach a program that root built in a folder of its own.
		const nobody = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
		const r = await w.run(w.programForAll(path.join(binDir, 'creel')), ['listen', '3000', '--relay', 'http://127.0.0.1:1', '--db', w.path('ro', 'x.db')], { cwd: '/', env: { XDG_CONFIG_HOME: '/nonexistent' }, ...nobody });
		chmodSync(w.path('ro'), 0o755); // or only root could delete it
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, /^creel: .*x\.db/m);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the app fails', () => {
	let road, port;
	before(async () => {
		road = await openRoad({ name: 'fails', clientArgs: ['--timeout', '1500ms', '--wait-for-target', '1s'] });
		port = road.relay.port;
	});
	after(() => road?.w.close());
	const row = (target) => road.w.recorded((r) => r.target === target && r.attempts > 0);

	it('slower than --timeout: 504 with a sentence, recorded as failed', async () => {
		road.app.answer = () => {};
		const answer = await post(port, '/fails/slow');
		assert.equal(answer.status, 504);
		assert.match(answer.text, /\w+ \w+/);
		assert.equal(field(answer.lines, 'creel-error'), 'timeout');
		const recorded = await row('/slow');
		assert.equal(recorded.state, 'failed');
		assert.equal(recorded.status, null);
	});

	it('resets before its answer: 502, recorded as failed', async () => {
		road.app.answer = (_, socket) => socket.resetAndDestroy();
		const answer = await post(port, '/fails/reset');
		assert.equal(answer.status, 502);
		assert.equal((await row('/reset')).state, 'failed');
	});

	it('resets in the middle of its answer: the sender’s connection breaks, what came is on record', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket).write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial');
		const s = await Sender.connect(port);
		await s.write('POST /fails/middle HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
		await waitFor('the head of the answer', () => s.current);
		stream.resetAndDestroy();
		const answer = await s.answer();
		assert.equal(answer.complete, false);
		const recorded = await row('/middle');
		assert.equal(recorded.state, 'failed');
		assert.equal((await road.w.creelOut(['show', String(recorded.id), '--response', '--body'])).toString(), 'partial');
	});

	it('is down: 502 with a sentence within --wait-for-target; the delivery and its attempt are on record', async () => {
		const { port: appPort } = road.app;
		await road.app.close();
		const answer = await post(port, '/fails/down', 'kept');
		assert.equal(answer.status, 502);
		assert.match(answer.text, new RegExp(`${appPort}`));
		assert.equal(field(answer.lines, 'creel-error'), 'unreachable');
		const recorded = await row('/down');
		assert.equal(recorded.state, 'failed');
		assert.equal(recorded.attempts, 1);
		assert.ok(recorded.duration_ms >= 900, `what the sender waited for the app, and not the last try alone: ${recorded.duration_ms} ms`);
		assert.equal((await road.w.creelOut(['show', String(recorded.id), '--request', '--body'])).toString(), 'kept');
	});

	it('replay while the app is down → exit 5 and a sentence', async () => {
		const recorded = await row('/down');
		const r = await road.w.creel(['replay', String(recorded.id), '--to', `http://127.0.0.1:${road.app.port}`]);
		assert.equal(r.code, 5, r.err);
		assert.match(r.err, SENTENCE);
	});

	it('comes up within --wait-for-target: 200', async () => {
		const appPort = road.app.port;
		const sending = post(port, '/fails/restart');
		await road.w.recorded((r) => r.target === '/restart');
		road.app = road.w.keep(await Receiver.start({ port: appPort }));
		assert.equal((await sending).status, 200);
		const recorded = await row('/restart');
		assert.equal(recorded.state, 'delivered');
		assert.equal(recorded.attempts, 1);
	});

	it('replay when the app is back → exit 0, a row of its own that names the delivery', async () => {
		const recorded = await row('/down');
		const r = await road.w.creel(['replay', String(recorded.id), '--to', `http://127.0.0.1:${road.app.port}`]);
		assert.equal(r.code, 0, r.err);
		const request = await road.app.request((q) => q.target === '/down');
		assert.equal(request.body.toString(), 'kept');
		const replay = await road.w.recorded((q) => q.origin === 'replay' && q.state === 'delivered');
		assert.equal(replay.replay_of, recorded.id);
		assert.equal(replay.target, '/down');
	});

	it('listens on ::1 only: found too', async () => {
		let six;
		try {
			six = await Receiver.start({ host: '::1' });
		} catch {
			return; // a machine without IPv6
		}
		const c = await road.w.startClient({ relay: road.relay, target: six.port, name: 'six' });
		assert.equal((await post(port, '/six/x')).status, 200);
		await c.stop('SIGINT');
		await six.close();
	});

	it('an id that is not on record → exit 2 and a sentence', async () => {
		for (const args of [['show', '999999'], ['replay', '999999'], ['show', '019ab12c-0000-7000-8000-000000000000'], ['show', 'zzz']]) {
			const r = await road.w.creel(args);
			assert.equal(r.code, 2, `${args}: ${r.err}`);
			assert.match(r.err, SENTENCE);
			assert.equal(r.stdout.length, 0);
		}
	});

	it('the store’s file is 0600 in folders of 0700', () => {
		const file = road.w.path('data', 'creel', 'creel.db');
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.equal(statSync(road.w.path('data', 'creel')).mode & 0o777, 0o700);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('the disk is full', () => {
	let road;
	before(async () => {
		road = await openRoad({ name: 'unused' });
		// A limit on the size of files (blocks of 512 bytes) stands in for a disk of 1 MiB.
		const ready = road.w.fresh('ready');
		road.full = road.w.spawn('sh', ['-c', 'trap "" XFSZ; ulimit -f 2048; exec "$@"', 'sh', path.join(binDir, 'creel'), 'listen', String(road.app.port),
			'--relay', `http://127.0.0.1:${road.relay.port}`, '--name', 'full', '--output', 'json', '--db', road.w.path('full.db'), '--ready-file', ready]);
		road.full.kind = 'client';
		await road.w.fileFrom(road.full, ready);
	});
	after(() => road?.w.close());

	it('deliveries are refused back and wait at the relay (202); those answered 200 are on record whole; the client lives on, and nothing is lost', async () => {
		const taken = [];
		let refused;
		for (let i = 0; i < 40 && !refused; i++) {
			const body = randomBytes(100_000);
			const answer = await post(road.relay.port, `/full/${i}`, body);
			if (answer.status === 200) taken.push({ target: `/${i}`, body });
			else refused = answer;
		}
		assert.equal(refused?.status, 202, refused?.text);
		const id = field(refused.lines, 'creel-event-id');
		assert.ok(taken.length >= 3, `${taken.length} fitted`);
		assert.equal(road.app.requests.length, taken.length, 'the app is not called for what is not on record');
		assert.equal(road.full.result, undefined, 'the client still runs');
		const rows = await road.w.list(1000, { args: ['--db', road.w.path('full.db')] });
		assert.deepEqual(rows.map((r) => r.target), taken.map((t) => t.target));
		for (const [i, row] of rows.entries())
			assert.ok((await road.w.creelOut(['show', String(row.id), '--body', '--db', road.w.path('full.db')])).equals(taken[i].body));
		await road.full.stop('SIGINT');
		await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'full', db: road.w.path('full.db') });
		const late = await road.w.recorded((r) => r.event_id === id, { args: ['--db', road.w.path('full.db')] });
		assert.equal(late.origin, 'spool');
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('the relay goes', () => {
	let road;
	before(async () => (road = await openRoad({ name: 'shaky', relayArgs: ['--ping-interval', '1s'], clientArgs: ['--ping-interval', '1s'] })));
	after(() => road?.w.close());
	const states = () => road.client.events.filter((e) => e.type === 'state').map((e) => e.state);
	const status = async () => JSON.parse((await road.w.creel(['status', '--json'])).text);
	const stateOf = (s) => JSON.stringify(s);

	it('kill -9: the client says it is not online, within two ping intervals', async () => {
		assert.match(stateOf(await status()), /"online"/);
		road.relay.signal('SIGKILL');
		await road.relay.end();
		await waitFor(() => `a state other than online; ${states()}`, () => states().some((s) => s !== 'online'), 8000);
		await waitFor('creel status to say so', async () => !/"state": ?"online"/.test(stateOf(await status())));
	});

	it('started again on its port: the client is back by itself, and a webhook goes through', async () => {
		const before = states().length;
		road.relay = await road.w.startRelay({ port: road.relay.port, data: road.relay.data, args: ['--ping-interval', '1s'] });
		await waitFor(() => `online again; ${states()}`, () => states().slice(before).includes('online'), 40_000);
		assert.match(stateOf(await status()), /"state": ?"online"/);
		assert.equal((await post(road.relay.port, '/shaky/back')).status, 200);
	});

	it('stands still (SIGSTOP): noticed within two ping intervals, and back when it goes on', async () => {
		const before = states().length;
		const since = Date.now();
		road.relay.signal('SIGSTOP');
		try {
			await waitFor(() => `not online; ${states()}`, () => states().slice(before).some((s) => s !== 'online'), 10_000);
			assert.ok(Date.now() - since < 8000, `noticed after ${Date.now() - since} ms`);
		} finally {
			road.relay.signal('SIGCONT');
		}
		await waitFor(() => `online again; ${states()}`, () => states().slice(before).at(-1) === 'online', 40_000);
		assert.equal((await post(road.relay.port, '/shaky/awake')).status, 200);
	});

	it('the client stands still: senders get an answer with a reason, not silence', async () => {
		road.client.signal('SIGSTOP');
		try {
			const answer = await post(road.relay.port, '/shaky/asleep');
			assert.equal(answer.status, 202);
			const offline = await send(road.relay.port, requestBytes('GET', '/shaky/asleep', ['Host: localhost']));
			assert.equal(offline.status, 503);
			assert.match(offline.text, /offline/i);
		} finally {
			road.client.signal('SIGCONT');
		}
		await waitFor('the client to serve again', async () => (await post(road.relay.port, '/shaky/again')).status === 200, 40_000);
		await road.w.recorded((r) => r.target === '/asleep' && r.state === 'delivered');
	});

	it('the terminal is closed (SIGHUP): the client finishes what is in flight and ends well, but not under nohup', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		const target = road.app.port, relay = road.relay;
		const client = await road.w.startClient({ relay, target, name: 'hangup' });
		const sending = post(relay.port, '/hangup/x');
		await waitFor('the app to be called', () => stream);
		client.signal('SIGHUP');
		stream.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
		assert.equal((await sending).text, 'late');
		assert.deepEqual(await client.end(), { code: 0, signal: null });
		client.checkSanitizers();

		const ready = road.w.fresh('ready');
		const stays = road.w.spawn('nohup', [path.join(binDir, 'creel'), 'listen', String(target), '--relay', `http://127.0.0.1:${relay.port}`, '--name', 'nohup', '--output', 'json', '--ready-file', ready]);
		await road.w.fileFrom(stays, ready);
		stays.signal('SIGHUP');
		road.app.answer = (_, socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		for (let i = 0; i < 3; i++) assert.equal((await post(relay.port, '/nohup/x')).text, 'ok');
		assert.equal((await stays.stop('SIGINT')).code, 130);
		stays.checkSanitizers();
	});

	it('SIGTERM: what is in flight is finished, no new connection is taken, exit 0', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		const sending = post(road.relay.port, '/shaky/inflight');
		await waitFor('the app to be called', () => stream);
		road.relay.signal('SIGTERM');
		await waitFor('the port to close', () => new Promise((resolve) => {
			const s = net.connect(road.relay.port, '127.0.0.1', () => (s.destroy(), resolve(false)));
			s.on('error', () => resolve(true));
		}));
		stream.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
		const answer = await sending;
		assert.equal(answer.status, 200);
		assert.equal(answer.text, 'late');
		assert.deepEqual(await road.relay.end(), { code: 0, signal: null });
		road.relay.checkSanitizers();
		const row = await road.w.recorded((r) => r.target === '/inflight');
		assert.equal(row.state, 'delivered');
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('the client ends', () => {
	let road;
	before(async () => (road = await openRoad({ name: 'leaving' })));
	after(() => road?.w.close());

	it('SIGINT: what is in flight is finished and answered, exit 130', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		const sending = post(road.relay.port, '/leaving/inflight');
		await waitFor('the app to be called', () => stream);
		road.client.signal('SIGINT');
		stream.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye');
		const answer = await sending;
		assert.equal(answer.status, 200);
		assert.equal(answer.text, 'bye');
		assert.equal((await road.client.end()).code, 130);
		assert.equal((await road.w.recorded((r) => r.target === '/inflight')).state, 'delivered');
	});

	it('creel status does not call it online any more', async () => {
		const r = await road.w.creel(['status']);
		assert.ok(!/\bonline\b/.test(r.text), r.text);
	});

	it('SIGINT twice: at once, though the app never answers', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		road.client = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'leaving' });
		const sending = post(road.relay.port, '/leaving/never');
		await waitFor('the app to be called', () => stream);
		road.client.signal('SIGINT');
		// Two pending signals of one kind are one: the second goes out when the first was taken.
		await waitFor('the first signal to be taken', () => {
			const file = `/proc/${road.client.pid}/status`;
			return !existsSync(file) || /^ShdPnd:\s*0+$/m.test(readFileSync(file, 'utf8'));
		});
		road.client.signal('SIGINT');
		assert.equal((await road.client.end(2500)).code, 130, 'sooner than the 3 s it gives to what is in flight');
		const answer = await sending;
		assert.ok([202, 502].includes(answer.status), 'it is on record; the client may still say that it broke the call off');
		road.app.answer = null;
	});

	it('kill -9 in the middle of a call: the delivery is on record, once, and the next client finishes it', async () => {
		let stream;
		road.app.answer = (_, socket) => (stream = socket);
		road.client = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'leaving' });
		const sending = post(road.relay.port, '/leaving/killed', 'precious');
		await waitFor('the app to be called', () => stream);
		road.client.signal('SIGKILL');
		await road.client.end();
		assert.equal((await sending).status, 202, 'it is on record');
		const rows = (await road.w.list()).filter((r) => r.target === '/killed');
		assert.equal(rows.length, 1);
		assert.ok(['sending', 'waiting'].includes(rows[0].state), rows[0].state);
		road.app.answer = null;
		const calls = () => road.app.requests.filter((r) => r.target === '/killed');
		road.client = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'leaving' });
		await road.w.recorded((r) => r.target === '/killed' && r.state === 'delivered');
		assert.equal(calls().length, 2);
		assert.equal(calls()[1].body.toString(), 'precious');
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
