// Bodies that are too large to be held in memory, answers that never end, and ends in the middle (shared/DESIGN.md §5).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Sender, field, post, requestBytes } from './lib/http.mjs';

const MiB = 1 << 20;
const SIZE = Number(process.env.CREEL_STREAM_MIB ?? 192) * MiB; // CREEL_STREAM_MIB=1024 for a GiB
const PATIENCE_MS = 120_000;
const piece = randomBytes(MiB);

/** Bytes that differ from MiB to MiB, so that one swapped for another shows. */
function* pieces(total) {
	for (let at = 0; at < total; at += MiB) {
		const one = Buffer.from(piece.subarray(0, Math.min(MiB, total - at)));
		one.writeUInt32BE(at / MiB, 0);
		yield one;
	}
}
const digest = (total) => {
	const hash = createHash('sha256');
	for (const one of pieces(total)) hash.update(one);
	return hash.digest('hex');
};

async function pour(stream, total) {
	for (const one of pieces(total)) if (!stream.write(one)) await once(stream, 'drain');
}

/** Resident memory of a process, in bytes: the most there was, where the system tells. */
function peak(p) {
	try {
		return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${p.pid}/status`, 'utf8'))[1]) * 1024;
	} catch {
		return 0;
	}
}

describe('large bodies', () => {
	const w = new World();
	let relay, client, app;
	const seen = new Map();

	before(async () => {
		app = http.createServer(async (request, response) => {
			if (request.url.startsWith('/down')) {
				response.writeHead(200, { 'Content-Length': SIZE, 'Content-Type': 'application/octet-stream' });
				await pour(response, SIZE);
				response.end();
				return;
			}
			const hash = createHash('sha256');
			let size = 0;
			request.on('data', (data) => ((size += data.length), hash.update(data)));
			request.on('error', () => {});
			await once(request, 'end').catch(() => {});
			seen.set(request.url, { size, sha: hash.digest('hex'), headers: request.headers });
			response.end('taken');
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		// What a sanitizer keeps of freed memory is not the program's.
		const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=8' };
		relay = await w.startRelay({ args: ['--max-body', '2GiB', '--reply-timeout', '120s'], env });
		client = await w.startClient({ relay, target: app.address().port, name: 'large', args: ['--timeout', '120s', '--record-max', '4MiB'], env });
		await post(relay.port, '/large/warm');
	});
	after(async () => {
		app?.closeAllConnections();
		app?.close();
		await w.close();
	});

	function up(path, headers) {
		const request = http.request({ port: relay.port, host: '127.0.0.1', method: 'POST', path: `/large${path}`, headers });
		const answer = once(request, 'response').then(async ([response]) => {
			let text = '';
			for await (const data of response) text += data;
			return { status: response.statusCode, text };
		});
		return { request, answer };
	}

	for (const [name, headers] of [['with its length declared', { 'Content-Length': SIZE }], ['in chunks', { 'Transfer-Encoding': 'chunked' }]]) {
		it(`an upload ${name} arrives whole, and no memory grows with it`, async () => {
			const path = `/up-${name.length}`, before = [peak(relay), peak(client)];
			const { request, answer } = up(path, headers);
			await pour(request, SIZE);
			request.end();
			const { status, text } = await within('the answer', answer, PATIENCE_MS);
			assert.equal(`${status} ${text}`, '200 taken');
			assert.deepEqual({ size: seen.get(path).size, sha: seen.get(path).sha }, { size: SIZE, sha: digest(SIZE) });
			assert.equal(seen.get(path).headers['content-length'], String(SIZE), 'the app is told the length');
			const grown = [peak(relay) - before[0], peak(client) - before[1]];
			assert.ok(Math.max(...grown) < 48 * MiB, `relay and client grew by ${grown.map((n) => Math.round(n / MiB))} MiB`);
			const row = await w.recorded((r) => r.target === path && r.status !== null);
			assert.equal(row.request_bytes, SIZE);
			assert.equal(row.state, 'delivered');
			const kept = await w.creelOut(['show', String(row.id), '--body']);
			assert.equal(kept.length, 4 * MiB, 'the record is cut at --record-max');
			assert.ok(kept.equals(Buffer.concat([...pieces(4 * MiB)])));
		});
	}

	it('a download arrives whole, and no memory grows with it', async () => {
		const before = [peak(relay), peak(client)];
		const request = http.get({ port: relay.port, host: '127.0.0.1', path: '/large/down' });
		const [response] = await within('the head', once(request, 'response'), PATIENCE_MS);
		const hash = createHash('sha256');
		let size = 0;
		for await (const data of response) (size += data.length), hash.update(data);
		assert.equal(size, SIZE);
		assert.equal(hash.digest('hex'), digest(SIZE));
		const grown = [peak(relay) - before[0], peak(client) - before[1]];
		assert.ok(Math.max(...grown) < 48 * MiB, `relay and client grew by ${grown.map((n) => Math.round(n / MiB))} MiB`);
		const row = await w.recorded((r) => r.target === '/down' && r.status !== null);
		await waitFor('the moment when the last byte went to the relay', async () => (await w.attemptTimes(row.id)).answered);
		assert.equal(row.response_bytes, SIZE);
		assert.equal((await w.creelOut(['show', String(row.id), '--response', '--body'])).length, 4 * MiB);
	});

	it('one reader that stands still holds up no other', async () => {
		const stuck = await Sender.connect(relay.port);
		stuck.socket.pause();
		await stuck.write(requestBytes('GET', '/large/down-stuck', ['Host: localhost']));
		await w.recorded((r) => r.target === '/down-stuck');
		const begun = Date.now();
		const answers = await Promise.all([...Array(100).keys()].map((k) => post(relay.port, `/large/beside/${k}`, randomBytes(3000))));
		for (const a of answers) assert.equal(a.status, 200);
		assert.ok(Date.now() - begun < 15_000, `100 others took ${Date.now() - begun} ms`);
		assert.equal((await w.recorded((r) => r.target === '/down-stuck')).status, null, 'the stuck one is still under way');
		await stuck.end();
		const row = await w.recorded((r) => r.target === '/down-stuck' && r.status !== null);
		assert.ok(row.response_bytes < SIZE / 2, `with its reader gone, ${row.response_bytes} bytes of the answer were read`);
		assert.equal((await w.attemptTimes(row.id)).answered, null, 'its sender was not given the whole answer');
	});
});

describe('large bodies on record', () => {
	const w = new World();
	const LARGE = 16 * MiB, MOST = 64 * MiB; // the second is what --record-max keeps by itself
	let relay, client, app;

	before(async () => {
		app = http.createServer((request, response) => {
			request.resume().on('end', () => (request.url === '/down' ? pour(response, LARGE).then(() => response.end()) : response.end('taken')));
		}).listen(0, '127.0.0.1');
		await once(app, 'listening');
		const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=8' };
		relay = await w.startRelay({ args: ['--max-body', '128MiB'], env });
		client = await w.startClient({ relay, target: app.address().port, name: 'kept', args: ['--timeout', '120s'], env });
		await post(relay.port, '/kept/warm');
	});
	after(async () => {
		app?.closeAllConnections();
		app?.close();
		await w.close();
	});

	for (const [path, size] of [['/down', LARGE], ['/up-16', LARGE], ['/up-64', MOST]])
		it(`${path}: all of it is kept, and little of it at a time is in the client's memory`, async () => {
			const before = peak(client);
			const up = path !== '/down';
			const request = http.request({ port: relay.port, host: '127.0.0.1', method: up ? 'POST' : 'GET', path: `/kept${path}` });
			const response = once(request, 'response');
			if (up)
				await pour(request, size);
			request.end();
			for await (const _ of (await within('the answer', response, PATIENCE_MS))[0]);
			const row = await w.recorded((r) => r.target === path && r.status !== null);
			const grown = peak(client) - before;
			assert.ok(grown < 24 * MiB, `the client grew by ${Math.round(grown / MiB)} MiB`);
			const kept = await w.creelOut(['show', String(row.id), '--body', ...(up ? [] : ['--response'])]);
			assert.equal(createHash('sha256').update(kept).digest('hex'), digest(size));
		});
});

