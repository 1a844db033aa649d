// creel web as a server of HTTP: methods, tags and ranges as RFC 9110 has them, odd bytes in addresses, long answers and
// readers that stop.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, root, waitFor } from './lib/harness.mjs';
import { call, fill, line, startWeb } from './lib/web.mjs';

let w, web;
const LONG = 3 << 20, MIDDLE = 1_300_000;
before(async () => {
	w = new World();
	await fill(w, [line(1), line(2, { body: Buffer.alloc(LONG, 'long ') }), line(3, { body: Buffer.alloc(MIDDLE, 3) })]);
	web = await startWeb(w);
});
after(() => w?.close());

const body = '/api/deliveries/1/request/body';

describe('methods', () => {
	it('another method is told which there are, in words and in Allow', async () => {
		const routes = [...readFileSync(path.join(root, 'client/web/web_routes.c'), 'utf8').matchAll(/\{ WEB_(\w+), "([^"]*)", "[^"]*", (.*?) \}/gs)].filter(([, , p, rest]) => p && !rest.includes('refuse'));
		assert.ok(routes.length > 20);
		for (const pattern of new Set(routes.map(([, , p]) => p))) {
			const own = routes.filter(([, , p]) => p === pattern).map(([, m]) => m), allow = own.flatMap((m) => (m === 'GET' ? ['GET', 'HEAD'] : [m]));
			for (const method of ['GET', 'POST', 'DELETE'].filter((m) => !own.includes(m))) {
				const a = await call(web, pattern.replaceAll('*', '1'), { method, body: method === 'GET' ? undefined : {} });
				assert.equal(a.status, 405, `${method} ${pattern}`);
				assert.deepEqual(a.headers.allow.split(', ').sort(), [...allow].sort(), `${method} ${pattern}`);
				if (!pattern.startsWith('/api/tunnels') && pattern !== '/api/requests/http') assert.ok(JSON.parse(a.text).detail.includes(a.headers.allow), a.text);
			}
		}
	});
	it('the stream is asked by GET, and by HEAD for its head', async () => {
		const head = await call(web, '/api/events', { method: 'HEAD' });
		assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream']);
		const post = await call(web, '/api/events', { method: 'POST', body: {} });
		assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
	});
	it('a foreign page’s request keeps no connection', async () => {
		for (const headers of [{ Host: `a1.localhost:${web.port}` }, { Origin: 'http://attacker.test' }, { 'Sec-Fetch-Site': 'cross-site' }]) assert.equal((await call(web, '/api/count', { headers: { Connection: 'keep-alive', ...headers } })).headers.connection, 'close');
	});
});

describe('where a body ends', () => {
	const send = (lines, rest = 'hello', token = true) => new Promise((resolve, reject) => {
		const socket = net.connect(web.port, '127.0.0.1'), pieces = [], began = performance.now();
		socket.on('data', (piece) => pieces.push(piece));
		socket.on('error', (e) => (e.code === 'ECONNRESET' ? null : reject(e)));
		socket.on('close', () => resolve({ text: Buffer.concat(pieces).toString(), ms: performance.now() - began }));
		socket.write(`${['POST /api/verify HTTP/1.1', `Host: 127.0.0.1:${web.port}`, ...(token ? [`Authorization: Bearer ${web.token}`] : []), 'Content-Type: application/json', ...lines].join('\r\n')}\r\n\r\n${rest}`);
	});
	const odd = [
		['Content-Length: 5', 'Content-Length: 10'], ['Content-Length: 10', 'Content-Length: 5'], ['Content-Length: 5', 'Content-Length: 5'], ['Content-Length: 5, 5'], ['Content-Length: 5, 10'], ['Content-Length: +5'], ['Content-Length: -5'], ['Content-Length: 0x5'], ['Content-Length: 5 5'], ['Content-Length: 5;'], ['Content-Length:'],
		['Content-Length: 9223372036854775808'], ['Content-Length: 18446744073709551621'], ['Content-Length: 99999999999999999999999'],
		['Content-Length: 5', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked', 'Content-Length: 5'], ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: gzip, chunked'], ['Transfer-Encoding: identity'], ['Transfer-Encoding: chunked, identity'], ['Transfer-Encoding: xchunked'],
	];
	for (const lines of odd)
		it(`${lines.join(' and ')}: refused at once, and the connection ends`, async () => {
			for (const token of [true, false]) {
				const a = await send(lines, 'hello', token);
				assert.match(a.text, /^HTTP\/1\.1 (400|401|413) /);
				assert.doesNotMatch(a.text, /^HTTP\/1\.1 [23]/m);
				assert.ok(a.ms < 10_000, `${a.ms} ms`);
			}
		});
	it('a request behind it is not taken for one', async () => {
		const behind = `0\r\n\r\nGET /api/count HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nAuthorization: Bearer ${web.token}\r\n\r\n`;
		for (const lines of [['Content-Length: 5', 'Transfer-Encoding: chunked'], ['Transfer-Encoding: identity'], ['Content-Length: 3', 'Content-Length: 100']]) assert.doesNotMatch((await send(lines, behind)).text, /"count"/);
	});
	it('chunks are taken as they are meant', async () => {
		const socket = net.connect(web.port, '127.0.0.1');
		let text = '';
		socket.on('data', (piece) => (text += piece));
		socket.write(`POST /api/deliveries/1/tags HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nAuthorization: Bearer ${web.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n8\r\n{"name":\r\n14\r\n"chunked","set":true\r\n1\r\n}\r\n0\r\n\r\n`);
		await waitFor(() => `an answer: ${text}`, () => text.startsWith('HTTP/1.1 204'));
		socket.destroy();
	});
});

