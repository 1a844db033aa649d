// What the relay turns away before the tunnel (shared/DESIGN.md §5), over a bare socket: the exact status, a sentence, a closed
// connection, and an app that never hears of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from './lib/harness.mjs';
import { Sender, field, post, requestBytes, send } from './lib/http.mjs';
import { malformed } from './lib/malformed.mjs';
import { openRoad } from './lib/road.mjs';

const MAX_BODY = 64 << 10;

describe('refused by the relay', () => {
	let road, port;
	before(async () => {
		road = await openRoad({ name: 'strict', relayArgs: ['--max-body', '64KiB', '--header-timeout', '1s', '--body-timeout', '1s'] });
		port = road.relay.port;
	});
	after(() => road?.w.close());

	/** Writes the bytes; expects the status, a sentence, the connection's end, and that nothing reached the app. */
	async function refused(status, bytes) {
		const before = road.app.requests.length;
		const s = await Sender.connect(port);
		try {
			s.write(bytes);
			const answer = await s.answer();
			assert.ok(answer, 'an answer, not just a closed connection');
			assert.equal(answer.status, status, answer.text);
			assert.match(answer.text, /\w+ \w+/, 'a sentence');
			assert.ok(Math.abs(Date.parse(field(answer.lines, 'date')) - Date.now()) < 60_000, 'when it was made');
			assert.match(field(answer.lines, 'connection') ?? '', /close/i);
			await s.over();
			assert.equal(s.answers.length, 1, 'nothing behind it is taken for another request');
			assert.equal(road.app.requests.length, before, 'the app was not called');
			return answer;
		} finally {
			await s.end();
		}
	}
	const { head, chunked, bad } = malformed('strict');
	for (const [what, bytes] of Object.entries(bad)) {
		it(`400: ${what}`, async () => {
			await refused(400, bytes);
		});
	}

	// RFC 9112 §3.2.2: the URL's host stands for Host.
	it('421: a URL for a target, of another host than the relay’s, whatever Host says', async () => {
		await refused(421, 'POST http://other.test/strict/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
	});

	it('a URL for a target passes with its host in Host’s place', async () => {
		assert.equal((await send(port, 'POST http://LocalHost:81/strict/url?q HTTP/1.1\r\nHost: other.test\r\nContent-Length: 0\r\n\r\n')).status, 200);
		const row = await road.w.recorded((r) => r.target === '/url?q');
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.deepEqual(shown.request.headers.filter(([name]) => /^host$/i.test(name)), [['Host', 'LocalHost:81']]);
	});

	it('a request line that is not HTTP is not answered with success', async () => {
		const s = await Sender.connect(port);
		await s.write('\x16\x03\x01 nonsense\r\n\r\n');
		const answer = await s.answer();
		if (answer) assert.equal(answer.status, 400);
		await s.end();
	});

	it('431: a header block over 64 KiB', async () => {
		await refused(431, head('Host: localhost', ...Array.from({ length: 70 }, (_, i) => `X-${i}: ${'v'.repeat(1000)}`), 'Content-Length: 0'));
	});

	it('431: one field over 64 KiB', async () => {
		await refused(431, head('Host: localhost', `X-Big: ${'v'.repeat(70_000)}`, 'Content-Length: 0'));
	});

	it('more than 200 fields: 431', async () => {
		await refused(431, head('Host: localhost', ...Array.from({ length: 201 }, () => 'X: 1'), 'Content-Length: 0'));
	});

	it('431: trailers of more than 200 fields', async () => {
		await refused(431, chunked(`0\r\n${'X-A: 1\r\n'.repeat(201)}\r\n`));
	});

	it('a target over 64 KiB: 414 or 431', async () => {
		const s = await Sender.connect(port);
		s.write(requestBytes('GET', '/strict/' + 'x'.repeat(70_000), ['Host: localhost']));
		const answer = await s.answer();
		assert.ok([414, 431].includes(answer?.status), `${answer?.status}`);
		await s.end();
	});

	it('413: a declared body over --max-body, and it is on record as refused', async () => {
		await refused(413, head('Host: localhost', 'X-Which: declared', `Content-Length: ${MAX_BODY + 1}`) + 'x'.repeat(MAX_BODY + 1));
		const row = await road.w.recorded((r) => r.state === 'refused' && r.status === 413);
		assert.equal(row.target, '/x');
		assert.equal(row.attempts, 0);
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.ok(shown.request.headers.some(([k, v]) => k === 'X-Which' && v === 'declared'));
	});

	it('413: a sender that writes its declared body without waiting reads it all the same', async () => {
		const size = 6 << 20;
		for (let i = 0; i < 10; i++)
			await refused(413, Buffer.concat([Buffer.from(head('Host: localhost', `X-Which: impatient ${i}`, `Content-Length: ${size}`)), Buffer.alloc(size)]));
	});

	it('413 comes before the body when it is declared', async () => {
		await refused(413, head('Host: localhost', 'Expect: 100-continue', `Content-Length: ${MAX_BODY + 1}`));
	});

	it('413: a chunked body over --max-body, and it is on record as refused', async () => {
		const chunk = `4000\r\n${'y'.repeat(0x4000)}\r\n`;
		const before = (await road.w.list()).filter((r) => r.status === 413).length;
		await refused(413, head('Host: localhost', 'Transfer-Encoding: chunked') + chunk.repeat(6) + '0\r\n\r\n');
		const rows = await waitFor('one more refused delivery', async () => {
			const list = (await road.w.list()).filter((r) => r.status === 413);
			return list.length > before && list;
		});
		assert.equal(rows.at(-1).status, 413);
		assert.equal(rows.at(-1).attempts, 0);
	});

	it('a body of exactly --max-body passes, declared or chunked', async () => {
		const body = Buffer.alloc(MAX_BODY, 'z');
		assert.equal((await post(port, '/strict/full', body)).status, 200);
		const framed = Buffer.concat([Buffer.from(`${MAX_BODY.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
		assert.equal((await send(port, requestBytes('POST', '/strict/full', ['Host: localhost', 'Transfer-Encoding: chunked'], framed))).status, 200);
	});

	it('408: headers that do not come to an end', async () => {
		await refused(408, 'POST /strict/x HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
	});

	it('408: headers that trickle', async () => {
		const s = await Sender.connect(port);
		s.write('POST /strict/x HTTP/1.1\r\nHost: localhost\r\n');
		const drip = setInterval(() => s.write('X-D: 1\r\n'), 100);
		try {
			const answer = await s.answer();
			assert.equal(answer?.status, 408);
			await s.over();
		} finally {
			clearInterval(drip);
			await s.end();
		}
	});

	it('408: a body that stops, and it is on record as refused', async () => {
		await refused(408, head('Host: localhost', 'X-Which: slow', 'Content-Length: 100') + 'only this');
		const row = await road.w.recorded((r) => r.state === 'refused' && r.status === 408);
		assert.equal(row.request_bytes, 100);
		assert.equal(row.attempts, 0);
	});

	it('a connection that says nothing is closed', async () => {
		const s = await Sender.connect(port);
		await s.answer();
		assert.ok(s.isClosed);
	});

	it('a sender that breaks off its body does not reach the app', async () => {
		const before = road.app.requests.length;
		const s = await Sender.connect(port);
		await s.write(head('Host: localhost', 'X-Cut: 1', 'Content-Length: 100') + 'half');
		await s.end();
		assert.equal((await post(port, '/strict/after-cut')).status, 200);
		assert.equal(road.app.requests.length, before + 1);
	});

	it('404 with a sentence: an unknown tunnel, and the bare root', async () => {
		for (const target of ['/nobody/x', '/', '/no%2Fbody', '/Strict/x', '/strictx']) {
			const answer = await post(port, target);
			assert.equal(answer.status, 404, target);
			assert.match(answer.text, /tunnel/i);
		}
	});

	it('an answer of 404 for an unknown tunnel does not spell the name back raw', async () => {
		const answer = await send(port, requestBytes('GET', '/<script>alert(1)</script>', ['Host: localhost']));
		assert.ok(!answer.text.includes('<script>'));
	});

	it('after all of this the tunnel still serves', async () => {
		const answer = await post(port, '/strict/alive', 'yes');
		assert.equal(answer.status, 200);
		assert.equal((await road.app.request((r) => r.target === '/alive')).body.toString(), 'yes');
	});

	it('503 with Retry-After and a sentence: the client is offline', async () => {
		await road.client.stop('SIGINT');
		const answer = await send(port, requestBytes('GET', '/strict/x', ['Host: localhost']));
		assert.equal(answer.status, 503);
		assert.match(answer.text, /offline/i);
		assert.ok(Number(field(answer.lines, 'retry-after')) > 0);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