describe('events and ends in the middle', () => {
	const w = new World();
	let relay, app;
	const script = new Map();

	before(async () => {
		app = http.createServer((request, response) => script.get(request.url)(request, response));
		app.on('checkContinue', (request, response) => script.get(request.url)(request, response, true));
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		relay = await w.startRelay();
		await w.startClient({ relay, target: app.address().port, name: 'ends' });
	});
	after(async () => {
		app?.closeAllConnections();
		app?.close();
		await w.close();
	});

	it('server-sent events come one by one, each before the next is sent', async () => {
		let stream;
		script.set('/sse', (request, response) => {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.flushHeaders();
			stream = response;
		});
		const s = await Sender.connect(relay.port);
		await s.write(requestBytes('GET', '/ends/sse', ['Host: localhost', 'Accept: text/event-stream']));
		await waitFor('the head at the sender', () => s.current);
		for (let i = 1; i <= 5; i++) {
			stream.write(`data: event ${i}\n\n`);
			await waitFor(`event ${i}`, () => s.partial.toString().endsWith(`data: event ${i}\n\n`));
		}
		stream.end();
		const answer = await s.answer();
		assert.ok(answer.complete);
		assert.equal(answer.text.match(/event \d/g).length, 5);
		await s.end();
		const row = await w.recorded((r) => r.target === '/sse' && r.status !== null);
		assert.equal((await w.creelOut(['show', String(row.id), '--response', '--body'])).toString(), answer.text);
	});

	for (const [how, speaks] of [['one that speaks', true], ['a silent one', false]])
		it(`an event stream whose sender has gone ends at the app, and is no failure: ${how}`, async () => {
			const target = speaks ? '/sse/gone' : '/sse/silent';
			let over = false, beat;
			script.set(target, (request, response) => {
				response.writeHead(200, { 'Content-Type': 'text/event-stream' });
				response.write('data: first\n\n');
				if (speaks)
					beat = setInterval(() => response.write('data: again\n\n'), 20);
				response.on('close', () => (over = true, clearInterval(beat)));
			});
			const s = await Sender.connect(relay.port);
			await s.write(requestBytes('GET', `/ends${target}`, ['Host: localhost', 'Accept: text/event-stream']));
			await waitFor('the first event', () => s.partial.toString().includes('first'));
			await s.end();
			await waitFor('the end at the app', () => over);
			const row = await w.recorded((r) => r.target === target && r.status !== null);
			assert.equal(row.state, 'delivered');
			assert.equal(row.status, 200);
		});

	it('Expect: 100-continue is answered, and the body then goes through', async () => {
		script.set('/expect', (request, response) => {
			request.resume();
			request.on('end', () => response.end('thanks'));
		});
		const s = await Sender.connect(relay.port);
		await s.write(requestBytes('POST', '/ends/expect', ['Host: localhost', 'Content-Length: 5', 'Expect: 100-continue']));
		await waitFor('100 Continue', () => s.interim?.includes(100));
		await s.write('hello');
		const answer = await s.answer();
		assert.equal(`${answer.status} ${answer.text}`, '200 thanks');
		await s.end();
	});

	it('an app that answers 413 before it has read the body: the sender sees it, and it is on record', async () => {
		script.set('/early', (request, response) => {
			const { socket } = request;
			request.pause();
			socket.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big');
			socket.once('close', () => response.destroy());
		});
		const body = randomBytes(4 * MiB);
		const answer = await post(relay.port, '/ends/early', body);
		assert.equal(`${answer.status} ${answer.text}`, '413 too big');
		const row = await w.recorded((r) => r.target === '/early' && r.status !== null);
		assert.equal(row.status, 413);
		assert.equal(row.request_bytes, body.length);
	});

	for (const [how, target, sent, declared] of [
		['a short one', '/cut/short', 1000, 2000],
		['one that was streaming already', '/cut/long', 3 * MiB, 8 * MiB],
		['one of unknown length', '/cut/chunked', 2 * MiB, null],
	])
		it(`a sender that hangs up in the middle of its body, ${how}: the app is not called, and it is on record as refused`, async () => {
			let called = 0;
			script.set(target, (request, response) => (called++, response.end()));
			const s = await Sender.connect(relay.port);
			const body = randomBytes(sent);
			const framing = declared ? `Content-Length: ${declared}` : 'Transfer-Encoding: chunked';
			await s.write(requestBytes('POST', `/ends${target}`, ['Host: localhost', 'X-Mark: here', framing],
				declared ? body : Buffer.concat([Buffer.from(`${(sent + 1).toString(16)}\r\n`), body])));
			await s.end();
			const row = await w.recorded((r) => r.target === target);
			assert.equal(row.state, 'refused');
			assert.equal(row.status, null);
			assert.equal(row.attempts, 0);
			if (declared)
				assert.equal(row.request_bytes, declared);
			const shown = JSON.parse(await w.creelOut(['show', String(row.id), '--json']));
			assert.ok(shown.request.headers.some(([k, v]) => k === 'X-Mark' && v === 'here'));
			assert.match((await w.creelOut(['show', String(row.id)])).toString(), /\n {8}cut short: the rest of its body never came\n/);
			script.set('/next', (request, response) => response.end('next'));
			assert.equal((await post(relay.port, '/ends/next')).status, 200);
			assert.equal(called, 0);
			const replay = await w.creel(['replay', String(row.id)]);
			assert.equal(replay.code, 2);
			assert.match(replay.err, new RegExp(`^creel: delivery ${row.id} never came whole: give a body with --body @FILE\n$`));
			assert.equal((await w.list()).filter((r) => r.target === target).length, 1);
		});

	it('an app that hangs up in the middle of its answer: the sender sees it end short, and it is on record', async () => {
		let socket;
		script.set('/short', (request, response) => {
			({ socket } = request);
			response.writeHead(200, { 'Content-Length': 100_000 });
			response.write(Buffer.alloc(10_000, 'x'));
		});
		const s = await Sender.connect(relay.port);
		await s.write(requestBytes('GET', '/ends/short', ['Host: localhost']));
		await waitFor('the first bytes at the sender', () => s.partial.length > 0);
		socket.destroy();
		const answer = await s.answer();
		assert.equal(answer.status, 200);
		assert.ok(!answer.complete);
		await s.end();
		const row = await w.recorded((r) => r.target === '/short' && r.state === 'failed');
		assert.equal(row.status, 200);
		assert.ok(row.response_bytes < 100_000);
	});
});