describe('odd bytes', () => {
	it('a name or value that is not UTF-8 is refused like another, with a problem', async () => {
		for (const target of ['/api/deliveries?%ff=1', `/api/deliveries?${'a'.repeat(39)}%c3%a9=1`, '/api/deliveries?order=%fe', '/api/count?filter=state:%ff', '/api/filter?caret=%ff', '/api/stats?by=%ff', '/?%ff=1']) {
			const a = await call(web, target);
			assert.equal(a.status, 400, `${target}: ${a.status} ${a.text}`);
			assert.match(JSON.parse(a.text).detail, /\w/, target);
		}
		for (const target of ['/api/deliveries/%ff', '/api/replays/%ff', '/api/exports/%ff', '/api/tunnels/%ff', '/%ff']) assert.equal((await call(web, target)).status, 404, target);
		for (const target of ['/api/filter?text=%ff', '/api/deliveries?filter=body:%ff', '/api/deliveries?filter=%ff:1', '/api/deliveries/1/find?text=%ff']) assert.ok([200, 400].includes((await call(web, target)).status), target);
		const odd = await call(web, '/api/deliveries/1/tags', { method: 'POST', body: `{"${'a'.repeat(39)}é":1}` });
		assert.equal(odd.status, 400);
		assert.match(JSON.parse(odd.text).detail, /not known/);
	});
});

describe('what is not clear', () => {
	it('a flag that is neither 1 nor 0, a view that there is not, a name: refused, and what there is is told', async () => {
		for (const [target, says] of [[`${body}?decode=true`, /decode takes 1 or 0/], [`${body}?view=html`, /frame, image or text/], ['/api/diff?a=1&b=2&key_order=yes', /key_order takes 1 or 0/], ['/api/count?nope=1', /only: filter$/], ['/api/status?x=1', /only: none$/]]) {
			const a = await call(web, target);
			assert.equal(a.status, 400, target);
			assert.match(JSON.parse(a.text).detail, says);
		}
		assert.equal((await call(web, `${body}?decode=0&download=1`)).status, 200);
	});
	it('a head has 16 KiB at most', async () => {
		for (const [n, status] of [[15_000, 200], [17_000, 431], [60_000, 431]]) assert.equal((await call(web, '/api/count', { headers: { 'X-Fill': 'x'.repeat(n) } })).status, status, String(n));
	});
});

