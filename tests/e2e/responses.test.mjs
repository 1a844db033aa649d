// The sender sees the app: status, headers, body, streaming, and a break where the app broke off (shared/DESIGN.md §1.4).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { waitFor } from './lib/harness.mjs';
import { Sender, field, fields, nameOf, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const get = (path, method = 'GET') => requestBytes(method, `/answers${path}`, ['Host: localhost']);
const sha = (b) => `${b.length} ${createHash('sha256').update(b).digest('hex')}`;

describe('the app’s answer', () => {
	let road, port;
	const script = new Map();
	let n = 0;

	before(async () => {
		road = await openRoad({ name: 'answers', answer: (request, socket) => script.get(request.target)(socket, request) });
		port = road.relay.port;
	});
	after(() => road?.w.close());

	/** Lets the app answer a fresh path with these bytes, and gives what the sender got. */
	async function answered(bytes, { method = 'GET', close = false, lines = [], body = '' } = {}) {
		const path = `/${++n}`;
		script.set(path, (socket) => (close ? socket.end(Buffer.from(bytes, 'latin1')) : socket.write(Buffer.from(bytes, 'latin1'))));
		const answer = await send(port, requestBytes(method, `/answers${path}`, ['Host: localhost', ...lines], body), { head: method === 'HEAD' });
		return { path, answer };
	}

	for (const status of [200, 201, 202, 301, 400, 401, 404, 410, 418, 429, 500, 502, 503, 599]) {
		it(`status ${status} with its reason and body`, async () => {
			const { answer } = await answered(`HTTP/1.1 ${status} Some Reason\r\nContent-Length: 4\r\n\r\nbody`);
			assert.equal(answer.status, status);
			assert.equal(answer.text, 'body');
			assert.ok(answer.complete);
		});
	}

	it('an answer of 500 is recorded as failed with its body', async () => {
		const { path } = await answered('HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nstack');
		const row = await road.w.recorded((r) => r.target === path && r.status !== null);
		assert.equal(row.state, 'failed');
		assert.equal(row.status, 500);
		assert.equal((await road.w.creelOut(['show', String(row.id), '--response', '--body'])).toString(), 'stack');
	});

	it('when it went to the relay is on record', async () => {
		const { path } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { method: 'POST' });
		const row = await road.w.recorded((r) => r.target === path && r.status !== null);
		const times = await road.w.attemptTimes(row.id);
		assert.ok(times.answered >= times.over && times.answered <= Date.now() * 1000, JSON.stringify(times));
	});

	it('headers in order with their case, duplicates of Set-Cookie too', async () => {
		const sent = ['X-b: 1', 'Set-Cookie: a=1; Path=/', 'content-TYPE: text/x', 'Set-Cookie: b=2', 'X-B: 2', 'X-Latin: \xe9', 'Date: Mon, 01 Jan 2001 00:00:00 GMT'];
		const { answer, path } = await answered(`HTTP/1.1 200 OK\r\n${sent.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
		assert.deepEqual(answer.lines.filter((l) => !['content-length', 'connection', 'keep-alive'].includes(nameOf(l))), sent);
		const row = await road.w.recorded((r) => r.target === path && r.status !== null);
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.deepEqual(shown.response.headers.filter(([k]) => /set-cookie/i.test(k)).map(([, v]) => v), ['a=1; Path=/', 'b=2']);
	});

	const block = (bytes) => 'X-A: 123456789012345678901234567890123456789012345678901234567\r\n'.repeat(Math.floor(bytes / 64));

	it('60 KB of headers whole', async () => {
		const { answer } = await answered(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${block(60000)}\r\nok`);
		assert.equal(answer.status, 200);
		assert.equal(answer.lines.filter((l) => nameOf(l) === 'x-a').length, Math.floor(60000 / 64));
		assert.equal(answer.text, 'ok');
	});

	it('more than 64 KiB of headers: 502 with a sentence, on record as such', async () => {
		const { path, answer } = await answered(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${block(66000)}\r\nok`, { close: true });
		assert.equal(answer.status, 502);
		assert.match(answer.text, /sent a head of more than 64 KiB/);
		await road.w.recorded((r) => r.target === path && r.state === 'failed');
	});

	it('60 KB of headers beside a request of 60 KB', async () => {
		script.set('/both', (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${block(60000)}\r\nok`));
		const large = requestBytes('GET', '/answers/both', ['Host: localhost', ...Array(100).fill(`X-Large: ${'y'.repeat(590)}`)]);
		const answer = await send(port, large);
		assert.equal(answer.status, 200);
		assert.equal(answer.lines.filter((l) => nameOf(l) === 'x-a').length, Math.floor(60000 / 64));
	});

	it('every line of a head as it came: blanks, case, order, 8-bit, empty', async () => {
		const sent = ['X-None:a', 'x-MANY:   b', 'X-Tab:\tc', 'X-Trail: d \t ', 'X-Empty:', 'X-Blank: ', 'X-Latin: \xe9', 'Content-Length:  0', 'x-none: A'];
		const { answer, path } = await answered(`HTTP/1.1 200 OK\r\n${sent.join('\r\n')}\r\n\r\n`, { method: 'POST' });
		assert.deepEqual(answer.lines.filter((l) => nameOf(l) !== 'connection'), sent);
		const row = await road.w.recorded((r) => r.target === path && r.status !== null);
		const head = await road.w.creelOut(['show', String(row.id), '--response', '--headers']);
		assert.equal(head.toString('latin1'), sent.map((l) => l + '\r\n').join(''));
		await road.w.creelOut(['export', String(row.id), '--format', 'ndjson', '-o', road.w.path('blanks.ndjson')]);
		await road.w.creelOut(['import', road.w.path('blanks.ndjson'), '--db', road.w.path('blanks.db')]);
		const again = await road.w.creelOut(['show', '1', '--response', '--headers', '--db', road.w.path('blanks.db')]);
		assert.deepEqual(again, head, 'exported and imported');
	});

	for (const line of ['HTTP/1.1 299 Custom Thing', 'HTTP/1.1 200 Gr\xfc\xdfe', 'HTTP/1.1 200 two  blanks ', 'HTTP/1.1 204 ']) {
		it(`the reason phrase of '${line}'`, async () => {
			const { answer, path } = await answered(`${line}\r\n${line.includes('204') ? '' : 'Content-Length: 0\r\n'}\r\n`, { method: 'POST' });
			assert.equal(answer.first, line);
			const row = await road.w.recorded((r) => r.target === path && r.status !== null);
			const raw = await road.w.creelOut(['show', String(row.id), '--response', '--raw']);
			assert.equal(raw.toString('latin1').split('\r\n')[0], line);
		});
	}

	it('trailers, at the sender and on record', async () => {
		const trailers = ['X-Sum:  9f', 'grpc-status:0', 'x-sum: \xe9'];
		const { answer, path } = await answered(
			`HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailers.join('\r\n')}\r\nContent-Length: 9\r\n\r\n`, { method: 'POST' });
		assert.equal(answer.text, 'hello');
		assert.deepEqual(answer.trailers, trailers, 'and no framing among them');
		const row = await road.w.recorded((r) => r.target === path && r.state === 'delivered');
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.deepEqual(shown.response.trailers.slice(0, 2), [['X-Sum', '9f'], ['grpc-status', '0']]);
		const raw = (await road.w.creelOut(['show', String(row.id), '--response', '--raw'])).toString('latin1');
		assert.ok(raw.endsWith(`\r\n\r\n5\r\nhello\r\n0\r\n${trailers.join('\r\n')}\r\n\r\n`), raw);
		for (const format of ['har', 'ndjson']) {
			const file = road.w.path(`trailers.${format}`), db = ['--db', road.w.path(`trailers-${format}.db`)];
			await road.w.creelOut(['export', String(row.id), '--format', format, '-o', file]);
			await road.w.creelOut(['import', file, ...db]);
			assert.equal((await road.w.creelOut(['show', '1', '--response', '--raw', ...db])).toString('latin1'), raw, format);
		}
	});

	it('trailers without a body, and to a sender of HTTP/1.0', async () => {
		const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 0\r\n\r\n';
		const { answer } = await answered(bytes);
		assert.equal(answer.body.length, 0);
		assert.deepEqual(answer.trailers, ['X-Sum: 0']);
		script.set('/old-sender', (socket) => socket.write(bytes));
		const old = await send(port, Buffer.from('GET /answers/old-sender HTTP/1.0\r\nHost: localhost\r\n\r\n'));
		assert.equal(old.status, 200);
		assert.equal(old.chunked, false);
	});

	it('trailers behind a body of 3 MiB', async () => {
		const body = randomBytes(3 << 20);
		const { answer } = await answered(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body.toString('latin1')}\r\n0\r\nX-Sum: 1\r\n\r\n`);
		assert.equal(sha(answer.body), sha(body));
		assert.deepEqual(answer.trailers, ['X-Sum: 1']);
	});

	it('HEAD: no length where the app said chunked', async () => {
		const { answer } = await answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Head: 1\r\n\r\n', { method: 'HEAD' });
		assert.equal(field(answer.lines, 'content-length'), undefined);
		assert.equal(field(answer.lines, 'x-head'), '1');
	});

	it('a folded field and a blank before a colon are put right for the sender, and on record as they came', async () => {
		const head = 'HTTP/1.1 200 OK\r\nX-Fold: a\r\n  b\r\nX-Sp : c\r\nContent-Length: 2\r\n\r\n';
		const { answer, path } = await answered(`${head}ok`, { method: 'POST' });
		assert.equal(field(answer.lines, 'x-fold'), 'a b');
		assert.equal(field(answer.lines, 'x-sp'), 'c');
		assert.equal(answer.text, 'ok');
		const row = await road.w.recorded((r) => r.target === path && r.state === 'delivered');
		assert.equal((await road.w.creelOut(['show', String(row.id), '--response', '--raw'])).toString('latin1'), `${head}ok`);
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.deepEqual(shown.response.headers.slice(0, 2), [['X-Fold', 'a b'], ['X-Sp', 'c']]);
		assert.equal(shown.response_raw, head);
	});

	const unusable = {
		'two lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
		'a bare CR in a field': 'HTTP/1.1 200 OK\r\nX-N: d\re\r\nContent-Length: 2\r\n\r\nok',
		'no HTTP': 'SSH-2.0-\x1b[31mOpenSSH\r\n',
		'half a head': 'HTTP/1.1 200 OK\r\nX-Half: ye',
		'an upgrade that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81',
	};
	for (const [what, bytes] of Object.entries(unusable)) {
		it(`${what}: 502 with the reason, and on record what came`, async () => {
			const { answer, path } = await answered(bytes, { method: 'POST', close: true });
			assert.equal(answer.status, 502);
			assert.equal(field(answer.lines, 'creel-error'), 'aborted');
			const row = await road.w.recorded((r) => r.target === path && r.state === 'failed');
			const id = String(row.id);
			assert.equal((await road.w.creelOut(['show', id, '--response', '--raw'])).toString('latin1'), bytes);
			const shown = JSON.parse(await road.w.creelOut(['show', id, '--json']));
			assert.equal(shown.response, null);
			assert.deepEqual(shown.response_raw_base64 ? Buffer.from(shown.response_raw_base64, 'base64').toString('latin1') : shown.response_raw, bytes);
			const text = (await road.w.creelOut(['show', id])).toString();
			assert.match(text, /What came, and is not an answer/);
			assert.ok(!text.includes('\x1b'), 'safe on a terminal');
		});
	}

	it('Expect: 100-continue: the body goes with the head, for it is here', async () => {
		const pieces = [];
		const app = net.createServer((socket) => socket.once('data', (piece) => {
			pieces.push(piece.toString('latin1'));
			socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		}));
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		const { path } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { method: 'POST', lines: ['Expect: 100-continue', 'Content-Length: 4'], body: 'here' });
		const row = await road.w.recorded((r) => r.target === path && r.state === 'delivered');
		await road.w.creelOut(['replay', String(row.id), '--to', `http://127.0.0.1:${app.address().port}`]);
		app.close();
		assert.match(pieces[0], /Expect: 100-continue\r\n[^]*\r\n\r\nhere$/);
	});

	it('hop-by-hop fields of the app stay with the app', async () => {
		const { answer } = await answered('HTTP/1.1 200 OK\r\nConnection: x-private\r\nX-Private: 1\r\nKeep-Alive: timeout=9\r\nX-Public: 1\r\nContent-Length: 0\r\n\r\n');
		assert.equal(field(answer.lines, 'x-private'), undefined);
		assert.equal(field(answer.lines, 'x-public'), '1');
		assert.ok(!/timeout=9/.test(field(answer.lines, 'keep-alive') ?? ''));
	});

	it('HEAD: the Content-Length of a body that does not come', async () => {
		const { answer } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-Head: 1\r\n\r\n', { method: 'HEAD' });
		assert.equal(field(answer.lines, 'content-length'), '1234');
		assert.equal(answer.body.length, 0);
	});

	it('204 and 304 without a body', async () => {
		const none = (await answered('HTTP/1.1 204 No Content\r\nX-Is: 204\r\n\r\n')).answer;
		assert.equal(none.status, 204);
		assert.equal(field(none.lines, 'x-is'), '204');
		const same = (await answered('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')).answer;
		assert.equal(same.status, 304);
		assert.equal(field(same.lines, 'etag'), '"x"');
		const length = (await answered('HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n')).answer;
		assert.equal(field(length.lines, 'content-length'), '1234', 'of what the sender has already');
	});

	it('a length beside chunks is not the body’s', async () => {
		for (const length of [5, 500]) {
			let stream;
			const path = `/length-beside-chunks-${length}`;
			script.set(path, (socket) => (stream = socket).write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`));
			const s = await Sender.connect(port);
			await s.write(get(path));
			await waitFor('the head', () => s.current ?? s.answers[0]);
			stream.write('5\r\nthird\r\n0\r\n\r\n');
			const answer = await s.answer();
			assert.equal(answer.text, 'firstthird');
			assert.ok(answer.complete);
			await s.end();
		}
	});

	it('an empty body of Content-Length: 0', async () => {
		const { answer } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		assert.equal(answer.body.length, 0);
		assert.equal(field(answer.lines, 'content-length'), '0');
	});

	it('a body of every byte, chunked by the app, and one that ends with the connection', async () => {
		const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
		const chunked = (await answered(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n${every}\r\n0\r\n\r\n`)).answer;
		assert.equal(chunked.body.toString('latin1'), every);
		assert.ok(chunked.complete);
		const closed = (await answered(`HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n\r\n${every}`, { close: true })).answer;
		assert.equal(closed.body.toString('latin1'), every);
		assert.ok(closed.complete);
	});

	it('a compressed body is not unpacked', async () => {
		const { answer } = await answered('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08');
		assert.equal(answer.body.toString('latin1'), '\x1f\x8b\x08');
		assert.equal(field(answer.lines, 'content-encoding'), 'gzip');
	});

	it('a body of 12 MiB', async () => {
		const body = randomBytes(12 << 20);
		const { answer, path } = await answered(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`);
		assert.equal(sha(answer.body), sha(body));
		const row = await road.w.recorded((r) => r.target === path && r.status === 200);
		assert.equal(row.response_bytes, body.length);
		assert.equal(sha(await road.w.creelOut(['show', String(row.id), '--response', '--body'])), sha(body));
	});

	it('a sender that reads slowly gets all of a big body', async () => {
		const body = randomBytes(6 << 20);
		script.set('/slow-reader', (socket) => socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body])));
		const s = await Sender.connect(port);
		s.socket.pause();
		await s.write(get('/slow-reader'));
		// The other requests of the tunnel must not suffer meanwhile.
		for (let i = 0; i < 5; i++) assert.equal((await answered('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).answer.status, 200);
		s.socket.resume();
		assert.equal(sha((await s.answer()).body), sha(body));
		await s.end();
	});

	it('an event stream: the first event is there before the answer has ended', async () => {
		let stream;
		script.set('/sse', (socket) => {
			stream = socket;
			socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n10\r\ndata: {"n": 1}\n\n\r\n');
		});
		const s = await Sender.connect(port);
		await s.write(get('/sse'));
		await waitFor('the first event', () => s.partial.includes('data: {"n": 1}\n\n'));
		assert.equal(s.answers.length, 0, 'the answer has not ended');
		stream.write('10\r\ndata: {"n": 2}\n\n\r\n');
		await waitFor('the second event', () => s.partial.includes('data: {"n": 2}\n\n'));
		stream.write('0\r\n\r\n');
		const answer = await s.answer();
		assert.ok(answer.complete);
		assert.equal(answer.text, 'data: {"n": 1}\n\ndata: {"n": 2}\n\n');
		await s.end();
	});

	for (const [how, head, part] of [
		['of known length', 'Content-Length: 100', 'only a part'],
		['in chunks', 'Transfer-Encoding: chunked', 'b\r\nonly a part\r\n'],
	]) {
		it(`an app that breaks off a body ${how}: the sender does not see a complete answer`, async () => {
			const path = `/abort-${how}`.replaceAll(' ', '-');
			let stream;
			script.set(path, (socket) => (stream = socket).write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`));
			const s = await Sender.connect(port);
			await s.write(get(path));
			await waitFor('the first part', () => s.partial.includes('only a part') || s.current);
			stream.resetAndDestroy();
			const answer = await s.answer();
			assert.ok(s.isClosed);
			assert.equal(answer.complete, false);
			const row = await road.w.recorded((r) => r.target === path && r.state !== 'sending');
			assert.equal(row.state, 'failed');
			assert.equal(row.status, 200);
			const line = (await road.w.creelOut(['list', `path:${path}`])).toString();
			assert.match(line, / ERR +GET /, 'a list that says 200 would call it delivered');
			await s.end();
		});
	}

	it('an app that breaks off before its answer: 502 with a sentence', async () => {
		script.set('/cut', (socket) => socket.destroy());
		const answer = await send(port, get('/cut'));
		assert.equal(answer.status, 502);
		assert.match(answer.text, /\w+ \w+ \w+/);
		assert.equal(field(answer.lines, 'creel-error'), 'aborted');
	});

	it('an app that breaks off within its head: 502, at once, and no success on record', async () => {
		const { answer, path } = await answered('HTTP/1.1 200 OK\r\nX-Half: 1\r\n', { close: true });
		assert.equal(answer.status, 502);
		assert.match(answer.text, /broke off before it answered/);
		const row = await road.w.recorded((r) => r.target === path && r.state !== 'sending');
		assert.equal(row.state, 'failed');
	});

	it('an app that does not speak HTTP: 502', async () => {
		const { answer } = await answered('220 smtp.example ESMTP\r\n\r\n', { close: true });
		assert.equal(answer.status, 502);
	});

	it('an interim answer (103) is not taken for the answer', async () => {
		const { answer } = await answered('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		assert.equal(answer.status, 200);
		assert.equal(fields(answer.lines, 'link').length, 0);
	});

	it('a redirect is passed on, not followed', async () => {
		const { answer } = await answered('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n');
		assert.equal(answer.status, 302);
		assert.equal(field(answer.lines, 'location'), 'http://127.0.0.1:1/');
	});

	it('a sender that hangs up early does not stop delivery nor the record', async () => {
		let stream;
		script.set('/hang-up', (socket) => (stream = socket));
		const s = await Sender.connect(port);
		await s.write(get('/hang-up', 'POST'));
		await waitFor('the app to be called', () => stream);
		await s.end();
		stream.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		const row = await road.w.recorded((r) => r.target === '/hang-up' && r.state === 'delivered');
		assert.equal(row.status, 200);
	});

	it('many at once, each its own answer', async () => {
		await Promise.all(Array.from({ length: 60 }, async (_, i) => {
			const path = `/many/${i}`;
			script.set(path, (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`));
			assert.equal((await send(port, get(path))).text, path);
		}));
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