describe('--timeout', () => {
	const w = new World();
	let relay, app;
	const script = new Map();

	before(async () => {
		app = http.createServer((request, response) => script.get(request.url)(request, response));
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		relay = await w.startRelay();
		await w.startClient({ relay, target: app.address().port, name: 'limit', args: ['--timeout', '1s'] });
	});
	after(async () => {
		app?.closeAllConnections();
		app?.close();
		await w.close();
	});

	/** An answer that never ends by itself, a piece each 100 ms. */
	function endless(path, type) {
		const ended = new Promise((resolve) => {
			script.set(path, (request, response) => {
				let n = 0;
				response.writeHead(200, { 'Content-Type': type });
				const timer = setInterval(() => response.write(`data: ${++n}\n\n`), 100);
				response.on('close', () => (clearInterval(timer), resolve()));
			});
		});
		return ended;
	}
	async function begin(path) {
		const s = await Sender.connect(relay.port);
		await s.write(requestBytes('GET', `/limit${path}`, ['Host: localhost']));
		return s;
	}

	for (const [type, state] of [['text/event-stream; charset=utf-8', 'delivered'], ['application/octet-stream', 'failed']])
		it(`does not end an answer that goes on (${type}); once its sender has gone it does`, async () => {
			const path = `/on-${type.length}`, ended = endless(path, type);
			const s = await begin(path);
			await waitFor('three times the limit', () => s.partial.includes('data: 30\n'));
			assert.ok(!s.isClosed);
			await s.end();
			await within('the app\'s connection to end', ended);
			const row = await w.recorded((r) => r.target === path && r.state === state);
			assert.equal(row.status, 200);
			if (state === 'failed')
				assert.match((await w.creelOut(['show', String(row.id)])).toString(), /did not end its answer within 1 s/);
		});

	it('ends one that falls silent in its middle', async () => {
		script.set('/silent', (request, response) => {
			response.writeHead(200, { 'Content-Length': 100 });
			response.write('a part');
		});
		const s = await begin('/silent');
		const answer = await s.answer();
		assert.ok(!answer.complete);
		const row = await w.recorded((r) => r.target === '/silent' && r.state === 'failed');
		assert.match((await w.creelOut(['show', String(row.id)])).toString(), /did not go on with its answer within 1 s/);
	});

	it('lets an event stream be silent', async () => {
		let stream;
		script.set('/quiet', (request, response) => (stream = response).writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders());
		const s = await begin('/quiet'), begun = Date.now();
		await waitFor('the head', () => s.current);
		await waitFor('three times the limit', () => Date.now() - begun > 3000);
		assert.ok(!s.isClosed);
		stream.end('data: at last\n\n');
		assert.equal((await s.answer()).text, 'data: at last\n\n');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