describe('tags and ranges', () => {
	it('If-None-Match: a list, a star, weak tags', async () => {
		const { etag } = (await call(web, body)).headers;
		for (const [field, status] of [[etag, 304], [`W/${etag}`, 304], ['*', 304], [`"other", ${etag}`, 304], [`"a,b",W/"c" ,${etag}`, 304], ['"other"', 200], [etag.slice(0, -2) + '"', 200], ['', 200], ['"', 200], [`${etag}x`, 200], [`"x${etag.slice(1)}`, 200]]) assert.equal((await call(web, body, { headers: { 'If-None-Match': field } })).status, status, field);
		const asset = (await call(web, '/page/main.js')).headers.etag;
		assert.equal((await call(web, '/page/main.js', { headers: { 'If-None-Match': `"x", W/${asset}` } })).status, 304);
	});
	it('If-Range: the strong tag alone; then the range counts, else all of it is sent', async () => {
		const { etag } = (await call(web, body)).headers;
		for (const [field, status] of [[etag, 206], [`W/${etag}`, 200], ['"other"', 200], [new Date().toUTCString(), 200], ['*', 200], [`${etag}, "x"`, 200]]) assert.equal((await call(web, body, { headers: { Range: 'bytes=2-5', 'If-Range': field } })).status, status, field);
		assert.equal((await call(web, body, { headers: { Range: 'bytes=900-', 'If-Range': '"other"' } })).status, 200, 'a range that does not count is not judged');
		assert.equal((await call(web, body, { headers: { Range: 'bytes=900-', 'If-Range': etag } })).status, 416);
		assert.equal((await call(web, body, { headers: { Range: 'bytes=2-5', 'If-Range': etag, 'If-None-Match': etag } })).status, 304);
	});
	it('a range is a GET’s; its unit has no case', async () => {
		const head = await call(web, body, { method: 'HEAD', headers: { Range: 'bytes=2-5' } });
		assert.deepEqual([head.status, head.headers['content-length']], [200, '29']);
		assert.equal((await call(web, body, { method: 'HEAD', headers: { Range: 'bytes=900-' } })).status, 200);
		assert.equal((await call(web, body, { headers: { Range: 'Bytes=2-5' } })).status, 206);
		assert.equal((await call(web, body, { headers: { Range: 'lines=2-5' } })).status, 200);
	});
});

describe('long answers', () => {
	const whole = Buffer.alloc(LONG, 'long ');
	it('are exact: a body, a part of one, a message, an export', async () => {
		const bytes = async (target, options) => (await call(web, target, options)).bytes;
		assert.ok((await bytes('/api/deliveries/2/request/body')).equals(whole));
		assert.ok((await bytes('/api/deliveries/2/request/body', { headers: { Range: `bytes=7-${LONG - 9}` } })).equals(whole.subarray(7, LONG - 8)));
		assert.ok((await bytes('/api/deliveries/2/raw/request')).subarray(-LONG).equals(whole));
		const head = await call(web, '/api/deliveries/2/request/body', { method: 'HEAD' });
		assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, String(LONG), 0]);
		const { url } = await web.json('/api/export', { method: 'POST', body: { filter: '', format: 'ndjson' } });
		const lines = (await bytes(url)).toString().trim().split('\n').map(JSON.parse);
		assert.deepEqual(lines.map((l) => l.request_bytes), [29, LONG, MIDDLE]);
		const { requests } = await web.json('/api/requests/http');
		assert.deepEqual(requests.map((r) => [r.id, Buffer.from(r.request.raw, 'base64').length]), [['3', 1 << 20], ['2', 1 << 20], ['1', Buffer.from(requests[2].request.raw, 'base64').length]]);
		assert.ok(Buffer.from(requests[2].request.raw, 'base64').toString().endsWith('\r\n\r\n{"n":1,"type":"invoice.paid"}'));
		assert.deepEqual((await web.json('/api/requests/http?tunnel_name=none')).requests, []);
	});
	it('wait for a reader that has stopped in a file without a name, and leave nothing beside the record', async () => {
		const folder = path.join(w.env.XDG_DATA_HOME, 'creel'), kept = () => readdirSync(`/proc/${web.pid}/fd`).filter((fd) => {
			try {
				return /creel\.db\.answer-\w+ \(deleted\)$/.test(readlinkSync(`/proc/${web.pid}/fd/${fd}`));
			} catch {
				return false; // closed meanwhile
			}
		}).length;
		// Longer than what the system takes for a reader.
		const urls = await Promise.all([...Array(3)].map(async () => (await web.json('/api/export', { method: 'POST', body: { ids: Array(8).fill(2), format: 'ndjson' } })).url));
		const sockets = urls.map((url) => {
			const socket = net.connect(web.port, '127.0.0.1');
			socket.on('error', () => {}); // and no reader: what comes fills its buffers
			socket.write(`GET ${url} HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nAuthorization: Bearer ${web.token}\r\n\r\n`);
			return socket;
		});
		try {
			await waitFor('all to have begun', () => sockets.every((s) => s.readableLength > 0));
			assert.equal(kept(), urls.length);
			assert.deepEqual(readdirSync(folder).filter((name) => name.includes('answer')), []);
			assert.equal((await call(web, '/api/count')).status, 200);
		} finally {
			for (const s of sockets) s.destroy();
		}
		await waitFor('the files to be gone', () => kept() === 0);
	});
});
